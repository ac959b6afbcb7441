//! `[notify.google_chat]`

use super::super::super::GoogleChat;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::hook;

/// `[notify.google_chat]`
pub(super) fn google_chat(section: &Section<'_>) -> Result<GoogleChat, ConfigError> {
    Ok(GoogleChat { webhook_url: section.require("webhook_url", |field| hook(&field))? })
}
