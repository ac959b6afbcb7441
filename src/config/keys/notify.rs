//! `[notify]`

use super::Key;
use super::takes::FLAG;
use super::takes::SECONDS;

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
    Key::new(
        "notify",
        "startup_notification",
        FLAG,
        "Whether people are told how everything is once all was checked for the first time after a start.",
    )
    .default("false"),
    Key::new(
        "notify",
        "reminder_interval",
        SECONDS,
        "The time without a notice after which people are reminded of what is still dead; without it they are not.",
    ),
    Key::new(
        "notify",
        "reminder_backoff_function",
        "one of `none`, `linear`, `square` and `cubic`",
        "How the time before the second, third, ... reminder grows: not at all, or to 2, 3, ... times the interval, or \
         the square or the cube of that.",
    )
    .default("\"none\""),
    Key::new(
        "notify",
        "reminder_backoff_limit",
        "a whole number, 0 to 65535",
        "The number of the reminder from which that time grows no more.",
    )
    .default("3"),
    Key::new(
        "notify",
        "reminder_escalate",
        FLAG,
        "Whether the first reminder is urgent only for the first target of a channel, the second for the first two, and so \
         on. Otherwise every reminder is urgent for every target. Pushover, Gotify, ntfy and `[notify.http]` tell what is \
         urgent apart, the other channels do not; and of those four only Pushover has several targets, its `user_keys`, so \
         that the key changes nothing for the others.",
    )
    .default("false"),
];
