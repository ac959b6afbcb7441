//! `[metrics]`

use super::Key;
use super::takes::LOAD;
use super::takes::MILLISECONDS;
use super::takes::POLL_RETRY;
use super::takes::SECONDS;
use super::takes::SILENCE;
use super::takes::STATUS_ABOVE;
use super::takes::STATUS_BELOW;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [metrics]
    Key::new("metrics", "poll_interval", SECONDS, "The time from one check of a replica to its next.").default("120"),
    Key::new("metrics", "poll_retry", POLL_RETRY, "Without `poll_retry_wait`: the seconds to wait before a failed check is tried for a second and last time. With it: how many more times a failed check is tried.").default("2"),
    Key::new("metrics", "poll_retry_wait", MILLISECONDS, "The wait before each further try of a failed check. Giving it makes `poll_retry` a number of tries."),
    Key::new("metrics", "poll_http_status_healthy_above", STATUS_ABOVE, "The lowest HTTP status that is healthy.").default("200"),
    Key::new("metrics", "poll_http_status_healthy_below", STATUS_BELOW, "The lowest HTTP status above the healthy ones.").default("400"),
    Key::new("metrics", "poll_delay_dead", SECONDS, "The deadline of a try, over everything from the name lookup to the last byte: what has not answered by then is dead.").default("30"),
    Key::new("metrics", "poll_delay_sick", SECONDS, "An answer that takes this long or longer is sick.").default("10"),
    Key::new("metrics", "poll_parallelism", "a whole number, 1 to 1024", "The most checks at a time. Without it the pool grows with need, up to 1024."),
    Key::new("metrics", "push_delay_dead", SILENCE, "How long after its announced interval a replica that does not report is dead.").default("20"),
    Key::new("metrics", "push_system_cpu_sick_above", LOAD, "The reported CPU load, 1 for all cores busy, above which a replica is sick.").default("0.90"),
    Key::new("metrics", "push_system_ram_sick_above", LOAD, "The reported share of memory in use, 1 for all of it, above which a replica is sick.").default("0.90"),
    Key::new("metrics", "script_interval", SECONDS, "The time from one run of a script to its next.").default("300"),
    Key::new("metrics", "script_timeout", SECONDS, "How long a script may run, at most `script_interval`: at its end the script is killed with all that it started, and is dead. Without it a script may run until its next run is due."),
    Key::new("metrics", "script_parallelism", "a whole number, 1 to 1024", "The most scripts at a time. They never wait for other checks, nor other checks for them.").default("2"),
    Key::new("metrics", "local_delay_dead", SILENCE, "As `push_delay_dead`, for nodes whose health a vigil-local daemon reports.").default("40"),
];
