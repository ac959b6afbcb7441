//! What `[notify.google_chat]` says.

use std::fmt;

use super::super::Hook;

/// `[notify.google_chat]`
#[derive(Clone, Debug)]
pub struct GoogleChat {
    /// The incoming webhook of the space; an `http` or `https` URL whose query is the secret.
    pub webhook_url: Hook,
}

impl fmt::Display for GoogleChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Google Chat")
    }
}
