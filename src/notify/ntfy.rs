//! ntfy, published as JSON: <https://docs.ntfy.sh/publish/#publish-as-json>.
//!
//! A message is plain text, and one of more than 4,096 bytes would become an attachment
//! (<https://docs.ntfy.sh/publish/#limitations>). Its errors have the usual meanings
//! (<https://docs.ntfy.sh/publish/#authentication>): after 401 and 403 the token or the topic is wrong, 413 is a message
//! that is too long, and 429 that a limit of the server is reached for now.

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
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

/// What ntfy takes, in bytes.
const MESSAGE_MAX: usize = 4_096;

/// How much of the title is sent: phones show far less.
const TITLE_MAX: usize = 200;

/// How much of a list of replicas is sent.
const NODES_MAX: usize = 1_000;

/// The usual priority, and the highest, of 1 to 5.
const USUAL: u8 = 3;
const HIGHEST: u8 = 5;

/// The topic.
pub(super) fn targets(config: &config::Ntfy, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("ntfy").words("/error");
    vec![call::target(String::new(), client, answers, move |notice| request(notice, &config, &page))]
}

fn request(notice: &Notice, config: &config::Ntfy, page: &Page) -> Result<Call, SendError> {
    let call = Call::post(config.url.as_str());
    let call = match &config.token {
        Some(token) => call.bearer(token.reveal()),
        None => call,
    };
    call.json(&message(notice, config, page))
}

#[derive(Serialize)]
struct Message<'a> {
    topic: &'a str,
    title: String,
    message: String,
    priority: u8,
    tags: [&'static str; 1],
    click: &'a str,
}

fn message<'a>(notice: &Notice, config: &'a config::Ntfy, page: &'a Page) -> Message<'a> {
    Message {
        topic: config.topic.reveal(),
        title: fit::line(&say::title(notice, page), TITLE_MAX, fit::bytes),
        message: body(notice),
        priority: priority(notice, config.priority),
        tags: [tag(notice)],
        click: &page.url,
    }
}

fn body(notice: &Notice) -> String {
    let mut lines = vec![say::sentence(notice, "")];
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, MESSAGE_MAX, fit::bytes)
}

/// What is configured or, without that, one more than usual for what is dead; an urgent reminder goes above all.
fn priority(notice: &Notice, configured: Option<u8>) -> u8 {
    if notice.is_urgent_for(0) {
        return HIGHEST;
    }
    configured.unwrap_or(match (notice.kind, notice.status) {
        (Kind::Test, _) | (_, Status::Healthy | Status::Sick) => USUAL,
        (_, Status::Dead) => USUAL + 1,
    })
}

/// The short code that ntfy shows as a sign before the title (<https://docs.ntfy.sh/emojis/>).
fn tag(notice: &Notice) -> &'static str {
    match (notice.kind, notice.status) {
        (Kind::Test, _) => "information_source",
        (_, Status::Healthy) => "white_check_mark",
        (_, Status::Sick) => "warning",
        (_, Status::Dead) => "rotating_light",
    }
}
