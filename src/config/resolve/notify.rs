//! `[notify]`

use std::time::Duration;

use super::super::Notify;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use super::channels::channels;
use super::metrics::LONGEST_S;

const DEFAULT_GROUP_WAIT: Duration = Duration::from_secs(2);
const DEFAULT_GROUP_INTERVAL: Duration = Duration::from_secs(10);

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
        channels: channels(section)?,
    })
}

/// Seconds with a fraction, from 0 to a day.
fn seconds(field: &Field<'_, '_>) -> Result<Duration, ConfigError> {
    let number = field.number()?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if time <= Duration::from_secs(LONGEST_S.into()) => Ok(time),
        _ => Err(field.wrong("is out of range")),
    }
}
