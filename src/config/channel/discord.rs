//! What `[notify.discord]` says.

use std::fmt;

use super::super::Hook;

/// `[notify.discord]`
#[derive(Clone, Debug)]
pub struct Discord {
    /// The webhook of the channel; an `http` or `https` URL whose path is the secret.
    pub webhook_url: Hook,
    /// The name that is shown as the sender, in place of the webhook's own.
    pub username: Option<String>,
}

impl fmt::Display for Discord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Discord")
    }
}
