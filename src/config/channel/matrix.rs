//! What `[notify.matrix]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

use super::super::Credentials;

/// `[notify.matrix]`
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The home server, without credentials and query.
    pub homeserver_url: Url,
    /// Who sends.
    pub account: MatrixAccount,
    /// The room, by its id.
    pub room_id: String,
}

/// An account of a home server.
#[derive(Clone, Debug)]
pub enum MatrixAccount {
    /// With a token that it has.
    Token(Secret),
    /// With a password, for which the server gives a token; as in the public Vigil up to 1.21.0.
    Password {
        /// Name and password.
        credentials: Credentials,
        /// What the server calls this Vigil; without it, it chooses a name at each log-in.
        device_id: Option<String>,
    },
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matrix, in room {}", self.room_id)
    }
}
