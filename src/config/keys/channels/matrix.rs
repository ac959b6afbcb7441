//! `[notify.matrix]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.matrix").not_yet(),
    Key::new("notify.matrix", "homeserver_url", WEB_URL, "The home server.").not_yet(),
    Key::new("notify.matrix", "access_token", TEXT, "The token of the sender.").secret("access_token_file").not_yet(),
    Key::new("notify.matrix", "room_id", TEXT, "The room.").not_yet(),
    reminders_only("notify.matrix").not_yet(),
];
