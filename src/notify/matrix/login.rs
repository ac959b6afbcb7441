//! The token of a Matrix account: the one that is configured, or one for a password, as configurations of the public
//! Vigil 1.20 have it: <https://spec.matrix.org/latest/client-server-api/#post_matrixclientv3login>.

use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::Value;
use serde_json::json;
use url::Url;

use crate::config::Credentials;
use crate::config::MatrixAccount;
use crate::net::client::Client;
use crate::secret::Secret;

use super::super::SendError;
use super::super::call;
use super::super::call::Call;
use super::super::call::Refusal;
use super::ANSWERS;
use super::API;

/// How Vigil is called in the account's list of devices.
const DEVICE_NAME: &str = "Vigil";

/// How the tokens of an account are had.
pub(super) enum Session {
    /// It is configured.
    Token(Secret),
    /// By logging in, once, and again when the server no longer knows the token.
    Password(Box<Login>),
}

/// A log-in.
pub(super) struct Login {
    credentials: Credentials,
    device_id: Option<String>,
    url: String,
    client: Client,
    /// What the last one brought. Only the channel's own thread sends, so the lock is never waited for.
    token: Mutex<Option<Secret>>,
}

impl Session {
    /// For that account.
    pub(super) fn new(account: &MatrixAccount, homeserver: &Url, client: &Client) -> Self {
        match account {
            MatrixAccount::Token(token) => Self::Token(token.clone()),
            MatrixAccount::Password { credentials, device_id } => Self::Password(Box::new(Login {
                credentials: credentials.clone(),
                device_id: device_id.clone(),
                url: call::below(homeserver, &[&API[..], &["login"]].concat()),
                client: client.clone(),
                token: Mutex::default(),
            })),
        }
    }

    /// A token, for which somebody may have to log in first.
    ///
    /// # Errors
    /// When the server does not let them.
    pub(super) fn token(&self) -> Result<Secret, SendError> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Password(login) => login.token(),
        }
    }

    /// What a refusal means to the session: a token that was given for a password may have come to its end, and there
    /// is another one.
    pub(super) fn mind(&self, refusal: Refusal) -> SendError {
        match self {
            Self::Password(login) if refusal.status == Some(401) => {
                *login.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
                SendError { permanent: false, ..refusal.error }
            }
            Self::Token(_) | Self::Password(_) => refusal.error,
        }
    }
}

impl Login {
    fn token(&self) -> Result<Secret, SendError> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*token {
            return Ok(token.clone());
        }
        let answer = Call::json(self.url.as_str(), &self.document())?.make(&self.client, &ANSWERS);
        let answer = answer.map_err(|refusal| {
            let what = format!("no log-in: {}", refusal.error.what);
            SendError { what, ..refusal.error }
        })?;
        let found: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let found = found["access_token"].as_str().filter(|text| !text.is_empty());
        let found = found.ok_or_else(|| SendError::passing("no log-in: the home server answered without a token"))?;
        Ok(token.insert(Secret::new(found)).clone())
    }

    fn document(&self) -> Value {
        let mut document = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": self.credentials.username },
            "password": self.credentials.password.reveal(),
            "initial_device_display_name": DEVICE_NAME,
        });
        if let Some(device) = &self.device_id {
            document["device_id"] = device.as_str().into();
        }
        document
    }
}
