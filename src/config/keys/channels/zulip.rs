//! `[notify.zulip]`

use super::super::Key;
use super::super::takes::EMAIL;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.zulip"),
    Key::new("notify.zulip", "bot_email", EMAIL, "The address of the bot that posts.").required(),
    Key::new("notify.zulip", "bot_api_key", TEXT, "The API key of the bot.").required().secret("bot_api_key_file"),
    Key::new("notify.zulip", "channel", TEXT, "The channel that is told, by its name.").required(),
    Key::new(
        "notify.zulip",
        "api_url",
        WEB_URL,
        "The API of the Zulip server, such as `https://example.zulipchat.com/api/v1/`.",
    )
    .required(),
    reminders_only("notify.zulip"),
];
