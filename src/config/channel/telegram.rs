//! What `[notify.telegram]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.telegram]`
#[derive(Clone, Debug)]
pub struct Telegram {
    /// The token of the bot.
    pub bot_token: Secret,
    /// The number of the chat, or the name of a public channel with its `@`.
    pub chat_id: String,
    /// The topic in a group that has some.
    pub message_thread_id: Option<i64>,
    /// The API, without credentials and query.
    pub api_url: Url,
}

impl fmt::Display for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Telegram, in chat {}", self.chat_id)
    }
}
