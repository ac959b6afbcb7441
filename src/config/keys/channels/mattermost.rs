//! `[notify.mattermost]`

use super::super::Key;
use super::super::takes::FLAG;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.mattermost"),
    Key::new("notify.mattermost", "hook_url", WEB_URL, "The incoming webhook.").required().secret("hook_url_file"),
    Key::new(
        "notify.mattermost",
        "channel",
        TEXT,
        "The channel, by the name in its URL or as `@user`, in place of the one of the webhook.",
    ),
    Key::new(
        "notify.mattermost",
        "username",
        TEXT,
        "The name that is shown as the sender, where the server lets webhooks choose one.",
    ),
    Key::new("notify.mattermost", "mention_channel", FLAG, "Whether notices mention everyone in the channel.")
        .default("false"),
    reminders_only("notify.mattermost"),
];
