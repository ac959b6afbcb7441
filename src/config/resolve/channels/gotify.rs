//! `[notify.gotify]`

use super::super::super::Gotify;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::base_with_credentials;
use crate::secret::Secret;

/// `[notify.gotify]`
pub(super) fn gotify(section: &Section<'_>) -> Result<Gotify, ConfigError> {
    let (app_url, credentials) = section.require("app_url", |field| base_with_credentials(&field))?;
    let app_token = section.require("app_token", |field| field.words().map(Secret::new))?;
    Ok(Gotify { app_url, credentials, app_token })
}
