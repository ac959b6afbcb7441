//! Microsoft Teams, by the webhook of a workflow ("Post to a channel when a webhook request is received"), which takes
//! an Adaptive Card: <https://learn.microsoft.com/en-us/connectors/teams/#request-body-schema>.
//!
//! All text is in runs, which have no Markdown (<https://adaptivecards.io/explorer/TextRun.html>), so that nothing needs
//! to be escaped. A message of more than about 28 KB is refused by 413
//! (<https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions>); the flow accepts
//! with 202, and what its other statuses mean is what HTTP says
//! (<https://learn.microsoft.com/en-us/azure/connectors/connectors-native-reqres>).

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::SendError;
use super::Target;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::plain;
use super::say;
use super::text;

/// How much of the changes is sent, in bytes of the card. 28 KB are meant as the other side counts, which by some
/// accounts is in UTF-16: half of it is safe, and more than people read.
const CHANGES_MAX: usize = 12_000;

/// How much of the title and of a list of replicas is sent.
const TITLE_MAX: usize = 200;
const NODES_MAX: usize = 600;

/// The channel or chat of the workflow.
pub(super) fn targets(config: &config::Teams, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Teams").words("/error/message");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Teams, page: &Page) -> Result<Call, SendError> {
    Call::hook(&config.webhook_url, &message(notice, page))
}

fn message(notice: &Notice, page: &Page) -> Value {
    let title = fit::line(&say::title(notice, page), TITLE_MAX, fit::utf16);
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": title,
                "msteams": { "width": "Full" },
                "body": body(notice, &title),
                "actions": [{ "type": "Action.OpenUrl", "title": "Open the status page", "url": page.url }],
            },
        }],
    })
}

fn body(notice: &Notice, title: &str) -> Vec<Value> {
    let head = json!({
        "type": "TextRun", "text": title, "size": "Large", "weight": "Bolder", "color": color(notice),
    });
    let mut body = vec![json!({ "type": "RichTextBlock", "inlines": [head] })];
    body.push(line(&say::sentence(notice, "")));
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        body.push(line(&format!("Nodes: {dead}")));
    }
    let mut used = 0;
    for change in plain::changes(notice, plain::as_it_is).iter().filter(|line| !line.is_empty()) {
        let block = line(change);
        used += block.to_string().len();
        if used > CHANGES_MAX {
            body.push(line("[..]"));
            break;
        }
        body.push(block);
    }
    body.push(line(&format!("Time: {}", words::time(notice.at))));
    body
}

fn line(text: &str) -> Value {
    json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": text }] })
}

/// The names that cards have for green, yellow, red and blue.
fn color(notice: &Notice) -> &'static str {
    match (notice.kind, notice.status) {
        (Kind::Test, _) => "Accent",
        (_, Status::Healthy) => "Good",
        (_, Status::Sick) => "Warning",
        (_, Status::Dead) => "Attention",
    }
}

#[cfg(test)]
mod tests;
