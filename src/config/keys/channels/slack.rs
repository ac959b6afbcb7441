//! `[notify.slack]`

use super::super::Key;
use super::super::takes::FLAG;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.slack"),
    Key::new("notify.slack", "hook_url", WEB_URL, "The incoming webhook of the channel.")
        .required()
        .secret("hook_url_file"),
    Key::new("notify.slack", "mention_channel", FLAG, "Whether notices mention everyone in the channel.")
        .default("false"),
    reminders_only("notify.slack"),
];
