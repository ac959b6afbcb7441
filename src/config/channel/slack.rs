//! What `[notify.slack]` says.

use std::fmt;

use super::super::Hook;

/// `[notify.slack]`
#[derive(Clone, Debug)]
pub struct Slack {
    /// The incoming webhook; an `http` or `https` URL whose path is the secret.
    pub hook_url: Hook,
    /// Whether `@channel` is mentioned.
    pub mention_channel: bool,
}

impl fmt::Display for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.mention_channel { "Slack, for everyone in the channel" } else { "Slack" })
    }
}
