//! `[notify.webhook]`

use super::super::Key;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.webhook").not_yet(),
    Key::new("notify.webhook", "hook_url", WEB_URL, "Where the JSON goes.").secret("hook_url_file").not_yet(),
    reminders_only("notify.webhook").not_yet(),
];
