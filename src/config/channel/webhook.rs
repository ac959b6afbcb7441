//! What `[notify.webhook]` says.

use std::fmt;

use crate::secret::Secret;

use super::Credentials;

/// `[notify.webhook]`
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where the JSON goes; an `http` or `https` URL without credentials, whose path may be a secret.
    pub hook_url: Secret,
    /// Those that stood in it.
    pub credentials: Option<Credentials>,
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a web hook")
    }
}
