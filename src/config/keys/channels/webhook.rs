//! `[notify.webhook]`

use super::super::Key;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.webhook"),
    Key::new("notify.webhook", "hook_url", WEB_URL, "Where the notices are posted as JSON.")
        .required()
        .secret("hook_url_file"),
    reminders_only("notify.webhook"),
];
