//! `[notify.pagerduty]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only_and_ends;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.pagerduty"),
    Key::new(
        "notify.pagerduty",
        "routing_key",
        TEXT,
        "The integration key of an integration of the kind Events API v2.",
    )
    .required()
    .secret("routing_key_file"),
    Key::new(
        "notify.pagerduty",
        "api_url",
        WEB_URL,
        "The events API; that of the EU region is `https://events.eu.pagerduty.com`.",
    )
    .default("\"https://events.pagerduty.com\""),
    reminders_only_and_ends("notify.pagerduty"),
];
