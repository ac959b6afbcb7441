//! `[notify.zulip]`

use super::super::super::Zulip;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::base;
use crate::secret::Secret;

/// `[notify.zulip]`
pub(super) fn zulip(section: &Section<'_>) -> Result<Zulip, ConfigError> {
    Ok(Zulip {
        bot_email: section.require("bot_email", |field| field.words().map(str::to_owned))?,
        bot_api_key: section.require("bot_api_key", |field| field.words().map(Secret::new))?,
        channel: section.require("channel", |field| field.words().map(str::to_owned))?,
        api_url: section.require("api_url", |field| base(&field))?,
    })
}
