//! `[notify.ntfy]`

use super::super::super::Ntfy;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::web_url::api;
use crate::secret::Secret;

const DEFAULT_URL: &str = "https://ntfy.sh";

/// The longest topic (`^[-_A-Za-z0-9]{1,64}$`, <https://docs.ntfy.sh/publish/>).
const TOPIC_LONGEST: usize = 64;

/// `[notify.ntfy]`
pub(super) fn ntfy(section: &Section<'_>) -> Result<Ntfy, ConfigError> {
    Ok(Ntfy {
        url: api(section, "url", DEFAULT_URL)?,
        topic: section.require("topic", |field| topic(&field))?,
        token: section.read("token", |field| field.words().map(Secret::new))?,
        priority: section.read("priority", |field| field.whole(1..=5))?,
    })
}

fn topic(field: &Field<'_, '_>) -> Result<Secret, ConfigError> {
    let text = field.text()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > TOPIC_LONGEST || !text.bytes().all(is_plain) {
        return Err(field.wrong("is not a topic"));
    }
    Ok(Secret::new(text))
}
