//! `[notify.pushover]`

use super::super::super::Pushover;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::web_url::api;
use super::RECIPIENTS_MAX;
use crate::secret::Secret;

const DEFAULT_API: &str = "https://api.pushover.net/";

/// `[notify.pushover]`
pub(super) fn pushover(section: &Section<'_>) -> Result<Pushover, ConfigError> {
    Ok(Pushover {
        app_token: section.require("app_token", |field| field.words().map(Secret::new))?,
        user_keys: section.require("user_keys", |field| user_keys(&field))?,
        api_url: api(section, "api_url", DEFAULT_API)?,
    })
}

/// A list of keys, or a text of them with commas or spaces between, as it stands in a file of secrets.
fn user_keys(field: &Field<'_, '_>) -> Result<Vec<Secret>, ConfigError> {
    let mut keys: Vec<&str> = Vec::new();
    if field.is_list() {
        for item in field.items()? {
            let key = item.words()?.trim();
            match keys.iter().position(|known| *known == key) {
                Some(first) => item.warn(format!("is the same as key {}, ignored", first + 1)),
                None => keys.push(key),
            }
        }
    } else {
        for key in field.text()?.split([',', ' ']).filter(|key| !key.is_empty()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    match keys.len() {
        0 => Err(field.wrong("is empty")),
        1..=RECIPIENTS_MAX => Ok(keys.into_iter().map(Secret::new).collect()),
        _ => Err(field.fault(format!("has more than {RECIPIENTS_MAX} keys; write that of a group"))),
    }
}
