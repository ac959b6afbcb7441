//! `[notify.mattermost]`

use super::super::super::Mattermost;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::hook;

/// `[notify.mattermost]`
pub(super) fn mattermost(section: &Section<'_>) -> Result<Mattermost, ConfigError> {
    Ok(Mattermost {
        hook_url: section.require("hook_url", |field| hook(&field))?,
        channel: section.read("channel", |field| field.words().map(str::to_owned))?,
        username: section.read("username", |field| field.words().map(str::to_owned))?,
        mention_channel: section.read("mention_channel", |field| field.flag())?.unwrap_or(false),
    })
}
