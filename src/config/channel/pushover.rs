//! What `[notify.pushover]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.pushover]`
#[derive(Clone, Debug)]
pub struct Pushover {
    /// The token of the application.
    pub app_token: Secret,
    /// The users and groups that are told, each by a message of its own; at least one, and none twice.
    pub user_keys: Vec<Secret>,
    /// The API, without credentials and query.
    pub api_url: Url,
}

impl fmt::Display for Pushover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.user_keys.len();
        write!(f, "Pushover, to {count} user key{}", if count == 1 { "" } else { "s" })
    }
}
