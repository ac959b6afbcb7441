//! `[metrics]`, and what a node says in its place.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use super::super::Metrics;
use super::super::Poll;
use super::super::Push;
use super::super::Retry;
use super::super::RetryMeaning;
use super::super::ScriptTimes;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use super::server::at_least_one;

const DEFAULT_POLL_INTERVAL: Duration = Duration::from_mins(2);
const DEFAULT_POLL_RETRY: u32 = 2;
const DEFAULT_POLL_DELAY_DEAD: Duration = Duration::from_secs(30);
const DEFAULT_POLL_DELAY_SICK: Duration = Duration::from_secs(10);
const DEFAULT_POLL_HTTP_STATUS: Range<u16> = 200..400;
const DEFAULT_SCRIPT_INTERVAL: Duration = Duration::from_mins(5);
const DEFAULT_SCRIPT_PARALLELISM: NonZeroUsize = NonZeroUsize::new(2).unwrap();
const DEFAULT_PUSH_DELAY_DEAD: Duration = Duration::from_secs(20);
const DEFAULT_LOCAL_DELAY_DEAD: Duration = Duration::from_secs(40);
const DEFAULT_SICK_ABOVE: f64 = 0.90;

/// What takes longer than a day is a mistake.
pub(super) const LONGEST_S: u32 = 24 * 60 * 60;
/// How long silence may be borne: jobs that report once a week are watched as well.
const LONGEST_SILENCE_S: u32 = 7 * LONGEST_S;
/// The highest CPU load that means anything: 1 is every core busy, and ten times that is a host on its knees.
const HIGHEST_CPU: f64 = 10.0;
/// More tries than any outage needs.
const MOST_TRIES: u32 = 100;
/// As many threads as the pool grows to when nothing is said; more scripts than any host runs at a time.
pub(super) const MOST_PARALLEL: u32 = 1_024;

/// What `poll_retry` means in a file from before `poll_retry_wait`.
const SECONDS_OF_OLD: &str = "is a number of seconds, as in files without `poll_retry_wait`; write \
    `poll_retry_wait = 500` beside it, in milliseconds, for it to be a number of tries";

/// `[metrics]`
pub(super) fn metrics(section: &Section<'_>) -> Result<Metrics, ConfigError> {
    let limit = |name, most| section.read(name, |field| sick_above(&field, most));
    Ok(Metrics {
        poll: poll(Layers::metrics(section))?,
        poll_parallelism: section.read("poll_parallelism", |field| at_least_one(&field, MOST_PARALLEL))?,
        script: script(Layers::metrics(section))?,
        script_parallelism: section
            .read("script_parallelism", |field| at_least_one(&field, MOST_PARALLEL))?
            .unwrap_or(DEFAULT_SCRIPT_PARALLELISM),
        push: Push {
            delay_dead: silence(section, "push_delay_dead")?.unwrap_or(DEFAULT_PUSH_DELAY_DEAD),
            cpu_sick_above: limit("push_system_cpu_sick_above", HIGHEST_CPU)?.unwrap_or(DEFAULT_SICK_ABOVE),
            ram_sick_above: limit("push_system_ram_sick_above", 1.0)?.unwrap_or(DEFAULT_SICK_ABOVE),
        },
        local_delay_dead: silence(section, "local_delay_dead")?.unwrap_or(DEFAULT_LOCAL_DELAY_DEAD),
    })
}

/// A section, and the one that speaks where it is silent.
#[derive(Clone, Copy)]
pub(super) struct Layers<'s, 'a> {
    own: &'s Section<'a>,
    below: Option<&'s Section<'a>>,
}

impl<'s, 'a> Layers<'s, 'a> {
    fn metrics(section: &'s Section<'a>) -> Self {
        Self { own: section, below: None }
    }

    /// What a node says over `[metrics]`.
    pub(super) fn node(node: &'s Section<'a>, metrics: &'s Section<'a>) -> Self {
        Self { own: node, below: Some(metrics) }
    }

    /// The key `name` as `read` understands it, from the first section that has it.
    fn read<T>(
        self,
        name: &str,
        read: impl Fn(Field<'_, 'a>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        match (self.own.read(name, &read)?, self.below) {
            (None, Some(below)) => below.read(name, read),
            (found, _) => Ok(found),
        }
    }

    /// The first of these keys that the section itself has: what is wrong with several of them is said there, and is
    /// said of `[metrics]` when no node has one.
    fn own<'n>(self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.own.field(name).is_some())
    }
}

/// The `poll_*` keys.
pub(super) fn poll(layers: Layers<'_, '_>) -> Result<Poll, ConfigError> {
    let poll = Poll {
        interval: seconds(layers, "poll_interval")?.unwrap_or(DEFAULT_POLL_INTERVAL),
        retry: retry(layers)?,
        http_status: http_status(layers)?,
        delay_dead: seconds(layers, "poll_delay_dead")?.unwrap_or(DEFAULT_POLL_DELAY_DEAD),
        delay_sick: seconds(layers, "poll_delay_sick")?.unwrap_or(DEFAULT_POLL_DELAY_SICK),
    };
    if poll.delay_sick >= poll.delay_dead && layers.own(&["poll_delay_sick", "poll_delay_dead"]).is_some() {
        let (sick, dead) = (poll.delay_sick.as_secs(), poll.delay_dead.as_secs());
        let what =
            format!("{sick} s is not below the {dead} s of `poll_delay_dead`, so no answer is slow enough to be sick");
        layers.own.warn("poll_delay_sick", what);
    }
    Ok(poll)
}

/// `poll_retry` is a number of seconds, or of tries if `poll_retry_wait` is given.
fn retry(layers: Layers<'_, '_>) -> Result<Retry, ConfigError> {
    let wait = layers.read("poll_retry_wait", |field| field.whole(0..=LONGEST_S * 1_000))?;
    let most = if wait.is_some() { MOST_TRIES } else { LONGEST_S };
    let retry = layers.read("poll_retry", |field| field.whole(0..=most))?.unwrap_or(DEFAULT_POLL_RETRY);
    if wait.is_none() && layers.own(&["poll_retry"]).is_some() {
        layers.own.old("poll_retry", SECONDS_OF_OLD);
    }
    Ok(match wait {
        None => Retry { tries: 1, wait: Duration::from_secs(retry.into()), meaning: RetryMeaning::Seconds },
        Some(wait) => Retry { tries: retry, wait: Duration::from_millis(wait.into()), meaning: RetryMeaning::Count },
    })
}

fn http_status(layers: Layers<'_, '_>) -> Result<Range<u16>, ConfigError> {
    const ABOVE: &str = "poll_http_status_healthy_above";
    const BELOW: &str = "poll_http_status_healthy_below";
    let above = layers.read(ABOVE, |field| field.whole(100..=599))?.unwrap_or(DEFAULT_POLL_HTTP_STATUS.start);
    let below = layers.read(BELOW, |field| field.whole(101..=600))?.unwrap_or(DEFAULT_POLL_HTTP_STATUS.end);
    match layers.own(&[ABOVE, BELOW]) {
        Some(name) if above >= below => {
            let what = format!(
                "no HTTP status is {above} or above and below {below}; write a lower `{ABOVE}` or a higher `{BELOW}`"
            );
            Err(layers.own.fault(name, what))
        }
        _ => Ok(above..below),
    }
}

/// The `script_*` keys. Without a timeout a script may run until it is due again: files of old have none.
pub(super) fn script(layers: Layers<'_, '_>) -> Result<ScriptTimes, ConfigError> {
    let interval = seconds(layers, "script_interval")?.unwrap_or(DEFAULT_SCRIPT_INTERVAL);
    let timeout = seconds(layers, "script_timeout")?.unwrap_or(interval);
    if timeout > interval && layers.own(&["script_timeout"]).is_some() {
        let (timeout, interval) = (timeout.as_secs(), interval.as_secs());
        let what = format!(
            "{timeout} s is longer than the {interval} s of `script_interval`, after which the next run is due; write \
             at most `{interval}`"
        );
        return Err(layers.own.fault("script_timeout", what));
    }
    Ok(ScriptTimes { interval, timeout: timeout.min(interval) })
}

/// A whole number of seconds from 1 to a day.
fn seconds(layers: Layers<'_, '_>, name: &str) -> Result<Option<Duration>, ConfigError> {
    layers.read(name, |field| Ok(Duration::from_secs(field.whole(1..=LONGEST_S)?.into())))
}

/// A whole number of seconds from none to a week.
fn silence(section: &Section<'_>, name: &str) -> Result<Option<Duration>, ConfigError> {
    section.read(name, |field| Ok(Duration::from_secs(field.whole(0..=LONGEST_SILENCE_S)?.into())))
}

/// A limit of a load; above `most` it is taken for a percentage, and warned about.
fn sick_above(field: &Field<'_, '_>, most: f64) -> Result<f64, ConfigError> {
    let limit = field.number()?;
    if !(limit.is_finite() && limit > 0.0) {
        return Err(field.wrong("is not a limit"));
    }
    if limit > most {
        field.warn("is more than such a load ever is; 90 percent is `0.90`");
    }
    Ok(limit)
}
