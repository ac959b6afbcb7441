//! What `[notify.twilio]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.twilio]`
#[derive(Clone, Debug)]
pub struct Twilio {
    /// The numbers that are told, each by a message of its own; at least one, and none twice.
    pub to: Vec<String>,
    /// Who sends.
    pub sender: TwilioSender,
    /// The account.
    pub account_sid: String,
    /// Its token.
    pub auth_token: Secret,
    /// The API, without credentials and query.
    pub api_url: Url,
}

/// Who sends a text message.
#[derive(Clone, Debug)]
pub enum TwilioSender {
    /// A messaging service, by its id.
    Service(String),
    /// A number, as in the public Vigil up to 1.8.
    Number(String),
}

impl fmt::Display for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text messages to {}, through Twilio", self.to.join(", "))
    }
}
