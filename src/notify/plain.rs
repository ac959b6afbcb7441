//! A notice in lines, as the channels that take text have it; each escapes what is not its own.

use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;

use super::fit;
use super::fit::Length;
use super::say;
use super::text;

/// How text of others gets into a format.
pub(super) type Escape = fn(&str) -> String;

/// What a test notice says instead of a status.
pub(super) const TEST: &str = "This is a test notice, nothing has changed.";

/// Nothing is escaped.
pub(super) fn as_it_is(text: &str) -> String {
    text.to_owned()
}

/// What kind of notice it is, in a sentence; none for a change, which is the usual one.
pub(super) fn remark(notice: &Notice) -> Option<&'static str> {
    match notice.kind {
        Kind::Startup => Some("This is a startup alert."),
        Kind::Change => None,
        Kind::Reminder { .. } => Some("This is a reminder."),
        Kind::Test => Some(TEST),
    }
}

/// All of it: the status in a sentence, of the dead replicas what fits into `nodes_max` bytes, the time, and what changed.
pub(super) fn whole(notice: &Notice, nodes_max: usize) -> Vec<String> {
    let mut lines = vec![say::sentence(notice, "")];
    let dead = text::dead(notice, nodes_max);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.extend(changes(notice, as_it_is));
    lines
}

/// How much of a report the page's title may take, in bytes.
const TITLE_MAX: usize = 100;

/// What kind of notice it is and of which page, and how that is; of the dead replicas what fits into `nodes_max` bytes.
pub(super) fn report(notice: &Notice, title: &str, nodes_max: usize) -> Vec<String> {
    let kind = match notice.kind {
        Kind::Startup => "Startup alert for: ",
        Kind::Change => "",
        Kind::Reminder { .. } => "Reminder for: ",
        Kind::Test => "Test notice for: ",
    };
    let mut lines = vec![format!("{kind}{}", fit::line(title, TITLE_MAX, fit::bytes)), String::new()];
    if notice.kind != Kind::Test {
        lines.push(format!("Status: {}", text::capital(notice.status)));
    }
    let dead = text::dead(notice, nodes_max);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines
}

/// What changed and why, as a list: a line for each node, and one for each of its replicas where that says more. An
/// empty line stands before it.
pub(super) fn changes(notice: &Notice, escape: Escape) -> Vec<String> {
    let mut lines = Vec::new();
    for story in text::stories(notice, text::STORIES_MAX) {
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(format!("- {}", escape(&story.head)));
        lines.extend(story.details.iter().map(|detail| format!("  - {}", escape(detail))));
    }
    lines
}

/// The lines of a list that fit into `max`, and how many there are besides.
pub(super) fn within(lines: impl Iterator<Item = String>, max: usize, length: Length) -> (Vec<String>, usize) {
    let (mut kept, mut used, mut more) = (Vec::new(), 0, 0);
    for line in lines {
        used += length(&line) + 1;
        if used <= max {
            kept.push(line);
        } else {
            more += 1;
        }
    }
    (kept, more)
}

/// The sign of a status: a cross, a triangle or a tick.
pub(super) fn icon(status: Status) -> char {
    match status {
        Status::Healthy => '\u{2705}',
        Status::Sick => '\u{26a0}',
        Status::Dead => '\u{274c}',
    }
}
