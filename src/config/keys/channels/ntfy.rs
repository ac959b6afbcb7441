//! `[notify.ntfy]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.ntfy"),
    Key::new("notify.ntfy", "url", WEB_URL, "The server.").default("\"https://ntfy.sh\""),
    Key::new(
        "notify.ntfy",
        "topic",
        "a topic of 1 to 64 letters, digits, `-` and `_`",
        "The topic. On a server without accounts, whoever knows it can read it.",
    )
    .required()
    .secret("topic_file"),
    Key::new("notify.ntfy", "token", TEXT, "The access token, where the server asks for one.").secret("token_file"),
    Key::new(
        "notify.ntfy",
        "priority",
        "a whole number, 1 to 5",
        "The priority of all notices but urgent reminders, which have 5. Without it, what is dead has 4 and all else 3.",
    ),
    reminders_only("notify.ntfy"),
];
