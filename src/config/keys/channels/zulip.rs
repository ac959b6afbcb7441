//! `[notify.zulip]`

use super::super::Key;
use super::super::takes::EMAIL;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.zulip").not_yet(),
    Key::new("notify.zulip", "bot_email", EMAIL, "The address of the bot.").not_yet(),
    Key::new("notify.zulip", "bot_api_key", TEXT, "Its key.").secret("bot_api_key_file").not_yet(),
    Key::new("notify.zulip", "channel", TEXT, "The channel.").not_yet(),
    Key::new("notify.zulip", "api_url", WEB_URL, "The API of the Zulip server.").not_yet(),
    reminders_only("notify.zulip").not_yet(),
];
