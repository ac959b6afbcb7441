//! `[notify.gotify]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.gotify").not_yet(),
    Key::new("notify.gotify", "app_url", WEB_URL, "The Gotify server.").not_yet(),
    Key::new("notify.gotify", "app_token", TEXT, "The token of the application.").secret("app_token_file").not_yet(),
    reminders_only("notify.gotify").not_yet(),
];
