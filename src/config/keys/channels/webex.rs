//! `[notify.webex]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.webex").not_yet(),
    Key::new("notify.webex", "endpoint_url", WEB_URL, "The API that takes messages.").not_yet(),
    Key::new("notify.webex", "token", TEXT, "The token of the bot.").secret("token_file").not_yet(),
    Key::new("notify.webex", "room_id", TEXT, "The room.").not_yet(),
    reminders_only("notify.webex").not_yet(),
];
