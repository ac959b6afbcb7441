//! What `[notify.webex]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.webex]`
#[derive(Clone, Debug)]
pub struct Webex {
    /// Where messages are posted, without credentials.
    pub endpoint_url: Url,
    /// The token of the bot.
    pub token: Secret,
    /// The room, by its id.
    pub room_id: String,
}

impl fmt::Display for Webex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webex, in room {}", self.room_id)
    }
}
