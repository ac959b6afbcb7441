//! `[notify.telegram]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WHOLE;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.telegram").not_yet(),
    Key::new("notify.telegram", "bot_token", TEXT, "The token of the bot.").secret("bot_token_file").not_yet(),
    Key::new("notify.telegram", "chat_id", TEXT, "The chat.").not_yet(),
    Key::new("notify.telegram", "message_thread_id", WHOLE, "The thread in the chat.").not_yet(),
    reminders_only("notify.telegram").not_yet(),
];
