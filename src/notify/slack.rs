//! Slack, by an incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
//!
//! The text and the attachment's first fields keep the shape that those who parse such messages know; what changed is
//! told in lines and a field of our own.

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;
use crate::net::client::Client;

use super::Notifier;
use super::Page;
use super::SendError;
use super::post;
use super::text;

/// How much of a text is sent: Slack cuts a message at 40,000 characters and shows far fewer.
const TEXT_MAX: usize = 8_000;

/// Tells a Slack channel.
pub struct Slack {
    config: config::Slack,
    page: Arc<Page>,
    client: Client,
}

/// The notifier, when `[notify.slack]` is there.
pub(super) fn build(notify: &config::Notify, page: &Arc<Page>, client: &Client) -> Option<Box<dyn Notifier>> {
    let config = notify.slack.clone()?;
    Some(Box::new(Slack { config, page: page.clone(), client: client.clone() }))
}

impl Notifier for Slack {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let document = message(notice, &self.page, self.config.mention_channel);
        post::json(&self.client, self.config.hook_url.reveal(), &document)
    }
}

#[derive(Serialize)]
struct Message {
    text: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    fallback: String,
    color: &'static str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    title: &'static str,
    value: String,
    short: bool,
}

fn message(notice: &Notice, page: &Page, mention_channel: bool) -> Message {
    let dead = escape(&text::dead(notice));
    let mut summary = match (notice.test, notice.changed) {
        (true, _) => "This is a test notice, nothing has changed. Status is: ".to_owned(),
        (false, true) => "Status changed to: ".to_owned(),
        (false, false) => "Status is still: ".to_owned(),
    };
    summary.push_str(&format!("*{}*.", notice.status));
    if !dead.is_empty() {
        summary.push_str(&format!(" Nodes: *{dead}*."));
    }
    let changes = cut(&changes(notice));
    if !changes.is_empty() {
        summary.push('\n');
        summary.push_str(&changes);
    }
    let mention = if mention_channel { "<!channel> " } else { "" };
    let field = |title, value: &str, short| Field { title, value: value.to_owned(), short };
    let mut fields = Vec::new();
    if !dead.is_empty() {
        fields.push(field("Nodes", &dead, false));
    }
    fields.push(field("Status", text::capital(notice.status), true));
    fields.push(field("Time", &words::time(notice.at), true));
    fields.push(field("Monitor Page", &escape(&page.url), false));
    Message {
        text: format!("{mention}{summary}"),
        attachments: [Attachment { fallback: summary, color: color(notice.status), fields }],
    }
}

/// A line for each node that changed, and one for each of its replicas where that says more.
fn changes(notice: &Notice) -> String {
    let mut lines = Vec::new();
    for story in text::stories(notice) {
        lines.push(format!("• {}", escape(&story.head)));
        lines.extend(story.details.iter().map(|detail| format!("    ◦ {}", escape(detail))));
    }
    lines.join("\n")
}

/// The names that Slack has for green, yellow and red.
fn color(status: Status) -> &'static str {
    match status {
        Status::Healthy => "good",
        Status::Sick => "warning",
        Status::Dead => "danger",
    }
}

/// The three characters that Slack's text format reserves.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// No more than Slack takes, at the end of a line.
fn cut(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        if kept.len() + line.len() > TEXT_MAX {
            kept.push_str("\n[..]");
            break;
        }
        if !kept.is_empty() {
            kept.push('\n');
        }
        kept.push_str(line);
    }
    kept
}
