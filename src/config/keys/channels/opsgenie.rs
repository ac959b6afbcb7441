//! `[notify.opsgenie]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only_and_ends;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.opsgenie"),
    Key::new("notify.opsgenie", "api_key", TEXT, "The key of an API integration.").required().secret("api_key_file"),
    Key::new("notify.opsgenie", "api_url", WEB_URL, "The API; that of the EU region is `https://api.eu.opsgenie.com`.")
        .default("\"https://api.opsgenie.com\""),
    Key::new(
        "notify.opsgenie",
        "priority",
        "one of `P1`, `P2`, `P3`, `P4` and `P5`",
        "The priority of alerts. Without it, what is dead has `P1` and what is sick `P3`.",
    ),
    reminders_only_and_ends("notify.opsgenie"),
];
