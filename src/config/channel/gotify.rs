//! What `[notify.gotify]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

use super::super::Credentials;

/// `[notify.gotify]`
#[derive(Clone, Debug)]
pub struct Gotify {
    /// The server, without credentials and query.
    pub app_url: Url,
    /// What a proxy before it asks for.
    pub credentials: Option<Credentials>,
    /// The token of the application.
    pub app_token: Secret,
}

impl fmt::Display for Gotify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gotify at {}", self.app_url.host_str().unwrap_or_default())
    }
}
