//! `[notify.webex]`

use super::super::super::Webex;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::bare;
use crate::secret::Secret;

/// `[notify.webex]`
pub(super) fn webex(section: &Section<'_>) -> Result<Webex, ConfigError> {
    Ok(Webex {
        endpoint_url: section.require("endpoint_url", |field| bare(&field))?,
        token: section.require("token", |field| field.words().map(Secret::new))?,
        room_id: section.require("room_id", |field| field.words().map(str::to_owned))?,
    })
}
