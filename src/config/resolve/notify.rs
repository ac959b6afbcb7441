//! `[notify]`

use std::time::Duration;

use super::super::Notify;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use super::channels::channels;
use super::metrics::LONGEST_S;
use crate::model::reminder::Backoff;
use crate::model::reminder::Rules;

const DEFAULT_GROUP_WAIT: Duration = Duration::from_secs(2);
const DEFAULT_GROUP_INTERVAL: Duration = Duration::from_secs(10);
const DEFAULT_REMINDER_BACKOFF_LIMIT: u16 = 3;

/// `[notify]` and the channels below it.
pub(super) fn notify(section: &Section<'_>) -> Result<Notify, ConfigError> {
    Ok(Notify {
        sick: section.read("sick", |field| field.flag())?.unwrap_or(false),
        group_wait: section.read("group_wait", |field| seconds(&field))?.unwrap_or(DEFAULT_GROUP_WAIT),
        group_interval: section
            .read("group_interval", |field| match seconds(&field)? {
                Duration::ZERO => Err(field.wrong("is too small")),
                interval => Ok(interval),
            })?
            .unwrap_or(DEFAULT_GROUP_INTERVAL),
        startup: section.read("startup_notification", |field| field.flag())?.unwrap_or(false),
        reminders: reminders(section)?,
        channels: channels(section)?,
    })
}

/// The `reminder_*` keys: all of them are looked at, even if there are no reminders.
fn reminders(section: &Section<'_>) -> Result<Option<Rules>, ConfigError> {
    let interval = section.read("reminder_interval", |field| field.whole(1..=LONGEST_S))?;
    let backoff = section.read("reminder_backoff_function", |field| backoff(&field))?.unwrap_or(Backoff::None);
    let limit = section.read("reminder_backoff_limit", |field| field.whole(0..=u16::MAX))?;
    let escalate = section.read("reminder_escalate", |field| field.flag())?.unwrap_or(false);
    Ok(interval.map(|interval| Rules {
        interval: Duration::from_secs(interval.into()),
        backoff,
        limit: limit.unwrap_or(DEFAULT_REMINDER_BACKOFF_LIMIT),
        escalate,
    }))
}

fn backoff(field: &Field<'_, '_>) -> Result<Backoff, ConfigError> {
    match field.text()? {
        "none" => Ok(Backoff::None),
        "linear" => Ok(Backoff::Linear),
        "square" => Ok(Backoff::Square),
        "cubic" => Ok(Backoff::Cubic),
        _ => Err(field.wrong("is not a function of backing off")),
    }
}

/// Seconds with a fraction, from 0 to a day.
fn seconds(field: &Field<'_, '_>) -> Result<Duration, ConfigError> {
    let number = field.number()?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if time <= Duration::from_secs(LONGEST_S.into()) => Ok(time),
        _ => Err(field.wrong("is out of range")),
    }
}
