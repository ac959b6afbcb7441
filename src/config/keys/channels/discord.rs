//! `[notify.discord]`

use super::super::Key;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.discord"),
    Key::new("notify.discord", "webhook_url", WEB_URL, "The webhook of the channel.")
        .required()
        .secret("webhook_url_file"),
    Key::new(
        "notify.discord",
        "username",
        "a name of up to 80 characters",
        "The name that is shown as the sender, in place of the one of the webhook.",
    ),
    reminders_only("notify.discord"),
];
