//! What `[notify.teams]` says.

use std::fmt;

use super::super::Hook;

/// `[notify.teams]`
#[derive(Clone, Debug)]
pub struct Teams {
    /// The webhook of the workflow; an `http` or `https` URL whose query is the secret.
    pub webhook_url: Hook,
}

impl fmt::Display for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Microsoft Teams")
    }
}
