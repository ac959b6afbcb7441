//! `[notify.google_chat]`

use super::super::Key;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.google_chat"),
    Key::new("notify.google_chat", "webhook_url", WEB_URL, "The incoming webhook of the space.")
        .required()
        .secret("webhook_url_file"),
    reminders_only("notify.google_chat"),
];
