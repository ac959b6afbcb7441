//! `[notify]`

use super::Key;
use super::takes::FLAG;
use super::takes::SECONDS;
use super::takes::WHOLE;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [notify]
    Key::new("notify", "sick", FLAG, "Whether people are also told of nodes that become sick, not only of dead ones.")
        .default("false"),
    Key::new(
        "notify",
        "group_wait",
        "a number of seconds, 0 to 86400",
        "Changes within this time become one notice; a node that came and went within it is not told.",
    )
    .default("2"),
    Key::new(
        "notify",
        "group_interval",
        "a number of seconds above 0, up to 86400",
        "Two notices are at least this far apart.",
    )
    .default("10"),
    Key::new("notify", "startup_notification", FLAG, "Whether people are told that Vigil has started.")
        .default("false")
        .not_yet(),
    Key::new("notify", "reminder_interval", SECONDS, "The time after which people are reminded of what is still dead.")
        .not_yet(),
    Key::new(
        "notify",
        "reminder_backoff_function",
        "one of `none`, `linear`, `square` and `cubic`",
        "How the time between reminders grows.",
    )
    .default("\"none\"")
    .not_yet(),
    Key::new("notify", "reminder_backoff_limit", WHOLE, "The number of reminders after which that time grows no more.")
        .default("3")
        .not_yet(),
    Key::new("notify", "reminder_escalate", FLAG, "Whether reminders reach one more target with each repetition.")
        .default("false")
        .not_yet(),
];
