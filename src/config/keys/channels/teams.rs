//! `[notify.teams]`

use super::super::Key;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.teams"),
    Key::new(
        "notify.teams",
        "webhook_url",
        WEB_URL,
        "The URL of a workflow that posts to a channel when a webhook request is received.",
    )
    .required()
    .secret("webhook_url_file"),
    reminders_only("notify.teams"),
];
