//! `[notify.twilio]`

use super::super::super::Twilio;
use super::super::super::TwilioSender;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::web_url::api;
use super::distinct;
use crate::secret::Secret;

const DEFAULT_API: &str = "https://api.twilio.com/";

/// `[notify.twilio]`
pub(super) fn twilio(section: &Section<'_>) -> Result<Twilio, ConfigError> {
    Ok(Twilio {
        to: section.require("to", |field| numbers(&field))?,
        sender: sender(section)?,
        account_sid: section.require("account_sid", |field| field.words().map(str::to_owned))?,
        auth_token: section.require("auth_token", |field| field.words().map(Secret::new))?,
        api_url: api(section, "api_url", DEFAULT_API)?,
    })
}

/// A list of numbers, or one, as in the public Vigil up to 1.8.
fn numbers(field: &Field<'_, '_>) -> Result<Vec<String>, ConfigError> {
    if !field.is_list() {
        field.old("is one number, as in old files; write a list, `to = [\"...\"]`");
        return Ok(vec![field.words()?.to_owned()]);
    }
    distinct(field, ("number", "numbers; write fewer"), |item| item.words().map(str::to_owned), String::eq)
}

/// A messaging service, or a number.
fn sender(section: &Section<'_>) -> Result<TwilioSender, ConfigError> {
    let from = section.read("from", |field| field.words())?;
    let service = section.read("service_sid", |field| field.words())?;
    match (service, from) {
        (Some(service), _) => {
            if from.is_some() {
                section.warn("from", "is not used beside `service_sid`, whose numbers send");
            }
            Ok(TwilioSender::Service(service.to_owned()))
        }
        (None, Some(number)) => Ok(TwilioSender::Number(number.to_owned())),
        (None, None) => {
            let hint = section.meant_for("service_sid").or_else(|| section.meant_for("from"));
            let hint = hint
                .unwrap_or_else(|| "write the id of a messaging service, or a number of yours as `from`".to_owned());
            Err(section.fault("service_sid", format!("is missing; {hint}")))
        }
    }
}
