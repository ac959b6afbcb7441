//! `[notify.webhook]`

use super::super::super::Webhook;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::with_credentials;
use crate::secret::Secret;

/// `[notify.webhook]`
pub(super) fn webhook(section: &Section<'_>) -> Result<Webhook, ConfigError> {
    let (url, credentials) = section.require("hook_url", |field| with_credentials(&field))?;
    Ok(Webhook { hook_url: Secret::new(url), credentials })
}
