//! `[notify.opsgenie]`

use super::super::super::Opsgenie;
use super::super::super::Priority;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::web_url::api;
use crate::secret::Secret;

const DEFAULT_URL: &str = "https://api.opsgenie.com";

/// `[notify.opsgenie]`
pub(super) fn opsgenie(section: &Section<'_>) -> Result<Opsgenie, ConfigError> {
    Ok(Opsgenie {
        api_key: section.require("api_key", |field| field.words().map(Secret::new))?,
        api_url: api(section, "api_url", DEFAULT_URL)?,
        priority: section.read("priority", |field| priority(&field))?,
    })
}

fn priority(field: &Field<'_, '_>) -> Result<Priority, ConfigError> {
    let text = field.text()?;
    let known = Priority::ALL.into_iter().find(|priority| priority.word() == text);
    known.ok_or_else(|| field.wrong("is not a priority"))
}
