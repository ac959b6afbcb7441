//! The channels: `[notify.email]` and the like, a file each.

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
mod slack;
mod teams;
mod telegram;
mod twilio;
mod webex;
mod webhook;
mod xmpp;
mod zulip;

use std::collections::HashMap;
use std::sync::Arc;

use super::super::Channel;
use super::super::ChannelKind;
use super::super::Node;
use super::super::Service;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::keys::known_section;
use super::super::section::Section;

/// Reads one section of a kind.
type Read = fn(&Section<'_>) -> Result<ChannelKind, ConfigError>;

/// Every kind, by the full name of its section.
static KINDS: &[(&str, Read)] = &[
    ("notify.email", |section| email::email(section).map(ChannelKind::Email)),
    ("notify.twilio", |section| twilio::twilio(section).map(ChannelKind::Twilio)),
    ("notify.slack", |section| slack::slack(section).map(ChannelKind::Slack)),
    ("notify.zulip", |section| zulip::zulip(section).map(ChannelKind::Zulip)),
    ("notify.telegram", |section| telegram::telegram(section).map(ChannelKind::Telegram)),
    ("notify.pushover", |section| pushover::pushover(section).map(ChannelKind::Pushover)),
    ("notify.gotify", |section| gotify::gotify(section).map(ChannelKind::Gotify)),
    ("notify.xmpp", |section| xmpp::xmpp(section).map(ChannelKind::Xmpp)),
    ("notify.matrix", |section| matrix::matrix(section).map(ChannelKind::Matrix)),
    ("notify.webex", |section| webex::webex(section).map(ChannelKind::Webex)),
    ("notify.webhook", |section| webhook::webhook(section).map(ChannelKind::Webhook)),
    ("notify.ntfy", |section| ntfy::ntfy(section).map(ChannelKind::Ntfy)),
    ("notify.discord", |section| discord::discord(section).map(ChannelKind::Discord)),
    ("notify.teams", |section| teams::teams(section).map(ChannelKind::Teams)),
    ("notify.mattermost", |section| mattermost::mattermost(section).map(ChannelKind::Mattermost)),
    ("notify.google_chat", |section| google_chat::google_chat(section).map(ChannelKind::GoogleChat)),
    ("notify.pagerduty", |section| pagerduty::pagerduty(section).map(ChannelKind::Pagerduty)),
    ("notify.opsgenie", |section| opsgenie::opsgenie(section).map(ChannelKind::Opsgenie)),
    ("notify.http", |section| http::http(section).map(ChannelKind::Http)),
];

/// The most channels of a file: each has a thread, and who needs more wants a group on the other side.
const CHANNELS_MAX: usize = 100;

/// The most recipients of a channel: each has a message and a thread of its own.
const RECIPIENTS_MAX: usize = 50;

/// The longest name of a channel; more does not fit a line of a log.
const NAME_LONGEST: usize = 64;

/// Every channel of the file whose `[notify]` is `notify`.
pub(super) fn channels(notify: &Section<'_>) -> Result<Vec<Channel>, ConfigError> {
    let mut channels = Vec::new();
    let mut names = Names::default();
    for (full, read) in KINDS {
        let sections = notify.children(known_section(full))?;
        for section in &sections {
            let name = names.of(section, sections.len())?;
            if channels.len() >= CHANNELS_MAX {
                return Err(
                    section.fault_of_whole(format!("is one too many; a file has at most {CHANNELS_MAX} channels"))
                );
            }
            let reminders_only = section.read("reminders_only", |field| field.flag())?.unwrap_or(false);
            channels.push(Channel { name, reminders_only, kind: read(section)? });
        }
    }
    Ok(channels)
}

/// Warns about channels that never have anything to tell.
pub(super) fn warn_of_idle(
    notify: &Section<'_>,
    channels: &[Channel],
    services: &[Service],
) -> Result<(), ConfigError> {
    let reminded = notify.field("reminder_interval").is_some();
    let nodes = || services.iter().flat_map(|service| &service.nodes);
    let mut sections = Vec::with_capacity(channels.len());
    for (full, _) in KINDS {
        sections.extend(notify.children(known_section(full))?);
    }
    for (section, channel) in sections.iter().zip(channels) {
        let hears = |node: &Node| node.notify.as_ref().is_none_or(|route| route.contains(&channel.name));
        if nodes().next().is_some() && !nodes().any(hears) {
            section.warn_whole(format!("hears of no node: every one has a `notify` without `{}`", channel.name));
        }
        if channel.reminders_only && !reminded {
            section
                .warn("reminders_only", "leaves nothing to tell: there are no reminders without `reminder_interval`");
        }
    }
    Ok(())
}

/// The items of a list as `read` understands them, at least one of them, and each once: `are_same` says which are.
/// `item` is what one is called, and `many` what is said of too many.
fn distinct<T>(
    field: &Field<'_, '_>,
    (item, many): (&str, &str),
    read: impl Fn(&Field<'_, '_>) -> Result<T, ConfigError>,
    are_same: impl Fn(&T, &T) -> bool,
) -> Result<Vec<T>, ConfigError> {
    let items = field.items()?;
    if items.is_empty() {
        return Err(field.wrong("is empty"));
    }
    if items.len() > RECIPIENTS_MAX {
        return Err(field.fault(format!("has more than {RECIPIENTS_MAX} {many}")));
    }
    let mut distinct: Vec<T> = Vec::new();
    for one in items {
        let next = read(&one)?;
        match distinct.iter().position(|known| are_same(known, &next)) {
            Some(first) => one.warn(format!("is the same as {item} {}, ignored", first + 1)),
            None => distinct.push(next),
        }
    }
    Ok(distinct)
}

/// The names so far, with the lines of their sections.
#[derive(Default)]
struct Names(HashMap<Arc<str>, usize>);

impl Names {
    /// The name of the channel in `section`, one of so many of its kind.
    fn of(&mut self, section: &Section<'_>, count: usize) -> Result<Arc<str>, ConfigError> {
        let given = section.read("name", |field| name(&field))?;
        let kind = section.name().rsplit('.').next().unwrap_or_default();
        let name: Arc<str> = match given {
            Some(name) => name.into(),
            None if count == 1 => kind.into(),
            None => {
                let what = format!("is missing; write one, since `{}` stands here {count} times", section.name());
                return Err(section.fault("name", what));
            }
        };
        match self.0.insert(name.clone(), section.line.unwrap_or_default()) {
            Some(first) => {
                Err(section
                    .fault("name", format!("`{name}` is the channel at line {first} already; write another name")))
            }
            None => Ok(name),
        }
    }
}

fn name<'a>(field: &Field<'_, 'a>) -> Result<&'a str, ConfigError> {
    let text = field.text()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.is_empty() || text.len() > NAME_LONGEST || !text.bytes().all(is_plain) {
        return Err(field.wrong("is no name of a channel"));
    }
    Ok(text)
}
