//! `[notify.webex]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.webex"),
    Key::new(
        "notify.webex",
        "endpoint_url",
        WEB_URL,
        "Where messages are posted: `https://webexapis.com/v1/messages`.",
    )
    .required(),
    Key::new("notify.webex", "token", TEXT, "The token of the bot that posts.").required().secret("token_file"),
    Key::new("notify.webex", "room_id", TEXT, "The room that is told, by its id.").required(),
    reminders_only("notify.webex"),
];
