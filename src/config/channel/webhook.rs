//! What `[notify.webhook]` says.

use std::fmt;

use super::super::Hook;

/// `[notify.webhook]`
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where the JSON goes.
    pub hook_url: Hook,
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a web hook")
    }
}
