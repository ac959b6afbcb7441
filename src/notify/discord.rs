//! Discord, by a webhook: <https://docs.discord.com/developers/resources/webhook#execute-webhook>.
//!
//! Texts are Markdown: whatever is not ours is escaped, and nobody is mentioned whatever a text says. An embed takes 256
//! characters as its title, 4,096 as its description, 1,024 as the value of a field and 6,000 in all
//! (<https://docs.discord.com/developers/resources/message#embed-object-embed-limits>). After 404 the webhook is gone for
//! good, and 429 says in `Retry-After` when to try again (<https://docs.discord.com/developers/topics/rate-limits>).

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Kind;
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

/// What Discord takes as a title, a description and the value of a field.
const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 4_096;
const VALUE_MAX: usize = 1_024;

/// How much of a list of replicas is sent; escaped it is at most twice as long.
const NODES_MAX: usize = 450;

/// The channel of the webhook.
pub(super) fn targets(config: &config::Discord, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Discord").words("/message").seconds("/retry_after");
    vec![call::target(String::new(), client, answers, move |notice| request(notice, &config, &page))]
}

fn request(notice: &Notice, config: &config::Discord, page: &Page) -> Result<Call, SendError> {
    Call::post(config.webhook_url.reveal()).json(&message(notice, page, config.username.as_deref()))
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    embeds: [Embed; 1],
    allowed_mentions: AllowedMentions,
}

#[derive(Serialize)]
struct Embed {
    title: String,
    description: String,
    color: u32,
    fields: Vec<Field>,
    timestamp: String,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    value: String,
    inline: bool,
}

/// Which mentions have an effect: none.
#[derive(Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
}

fn message<'a>(notice: &Notice, page: &Page, username: Option<&'a str>) -> Message<'a> {
    let mut lines = vec![say::sentence(notice, "**")];
    lines.extend(plain::changes(notice, escape));
    let title = fit::line(&say::title(notice, page), TITLE_MAX / 2, fit::utf16);
    let embed = Embed {
        title: escape(&title),
        description: fit::lines(&lines, DESCRIPTION_MAX, fit::utf16),
        color: say::color(notice),
        fields: fields(notice, page),
        timestamp: notice.at.to_string(),
    };
    Message { username, embeds: [embed], allowed_mentions: AllowedMentions { parse: [] } }
}

fn fields(notice: &Notice, page: &Page) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut field = |name, value: String, inline| {
        if !value.is_empty() && fit::utf16(&value) <= VALUE_MAX {
            fields.push(Field { name, value, inline });
        }
    };
    field("Nodes", escape(&text::dead(notice, NODES_MAX)), false);
    if notice.kind != Kind::Test {
        field("Status", text::capital(notice.status).to_owned(), true);
    }
    field("Time", words::time(notice.at), true);
    // In brackets an address is a link whatever is in it, and has no preview.
    field("Monitor Page", format!("<{}>", page.url), false);
    fields
}

/// A backslash before whatever has a meaning in Discord's Markdown; the colons of emojis and links are among it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        if matches!(one, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '#' | ':' | '@') {
            escaped.push('\\');
        }
        escaped.push(one);
    }
    escaped
}
