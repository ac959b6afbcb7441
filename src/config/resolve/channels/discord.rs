//! `[notify.discord]`

use super::super::super::Discord;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::web_url::hook;

/// The longest name that Discord takes, in characters.
const USERNAME_LONGEST: usize = 80;

/// `[notify.discord]`
pub(super) fn discord(section: &Section<'_>) -> Result<Discord, ConfigError> {
    Ok(Discord {
        webhook_url: section.require("webhook_url", |field| hook(&field))?,
        username: section.read("username", |field| username(&field))?,
    })
}

fn username(field: &Field<'_, '_>) -> Result<String, ConfigError> {
    let name = field.words()?;
    if name.chars().count() > USERNAME_LONGEST { Err(field.wrong("is too long")) } else { Ok(name.to_owned()) }
}
