//! What `[notify.mattermost]` says.

use std::fmt;

use super::super::Hook;

/// `[notify.mattermost]`
#[derive(Clone, Debug)]
pub struct Mattermost {
    /// The incoming webhook; an `http` or `https` URL whose path is the secret.
    pub hook_url: Hook,
    /// The channel, in place of the webhook's own.
    pub channel: Option<String>,
    /// The name that is shown as the sender, in place of the webhook's own.
    pub username: Option<String>,
    /// Whether `@channel` is mentioned.
    pub mention_channel: bool,
}

impl fmt::Display for Mattermost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.mention_channel { "Mattermost, for everyone in the channel" } else { "Mattermost" })
    }
}
