//! `[notify]` and `[notify.slack]`

use std::time::Duration;

use super::super::Notify;
use super::super::Slack;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use super::email::email;
use super::metrics::LONGEST_S;
use super::web_url::called;
use crate::model::reminder::Backoff;
use crate::model::reminder::Rules;
use crate::secret::Secret;

const DEFAULT_GROUP_WAIT: Duration = Duration::from_secs(2);
const DEFAULT_GROUP_INTERVAL: Duration = Duration::from_secs(10);
const DEFAULT_REMINDER_BACKOFF_LIMIT: u16 = 3;

/// `[notify]` and the channels below it.
pub(super) fn notify(
    section: &Section<'_>,
    email_section: &Section<'_>,
    slack_section: &Section<'_>,
) -> Result<Notify, ConfigError> {
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
        email: if email_section.is_given() { Some(email(email_section)?) } else { None },
        slack: if slack_section.is_given() { Some(slack(slack_section)?) } else { None },
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

/// `[notify.slack]`
fn slack(section: &Section<'_>) -> Result<Slack, ConfigError> {
    Ok(Slack {
        hook_url: section.require("hook_url", |field| Ok(Secret::new(called(&field)?)))?,
        mention_channel: section.read("mention_channel", |field| field.flag())?.unwrap_or(false),
    })
}
