//! `[notify.gotify]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.gotify"),
    Key::new("notify.gotify", "app_url", WEB_URL, "The Gotify server.").required(),
    Key::new("notify.gotify", "app_token", TEXT, "The token of the application that sends.")
        .required()
        .secret("app_token_file"),
    reminders_only("notify.gotify"),
];
