//! `[metrics]`

use std::ops::Range;
use std::time::Duration;

use super::super::Metrics;
use super::super::Poll;
use super::super::Push;
use super::super::Retry;
use super::super::RetryMeaning;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use super::server::at_least_one;

const DEFAULT_POLL_INTERVAL: Duration = Duration::from_mins(2);
const DEFAULT_POLL_RETRY: u32 = 2;
const DEFAULT_POLL_DELAY_DEAD: Duration = Duration::from_secs(30);
const DEFAULT_POLL_DELAY_SICK: Duration = Duration::from_secs(10);
const DEFAULT_POLL_HTTP_STATUS: Range<u16> = 200..400;
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
/// As many threads as the pool grows to when nothing is said.
const MOST_PARALLEL: u32 = 1_024;

/// `[metrics]`
pub(super) fn metrics(section: &Section<'_>) -> Result<Metrics, ConfigError> {
    let limit = |name, most| section.read(name, |field| sick_above(&field, most));
    Ok(Metrics {
        poll: poll(section)?,
        push: Push {
            delay_dead: silence(section, "push_delay_dead")?.unwrap_or(DEFAULT_PUSH_DELAY_DEAD),
            cpu_sick_above: limit("push_system_cpu_sick_above", HIGHEST_CPU)?.unwrap_or(DEFAULT_SICK_ABOVE),
            ram_sick_above: limit("push_system_ram_sick_above", 1.0)?.unwrap_or(DEFAULT_SICK_ABOVE),
        },
        local_delay_dead: silence(section, "local_delay_dead")?.unwrap_or(DEFAULT_LOCAL_DELAY_DEAD),
    })
}

fn poll(section: &Section<'_>) -> Result<Poll, ConfigError> {
    let poll = Poll {
        interval: seconds(section, "poll_interval")?.unwrap_or(DEFAULT_POLL_INTERVAL),
        retry: retry(section)?,
        http_status: http_status(section)?,
        delay_dead: seconds(section, "poll_delay_dead")?.unwrap_or(DEFAULT_POLL_DELAY_DEAD),
        delay_sick: seconds(section, "poll_delay_sick")?.unwrap_or(DEFAULT_POLL_DELAY_SICK),
        parallelism: section.read("poll_parallelism", |field| at_least_one(&field, MOST_PARALLEL))?,
    };
    if poll.delay_sick >= poll.delay_dead {
        let (sick, dead) = (poll.delay_sick.as_secs(), poll.delay_dead.as_secs());
        let what =
            format!("{sick} s is not below the {dead} s of `poll_delay_dead`, so no answer is slow enough to be sick");
        section.warn("poll_delay_sick", what);
    }
    Ok(poll)
}

/// `poll_retry` is a number of seconds, or of tries if `poll_retry_wait` is given.
fn retry(section: &Section<'_>) -> Result<Retry, ConfigError> {
    let wait = section.read("poll_retry_wait", |field| field.whole(0..=LONGEST_S * 1_000))?;
    let most = if wait.is_some() { MOST_TRIES } else { LONGEST_S };
    let retry = section.read("poll_retry", |field| field.whole(0..=most))?.unwrap_or(DEFAULT_POLL_RETRY);
    Ok(match wait {
        None => Retry { tries: 1, wait: Duration::from_secs(retry.into()), meaning: RetryMeaning::Seconds },
        Some(wait) => Retry { tries: retry, wait: Duration::from_millis(wait.into()), meaning: RetryMeaning::Count },
    })
}

fn http_status(section: &Section<'_>) -> Result<Range<u16>, ConfigError> {
    let above = section.read("poll_http_status_healthy_above", |field| field.whole(100..=599))?;
    let below = section.read("poll_http_status_healthy_below", |field| field.whole(101..=600))?;
    let range = above.unwrap_or(DEFAULT_POLL_HTTP_STATUS.start)..below.unwrap_or(DEFAULT_POLL_HTTP_STATUS.end);
    if range.is_empty() {
        let name = if above.is_some() { "poll_http_status_healthy_above" } else { "poll_http_status_healthy_below" };
        let what = format!(
            "no HTTP status is {} or above and below {}; write a lower `poll_http_status_healthy_above` \
             or a higher `poll_http_status_healthy_below`",
            range.start, range.end
        );
        return Err(section.fault(name, what));
    }
    Ok(range)
}

/// A whole number of seconds from 1 to a day.
fn seconds(section: &Section<'_>, name: &str) -> Result<Option<Duration>, ConfigError> {
    section.read(name, |field| Ok(Duration::from_secs(field.whole(1..=LONGEST_S)?.into())))
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
