//! `[notify]`: who is told, and when. What a kind of channel has of its own is in a file a kind.

mod discord;
mod email;
mod google_chat;
mod gotify;
mod http;
mod matrix;
mod mattermost;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod pushover;
mod secrets;
mod slack;
mod teams;
mod telegram;
mod twilio;
mod webex;
mod webhook;
mod xmpp;
mod zulip;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::reminder;

pub use self::discord::Discord;
pub use self::email::Email;
pub use self::email::Encryption;
pub use self::google_chat::GoogleChat;
pub use self::gotify::Gotify;
pub use self::http::HttpMethod;
pub use self::http::HttpRequest;
pub use self::matrix::Matrix;
pub use self::matrix::MatrixAccount;
pub use self::mattermost::Mattermost;
pub use self::ntfy::Ntfy;
pub use self::opsgenie::Opsgenie;
pub use self::opsgenie::Priority;
pub use self::pagerduty::Pagerduty;
pub use self::pushover::Pushover;
pub use self::secrets::Held;
pub use self::slack::Slack;
pub use self::teams::Teams;
pub use self::telegram::Telegram;
pub use self::twilio::Twilio;
pub use self::twilio::TwilioSender;
pub use self::webex::Webex;
pub use self::webhook::Webhook;
pub use self::xmpp::Xmpp;
pub use self::zulip::Zulip;

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
    /// `[notify.twilio]`
    Twilio(Twilio),
    /// `[notify.slack]`
    Slack(Slack),
    /// `[notify.zulip]`
    Zulip(Zulip),
    /// `[notify.telegram]`
    Telegram(Telegram),
    /// `[notify.pushover]`
    Pushover(Pushover),
    /// `[notify.gotify]`
    Gotify(Gotify),
    /// `[notify.xmpp]`
    Xmpp(Xmpp),
    /// `[notify.matrix]`
    Matrix(Matrix),
    /// `[notify.webex]`
    Webex(Webex),
    /// `[notify.webhook]`
    Webhook(Webhook),
    /// `[notify.ntfy]`
    Ntfy(Ntfy),
    /// `[notify.discord]`
    Discord(Discord),
    /// `[notify.teams]`
    Teams(Teams),
    /// `[notify.mattermost]`
    Mattermost(Mattermost),
    /// `[notify.google_chat]`
    GoogleChat(GoogleChat),
    /// `[notify.pagerduty]`
    Pagerduty(Pagerduty),
    /// `[notify.opsgenie]`
    Opsgenie(Opsgenie),
    /// `[notify.http]`
    Http(HttpRequest),
}

impl Notify {
    /// The channel of that name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| &*channel.name == name)
    }
}

impl ChannelKind {
    /// Whether the other side keeps an alert open until it is told that it is over.
    #[must_use]
    pub fn keeps_alerts(&self) -> bool {
        match self {
            Self::Pagerduty(_) | Self::Opsgenie(_) => true,
            Self::Email(_)
            | Self::Twilio(_)
            | Self::Slack(_)
            | Self::Zulip(_)
            | Self::Telegram(_)
            | Self::Pushover(_)
            | Self::Gotify(_)
            | Self::Xmpp(_)
            | Self::Matrix(_)
            | Self::Webex(_)
            | Self::Webhook(_)
            | Self::Ntfy(_)
            | Self::Discord(_)
            | Self::Teams(_)
            | Self::Mattermost(_)
            | Self::GoogleChat(_)
            | Self::Http(_) => false,
        }
    }
}

impl fmt::Display for ChannelKind {
    /// What it is and whom it reaches, in a line without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email(email) => email.fmt(f),
            Self::Twilio(twilio) => twilio.fmt(f),
            Self::Slack(slack) => slack.fmt(f),
            Self::Zulip(zulip) => zulip.fmt(f),
            Self::Telegram(telegram) => telegram.fmt(f),
            Self::Pushover(pushover) => pushover.fmt(f),
            Self::Gotify(gotify) => gotify.fmt(f),
            Self::Xmpp(xmpp) => xmpp.fmt(f),
            Self::Matrix(matrix) => matrix.fmt(f),
            Self::Webex(webex) => webex.fmt(f),
            Self::Webhook(webhook) => webhook.fmt(f),
            Self::Ntfy(ntfy) => ntfy.fmt(f),
            Self::Discord(discord) => discord.fmt(f),
            Self::Teams(teams) => teams.fmt(f),
            Self::Mattermost(mattermost) => mattermost.fmt(f),
            Self::GoogleChat(google_chat) => google_chat.fmt(f),
            Self::Pagerduty(pagerduty) => pagerduty.fmt(f),
            Self::Opsgenie(opsgenie) => opsgenie.fmt(f),
            Self::Http(http) => http.fmt(f),
        }
    }
}
