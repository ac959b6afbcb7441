//! What must not be seen of a channel. Every key is named, so that one that is added has to be thought of.

use super::ChannelKind;
use super::Discord;
use super::Email;
use super::GoogleChat;
use super::Gotify;
use super::HttpRequest;
use super::Matrix;
use super::MatrixAccount;
use super::Mattermost;
use super::Ntfy;
use super::Opsgenie;
use super::Pagerduty;
use super::Pushover;
use super::Slack;
use super::Teams;
use super::Telegram;
use super::Twilio;
use super::Webex;
use super::Webhook;
use super::Xmpp;
use super::Zulip;
use crate::config::Credentials;
use crate::config::Hook;
use crate::secret::Secret;

/// A secret of a channel.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// A token or a key.
    Token(&'a Secret),
    /// A password, and whose it is.
    Password(&'a str, &'a Secret),
    /// A URL whose path and query may be one.
    Address(&'a Secret),
}

impl ChannelKind {
    /// All of its secrets. The templates of `[notify.http]` are not among them: what is answered to them is not told.
    #[must_use]
    pub fn secrets(&self) -> Vec<Held<'_>> {
        match self {
            Self::Email(Email {
                credentials,
                to: _,
                from: _,
                smtp_host: _,
                smtp_port: _,
                encryption: _,
                ca_pem: _,
            }) => of_credentials(credentials.as_ref()),
            Self::Slack(Slack { hook_url: hook, mention_channel: _ })
            | Self::Webhook(Webhook { hook_url: hook })
            | Self::Discord(Discord { webhook_url: hook, username: _ })
            | Self::Teams(Teams { webhook_url: hook })
            | Self::Mattermost(Mattermost { hook_url: hook, channel: _, username: _, mention_channel: _ })
            | Self::GoogleChat(GoogleChat { webhook_url: hook })
            | Self::Http(HttpRequest { url: hook, method: _, headers: _, body: _ }) => of_hook(hook),
            Self::Twilio(Twilio { account_sid, auth_token, to: _, sender: _, api_url: _ }) => {
                vec![Held::Password(account_sid, auth_token)]
            }
            Self::Zulip(Zulip { bot_email, bot_api_key, channel: _, api_url: _ }) => {
                vec![Held::Password(bot_email, bot_api_key)]
            }
            Self::Telegram(Telegram { bot_token, chat_id: _, message_thread_id: _, api_url: _ }) => {
                vec![Held::Token(bot_token)]
            }
            Self::Pushover(Pushover { app_token, user_keys, api_url: _ }) => {
                [app_token].into_iter().chain(user_keys).map(Held::Token).collect()
            }
            Self::Gotify(Gotify { app_token, credentials, app_url: _ }) => {
                let mut held = of_credentials(credentials.as_ref());
                held.push(Held::Token(app_token));
                held
            }
            Self::Xmpp(Xmpp { from, password, to: _, server: _, ca_pem: _ }) => {
                vec![Held::Password(&from.local, password)]
            }
            Self::Matrix(Matrix { account, homeserver_url: _, room_id: _ }) => match account {
                MatrixAccount::Token(token) => vec![Held::Token(token)],
                MatrixAccount::Password { credentials, device_id: _ } => of_credentials(Some(credentials)),
            },
            Self::Webex(Webex { token, endpoint_url: _, room_id: _ }) => vec![Held::Token(token)],
            Self::Ntfy(Ntfy { topic, token, url: _, priority: _ }) => {
                [topic].into_iter().chain(token).map(Held::Token).collect()
            }
            Self::Pagerduty(Pagerduty { routing_key, api_url: _ }) => vec![Held::Token(routing_key)],
            Self::Opsgenie(Opsgenie { api_key, api_url: _, priority: _ }) => vec![Held::Token(api_key)],
        }
    }
}

fn of_credentials(credentials: Option<&Credentials>) -> Vec<Held<'_>> {
    credentials.iter().map(|one| Held::Password(&one.username, &one.password)).collect()
}

fn of_hook(hook: &Hook) -> Vec<Held<'_>> {
    let mut held = of_credentials(hook.credentials.as_ref());
    held.push(Held::Address(&hook.url));
    held
}
