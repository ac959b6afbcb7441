//! `[notify.telegram]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::super::takes::WHOLE;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.telegram"),
    Key::new("notify.telegram", "bot_token", TEXT, "The token of the bot that posts.")
        .required()
        .secret("bot_token_file"),
    Key::new(
        "notify.telegram",
        "chat_id",
        "the number of a chat as a string, such as `\"-1001234567890\"`, or the `@name` of a channel",
        "The chat that is told.",
    )
    .required(),
    Key::new("notify.telegram", "message_thread_id", WHOLE, "The topic in a group that has topics."),
    Key::new(
        "notify.telegram",
        "api_url",
        WEB_URL,
        "Where the Bot API is, for those who reach it through a proxy or run a server of their own.",
    )
    .default("\"https://api.telegram.org/\""),
    reminders_only("notify.telegram"),
];
