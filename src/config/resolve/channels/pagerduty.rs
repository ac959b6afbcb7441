//! `[notify.pagerduty]`

use super::super::super::Pagerduty;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::api;
use crate::secret::Secret;

const DEFAULT_URL: &str = "https://events.pagerduty.com";

/// `[notify.pagerduty]`
pub(super) fn pagerduty(section: &Section<'_>) -> Result<Pagerduty, ConfigError> {
    Ok(Pagerduty {
        routing_key: section.require("routing_key", |field| field.words().map(Secret::new))?,
        api_url: api(section, "api_url", DEFAULT_URL)?,
    })
}
