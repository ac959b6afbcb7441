//! The words of a notice, from which each channel makes its message.

use std::time::Duration;

use serde_derive::Serialize;

use crate::model::notice::Affected;
use crate::model::notice::Change;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;

/// A node that changed, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The node's status as a word, `unknown` when nothing is known of it any more.
    pub status: &'static str,
    /// One sentence: which node, what it is, since when, and why, or for how long it was otherwise.
    pub head: String,
    /// A line for each replica that is not healthy, where the sentence does not say it all.
    pub details: Vec<String>,
}

/// What changed, a story a node.
#[must_use]
pub fn stories(notice: &Notice) -> Vec<Story> {
    notice.changes.iter().map(story).collect()
}

/// The replicas that are dead, as `service:node:replica` with commas; empty when there are none.
#[must_use]
pub fn dead(notice: &Notice) -> String {
    let named: Vec<String> = notice.dead.iter().map(ToString::to_string).collect();
    and_more(&named, notice.more_dead)
}

/// A status with a capital letter: `Dead`.
#[must_use]
pub fn capital(status: Status) -> &'static str {
    match status {
        Status::Healthy => "Healthy",
        Status::Sick => "Sick",
        Status::Dead => "Dead",
    }
}

fn story(change: &Change) -> Story {
    let node = format!("{}, {} ({})", change.service, change.label, change.key);
    let since = words::moment(change.since);
    let was = change.was.map(|(status, time)| (status, words::duration(whole(time))));
    let head = match (change.to, was) {
        (Some(Status::Healthy), Some((was, time))) => format!("{node} is healthy again, it was {was} for {time}"),
        (Some(status), Some((was, time))) if status < was => {
            format!("{node} is {status} since {since}, it was {was} for {time}{}", why(change))
        }
        (Some(status), _) => format!("{node} is {status} since {since}{}", why(change)),
        (None, Some((was, time))) => format!("{node} is no longer {was}, its replicas were removed ({was} for {time})"),
        (None, None) => format!("{node} has no replicas any more"),
    };
    let mut details: Vec<String> = Vec::new();
    if change.affected.len() + change.more_affected > 1 {
        details = change.affected.iter().map(detail).collect();
        if change.more_affected > 0 {
            details.push(format!("and {} more", change.more_affected));
        }
    }
    Story { status: change.to.map_or("unknown", Status::word), head, details }
}

/// The cause as it ends the sentence, with its replica when there is but one.
fn why(change: &Change) -> String {
    match change.affected.as_slice() {
        [] => String::new(),
        [only] if change.more_affected == 0 => {
            let cause = only.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{cause} ({})", only.key.replica)
        }
        [first, ..] => first.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default(),
    }
}

fn detail(affected: &Affected) -> String {
    let cause = affected.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{} is {}{cause}", affected.key.replica, affected.status)
}

fn and_more(named: &[String], more: usize) -> String {
    let list = named.join(", ");
    if more == 0 { list } else { format!("{list} and {more} more") }
}

/// People count outages in seconds.
fn whole(time: Duration) -> Duration {
    if time < Duration::from_secs(1) { time } else { Duration::from_secs(time.as_secs()) }
}
