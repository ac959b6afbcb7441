//! Telling people. One file a kind of channel; each is entered in [`build`].
//!
//! A notifier delivers one notice, once, within its own deadline. When to try again is the engine's concern.

mod alerts;
mod call;
mod discord;
mod discreet;
mod document;
pub mod email;
mod fit;
mod google_chat;
mod gotify;
mod http;
mod markup;
mod matrix;
mod mattermost;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod plain;
mod post;
mod pushover;
mod say;
mod series;
mod slack;
mod teams;
mod telegram;
#[cfg(test)]
mod tests;
pub mod text;
mod trouble;
mod twilio;
mod webex;
mod webhook;
pub mod xmpp;
mod zulip;

use std::sync::Arc;
use std::time::Duration;

use crate::config;
use crate::config::ChannelKind;
use crate::model::notice::Notice;
use crate::net::client::Client;

use self::discreet::Blanks;
use self::discreet::Discreet;

/// One configured way to reach people.
pub trait Notifier: Send + Sync {
    /// Delivers `notice`, or says why not.
    ///
    /// # Errors
    /// [`SendError`], when it was not accepted.
    fn send(&self, notice: &Notice) -> Result<(), SendError>;
}

/// Why a notice was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SendError {
    /// Whether another try is in vain.
    pub permanent: bool,
    /// The least wait before another try, when the other side asks for one.
    pub retry_after: Option<Duration>,
    /// Why, for people; without tokens, bodies and hook URLs. What comes from [`build`] has none of its channel's secrets.
    pub what: String,
}

impl SendError {
    /// Another try may succeed.
    pub(crate) fn passing(what: impl Into<String>) -> Self {
        Self { permanent: false, retry_after: None, what: what.into() }
    }

    /// Another try is in vain.
    pub(crate) fn permanent(what: impl Into<String>) -> Self {
        Self { permanent: true, retry_after: None, what: what.into() }
    }
}

/// What every notice says of the page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Where the public finds it.
    pub url: String,
}

/// A configured channel, ready to be used.
pub struct Channel {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it carries only reminders.
    pub reminders_only: bool,
    /// Whether it keeps alerts open until it is told that they are over: it has to hear of that in any case.
    pub keeps_alerts: bool,
    /// Whom it reaches; each is told on its own, so that what fails for one is tried again for that one only.
    pub targets: Vec<Target>,
}

/// One that a channel reaches.
pub struct Target {
    /// What tells it from the others of its channel in logs and in the outbox, such as `ops@example.com`; never a secret.
    /// Better not empty where a channel may have several: it is shown only when there are, but what is owed to it is kept
    /// under this name.
    pub name: String,
    /// The way to it.
    pub notifier: Box<dyn Notifier>,
}

impl Target {
    /// The one target of a channel that never has another.
    fn only(notifier: impl Notifier + 'static) -> Self {
        Self { name: String::new(), notifier: Box::new(notifier) }
    }

    /// The same, whose errors do not tell the secrets of its channel.
    fn discreet(self, blanks: &Arc<Blanks>) -> Self {
        Self { notifier: Box::new(Discreet::new(self.notifier, blanks)), ..self }
    }

    /// A target of that name.
    fn named(name: impl Into<String>, notifier: impl Notifier + 'static) -> Self {
        Self { name: name.into(), notifier: Box::new(notifier) }
    }
}

impl Channel {
    /// What the target at that position is called: as the channel, with its own name if there are others.
    #[must_use]
    pub fn label(&self, position: usize) -> String {
        match self.targets.get(position) {
            Some(target) if self.targets.len() > 1 => format!("{} {}", self.name, target.name),
            _ => self.name.to_string(),
        }
    }
}

/// The channels that are configured, in that order.
#[must_use]
pub fn build(notify: &config::Notify, page: &Arc<Page>, client: &Client) -> Vec<Channel> {
    let channel = |channel: &config::Channel| {
        let targets = match &channel.kind {
            ChannelKind::Email(email) => email::targets(email, page, client),
            ChannelKind::Twilio(twilio) => twilio::targets(twilio, page, client),
            ChannelKind::Slack(slack) => slack::targets(slack, page, client),
            ChannelKind::Zulip(zulip) => zulip::targets(zulip, page, client),
            ChannelKind::Telegram(telegram) => telegram::targets(telegram, page, client),
            ChannelKind::Pushover(pushover) => pushover::targets(pushover, page, client),
            ChannelKind::Gotify(gotify) => gotify::targets(gotify, page, client),
            ChannelKind::Xmpp(xmpp) => xmpp::targets(xmpp, page, client),
            ChannelKind::Matrix(matrix) => matrix::targets(matrix, page, client),
            ChannelKind::Webex(webex) => webex::targets(webex, page, client),
            ChannelKind::Webhook(webhook) => webhook::targets(webhook, page, client),
            ChannelKind::Ntfy(ntfy) => ntfy::targets(ntfy, page, client),
            ChannelKind::Discord(discord) => discord::targets(discord, page, client),
            ChannelKind::Teams(teams) => teams::targets(teams, page, client),
            ChannelKind::Mattermost(mattermost) => mattermost::targets(mattermost, page, client),
            ChannelKind::GoogleChat(google_chat) => google_chat::targets(google_chat, page, client),
            ChannelKind::Pagerduty(pagerduty) => pagerduty::targets(pagerduty, page, client),
            ChannelKind::Opsgenie(opsgenie) => opsgenie::targets(opsgenie, page, client),
            ChannelKind::Http(http) => http::targets(http, page, client),
        };
        let blanks = Arc::new(Blanks::of(&channel.kind.secrets()));
        let targets = targets.into_iter().map(|target| target.discreet(&blanks)).collect();
        Channel {
            name: channel.name.clone(),
            reminders_only: channel.reminders_only,
            keeps_alerts: channel.kind.keeps_alerts(),
            targets,
        }
    };
    notify.channels.iter().map(channel).collect()
}
