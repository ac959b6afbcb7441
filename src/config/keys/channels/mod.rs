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

use super::Key;
use super::takes::CHANNEL;
use super::takes::FLAG;

/// The keys of every channel, in the order of the sections.
pub(super) static KEYS: &[&[Key]] = &[
    email::KEYS,
    twilio::KEYS,
    slack::KEYS,
    zulip::KEYS,
    telegram::KEYS,
    pushover::KEYS,
    gotify::KEYS,
    xmpp::KEYS,
    matrix::KEYS,
    webex::KEYS,
    webhook::KEYS,
    ntfy::KEYS,
    discord::KEYS,
    teams::KEYS,
    mattermost::KEYS,
    google_chat::KEYS,
    pagerduty::KEYS,
    opsgenie::KEYS,
    http::KEYS,
];

/// What a channel is called; every kind has it.
const fn name(section: &'static str) -> Key {
    Key::new(
        section,
        "name",
        CHANNEL,
        "What the channel is called in logs and in `notify` of services and nodes, unique among all channels. Without it \
         the channel is called like its section, unless there are several of them.",
    )
}

/// Whether a channel tells reminders only; every kind has it.
const fn reminders_only(section: &'static str) -> Key {
    let doc = "Whether this channel carries only reminders.";
    Key::new(section, "reminders_only", FLAG, doc).default("false")
}

/// The same of a channel that keeps alerts open.
const fn reminders_only_and_ends(section: &'static str) -> Key {
    let doc = "Whether this channel carries only reminders, and what ends an alert.";
    Key::new(section, "reminders_only", FLAG, doc).default("false")
}
