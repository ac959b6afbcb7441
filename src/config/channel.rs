//! `[notify]`: who is told, and when. What a kind of channel has of its own is in a file a kind.

mod email;
mod slack;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::reminder;

pub use self::email::Credentials;
pub use self::email::Email;
pub use self::email::Encryption;
pub use self::slack::Slack;

/// `[notify]`: who is told, and when.
#[derive(Clone, Debug)]
pub struct Notify {
    /// Whether sick is told as well as dead.
    pub sick: bool,
    /// Changes within this time become one notice.
    pub group_wait: Duration,
    /// Two notices are at least this far apart.
    pub group_interval: Duration,
    /// Whether a notice tells how everything is after a start.
    pub startup: bool,
    /// When people are reminded of what is still unwell; none when they are not.
    pub reminders: Option<reminder::Rules>,
    /// `[notify.email]` and the like, in the order of the catalogue, those of a kind in that of the file.
    pub channels: Vec<Channel>,
}

/// A way to reach people: `[notify.slack]`, or one of several `[[notify.slack]]`.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name, unique among all channels: ASCII letters, digits, `-` and `_`.
    pub name: Arc<str>,
    /// Whether it carries only reminders.
    pub reminders_only: bool,
    /// What it is, and what that needs.
    pub kind: ChannelKind,
}

/// The kinds of channels.
#[derive(Clone, Debug)]
pub enum ChannelKind {
    /// `[notify.email]`
    Email(Email),
    /// `[notify.slack]`
    Slack(Slack),
}

impl Notify {
    /// The channel of that name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| &*channel.name == name)
    }
}

impl fmt::Display for ChannelKind {
    /// What it is and whom it reaches, in a line without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email(email) => email.fmt(f),
            Self::Slack(slack) => slack.fmt(f),
        }
    }
}
