//! `[notify.telegram]`

use serde_json::Value;

use super::super::super::Telegram;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::web_url::api;
use crate::secret::Secret;

const DEFAULT_API: &str = "https://api.telegram.org/";

/// `[notify.telegram]`
pub(super) fn telegram(section: &Section<'_>) -> Result<Telegram, ConfigError> {
    Ok(Telegram {
        bot_token: section.require("bot_token", |field| field.words().map(Secret::new))?,
        chat_id: section.require("chat_id", |field| chat(&field))?,
        message_thread_id: section.read("message_thread_id", |field| thread(&field))?,
        api_url: api(section, "api_url", DEFAULT_API)?,
    })
}

/// A chat: its number, written as a text or as a number, or its name.
fn chat(field: &Field<'_, '_>) -> Result<String, ConfigError> {
    match field.json()? {
        Value::Number(number) if number.is_i64() => Ok(number.to_string()),
        Value::String(_) => field.words().map(|text| text.trim().to_owned()),
        _ => Err(field.wrong("is no chat")),
    }
}

/// The number of a topic, written as a number or as a text.
fn thread(field: &Field<'_, '_>) -> Result<i64, ConfigError> {
    let number = match field.json()? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| field.wrong("is not a whole number"))
}
