//! `[notify.pushover]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.pushover"),
    Key::new("notify.pushover", "app_token", TEXT, "The token of the application that sends.").required().secret("app_token_file"),
    Key::new("notify.pushover", "user_keys", "a list of user keys", "Who is told; each user or group by a message of its own. In a file they stand on one line, with commas or spaces between.").each(TEXT).required().secret("user_keys_file"),
    Key::new("notify.pushover", "api_url", WEB_URL, "Where Pushover's API is, for those who reach it through a proxy.").default("\"https://api.pushover.net/\""),
    reminders_only("notify.pushover"),
];
