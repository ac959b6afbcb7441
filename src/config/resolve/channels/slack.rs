//! `[notify.slack]`

use super::super::super::Slack;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::hook;

/// `[notify.slack]`
pub(super) fn slack(section: &Section<'_>) -> Result<Slack, ConfigError> {
    Ok(Slack {
        hook_url: section.require("hook_url", |field| hook(&field))?,
        mention_channel: section.read("mention_channel", |field| field.flag())?.unwrap_or(false),
    })
}
