//! What a Matrix room reads: HTML, and text beside it.

use serde_json::Value;
use serde_json::json;

use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::words;

use super::super::Page;
use super::super::fit;
use super::super::markup::html;
use super::super::plain;
use super::super::text;

/// How much HTML and how much text is sent, each in bytes. An event may have 65,536
/// (<https://spec.matrix.org/latest/client-server-api/#size-limits>), written as JSON, which may double some of them.
const TEXT_MAX: usize = 15_000;

/// How much of each the list of nodes may take.
const NODES_MAX: usize = 4_000;

/// The content of the event.
pub(super) fn message(notice: &Notice, page: &Page) -> Value {
    json!({
        "msgtype": "m.text",
        "body": body(notice, page),
        "format": "org.matrix.custom.html",
        "formatted_body": formatted(notice, page),
        // Nobody is mentioned, whatever stands in a label (https://spec.matrix.org/latest/client-server-api/#user-and-room-mentions).
        "m.mentions": {},
    })
}

/// The nodes with dead replicas and how many each has, in the order of the page.
fn nodes(notice: &Notice) -> Vec<(String, usize)> {
    let mut nodes: Vec<(String, usize)> = Vec::new();
    for key in &notice.dead {
        let node = key.node.to_string();
        match nodes.last_mut() {
            Some((last, count)) if *last == node => *count += 1,
            _ => nodes.push((node, 1)),
        }
    }
    nodes
}

/// The first line: what the status is, or that this is a test.
fn heading(notice: &Notice, emphasized: fn(&str) -> String) -> String {
    if notice.kind == Kind::Test {
        return plain::TEST.to_owned();
    }
    let status = emphasized(&notice.status.word().to_uppercase());
    format!("{} {}: {status}.", plain::icon(notice.status), text::heading(notice))
}

fn formatted(notice: &Notice, page: &Page) -> String {
    let mut text = format!("<p>{}</p>", heading(notice, |status| format!("<em>{status}</em>")));
    let nodes = nodes(notice).into_iter();
    let nodes = nodes.map(|(node, count)| format!("<li><code>{}</code>: {count} dead</li>", html(&node)));
    push_list(&mut text, nodes, NODES_MAX, notice.more_dead);
    text.extend(["<p>Status page: ", &html(&page.url), "</p><p>Time: ", &words::time(notice.at), "</p>"]);
    let stories = text::stories(notice, text::STORIES_MAX).into_iter().map(|story| {
        let mut item = format!("<li>{}", html(&story.head));
        let details = story.details.iter().map(|detail| format!("<li>{}</li>", html(detail)));
        push_list(&mut item, details, NODES_MAX, 0);
        item + "</li>"
    });
    let room = TEXT_MAX.saturating_sub(text.len());
    push_list(&mut text, stories, room, 0);
    text
}

/// A list of those items that have room, and of how many there are besides.
fn push_list(text: &mut String, items: impl Iterator<Item = String>, max: usize, besides: usize) {
    let (items, more) = plain::within(items, max, fit::bytes);
    if items.is_empty() && more + besides == 0 {
        return;
    }
    text.push_str("<ul>");
    text.extend(items);
    if more + besides > 0 {
        text.extend(["<li>and ", &(more + besides).to_string(), " more</li>"]);
    }
    text.push_str("</ul>");
}

fn body(notice: &Notice, page: &Page) -> String {
    let mut lines = vec!["You received a Vigil alert.".to_owned(), heading(notice, plain::as_it_is)];
    let nodes = nodes(notice).into_iter().map(|(node, count)| format!("- {node}: {count} dead"));
    let (nodes, more) = plain::within(nodes, NODES_MAX, fit::bytes);
    lines.extend(nodes);
    if more + notice.more_dead > 0 {
        lines.push(format!("- and {} more", more + notice.more_dead));
    }
    lines.push(format!("Status page: {}", page.url));
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, TEXT_MAX, fit::bytes)
}
