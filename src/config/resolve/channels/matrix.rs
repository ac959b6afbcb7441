//! `[notify.matrix]`

use super::super::super::Credentials;
use super::super::super::Matrix;
use super::super::super::MatrixAccount;
use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::base;
use crate::secret::Secret;

/// `[notify.matrix]`
pub(super) fn matrix(section: &Section<'_>) -> Result<Matrix, ConfigError> {
    Ok(Matrix {
        homeserver_url: section.require("homeserver_url", |field| base(&field))?,
        account: account(section)?,
        room_id: section.require("room_id", |field| field.words().map(str::to_owned))?,
    })
}

/// A token, or, as in the public Vigil up to 1.21.0, a name and a password.
fn account(section: &Section<'_>) -> Result<MatrixAccount, ConfigError> {
    let token = section.read("access_token", |field| field.words())?;
    let username = section.read("username", |field| field.words())?;
    let password = section.read("password", |field| field.words())?;
    let device_id = section.read("device_id", |field| field.words())?.map(str::to_owned);
    if let Some(token) = token {
        for key in ["username", "password", "device_id"] {
            if section.field(key).is_some() {
                section.warn(key, "is not used beside `access_token`");
            }
        }
        return Ok(MatrixAccount::Token(Secret::new(token)));
    }
    match (username, password) {
        (Some(username), Some(password)) => {
            let credentials = Credentials { username: username.to_owned(), password: Secret::new(password) };
            Ok(MatrixAccount::Password { credentials, device_id })
        }
        (None, Some(_)) => Err(section.fault("username", "is missing; write whom `password` belongs to")),
        (_, None) => {
            let hint = section.meant_for("access_token");
            let hint = hint.unwrap_or_else(|| "write a string, or a `username` and a `password`".to_owned());
            Err(section.fault("access_token", format!("is missing; {hint}")))
        }
    }
}
