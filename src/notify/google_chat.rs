//! Google Chat, by the incoming webhook of a space: <https://developers.google.com/workspace/chat/quickstart/webhooks>.
//!
//! A text has little markup (<https://developers.google.com/workspace/chat/format-messages>), and no escape is
//! documented for it: an invisible space behind what begins a link, a mention or a style takes its meaning from it. A
//! text has up to 4,096 characters, and a message up to 32,000 bytes
//! (<https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>). Errors are those of
//! all its interfaces (<https://cloud.google.com/apis/design/errors>): 429 passes
//! (<https://developers.google.com/workspace/chat/limits>).

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Notice;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::SendError;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::fit;
use super::plain;
use super::say;
use super::text;

/// What Google Chat takes, in characters; of four bytes each it would still be far below the limit in bytes.
const TEXT_MAX: usize = 4_096;

/// How much of the title and of a list of replicas is sent.
const TITLE_MAX: usize = 200;
const NODES_MAX: usize = 600;

/// The space of the webhook.
pub(super) fn targets(config: &config::GoogleChat, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Google Chat").words("/error/message");
    vec![call::target(String::new(), client, answers, move |notice| request(notice, &config, &page))]
}

fn request(notice: &Notice, config: &config::GoogleChat, page: &Page) -> Result<Call, SendError> {
    Call::post(config.webhook_url.reveal()).json(&Message { text: written(notice, page) })
}

#[derive(Serialize)]
struct Message {
    text: String,
}

fn written(notice: &Notice, page: &Page) -> String {
    let title = fit::line(&say::title(notice, page), TITLE_MAX, fit::utf16);
    let mut lines = vec![format!("*{}*", escape(&title)), say::sentence(notice, "*")];
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {}", escape(&dead)));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.push(format!("Page: {}", page.url));
    lines.extend(plain::changes(notice, escape));
    fit::lines(&lines, TEXT_MAX, fit::utf16)
}

/// A space without width behind each sign that begins markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        escaped.push(one);
        if matches!(one, '<' | '*' | '_' | '~' | '`') {
            escaped.push('\u{200b}');
        }
    }
    escaped
}
