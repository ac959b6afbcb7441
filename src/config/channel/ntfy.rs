//! What `[notify.ntfy]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.ntfy]`
#[derive(Clone, Debug)]
pub struct Ntfy {
    /// The server.
    pub url: Url,
    /// The topic; who knows it can read it, on a server without accounts.
    pub topic: Secret,
    /// The access token, where the server asks for one.
    pub token: Option<Secret>,
    /// The priority of what is not urgent, 1 to 5; none goes by status.
    pub priority: Option<u8>,
}

impl fmt::Display for Ntfy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ntfy, through {}", self.url.host_str().unwrap_or_default())
    }
}
