//! `[notify.webhook]`

use super::super::super::Webhook;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::hook;

/// `[notify.webhook]`
pub(super) fn webhook(section: &Section<'_>) -> Result<Webhook, ConfigError> {
    Ok(Webhook { hook_url: section.require("hook_url", |field| hook(&field))? })
}
