//! `[notify.pushover]`

use super::super::Key;
use super::super::takes::TEXT;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.pushover").not_yet(),
    Key::new("notify.pushover", "app_token", TEXT, "The token of the application.").secret("app_token_file").not_yet(),
    Key::new("notify.pushover", "user_keys", "a list of user keys", "Who is told.").secret("user_keys_file").not_yet(),
    reminders_only("notify.pushover").not_yet(),
];
