//! What `[notify.zulip]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.zulip]`
#[derive(Clone, Debug)]
pub struct Zulip {
    /// The address of the bot.
    pub bot_email: String,
    /// Its key.
    pub bot_api_key: Secret,
    /// The channel, by its name.
    pub channel: String,
    /// The API, such as `https://example.zulipchat.com/api/v1/`, without credentials and query.
    pub api_url: Url,
}

impl fmt::Display for Zulip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zulip, in `{}`", self.channel)
    }
}
