//! `[notify.teams]`

use super::super::super::Teams;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::hook;

/// `[notify.teams]`
pub(super) fn teams(section: &Section<'_>) -> Result<Teams, ConfigError> {
    Ok(Teams { webhook_url: section.require("webhook_url", |field| hook(&field))? })
}
