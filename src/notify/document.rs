//! A notice as values, for those who make of it what they want: a web hook gets them as JSON, and the templates of
//! `[notify.http]` as variables. docs/CONFIGURATION.md describes them.

use std::time::Duration;

use serde_derive::Serialize;

use crate::model::notice::Affected;
use crate::model::notice::Change;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;

use super::Page;
use super::text;

/// What kind of notice it is.
pub(super) fn kind(notice: &Notice) -> &'static str {
    match notice.kind {
        Kind::Startup => "startup",
        Kind::Change => "changed",
        Kind::Reminder { .. } => "reminder",
        Kind::Test => "test",
    }
}

/// Which reminder it is, from 1; none for what is none.
pub(super) fn reminder(notice: &Notice) -> Option<u32> {
    match notice.kind {
        Kind::Reminder { number, .. } => Some(number),
        Kind::Startup | Kind::Change | Kind::Test => None,
    }
}

/// The nodes that changed, in their order, as many as a notice tells one by one.
pub(super) fn changes(notice: &Notice) -> Vec<ChangeOf<'_>> {
    let told = notice.changes.iter().take(text::STORIES_MAX);
    told.map(|change| ChangeOf::of(change, text::sentence(notice.kind, change))).collect()
}

/// The page.
#[derive(Serialize)]
pub(super) struct PageOf<'a> {
    title: &'a str,
    url: &'a str,
}

/// A node that changed.
#[derive(Serialize)]
pub(super) struct ChangeOf<'a> {
    service: &'a str,
    node: &'a str,
    service_label: &'a str,
    node_label: &'a str,
    status: &'static str,
    /// By RFC 3339.
    since: String,
    /// What it was before, if that was not healthy.
    was: Option<Was>,
    /// All of it in a sentence.
    text: String,
    /// Why its first replica is not healthy.
    cause: Option<String>,
    replicas: Vec<ReplicaOf<'a>>,
    more_replicas: usize,
}

#[derive(Serialize)]
struct Was {
    status: &'static str,
    seconds: u64,
}

/// A replica that is not healthy.
#[derive(Serialize)]
struct ReplicaOf<'a> {
    replica: &'a str,
    status: &'static str,
    cause: Option<String>,
}

impl<'a> PageOf<'a> {
    pub(super) fn of(page: &'a Page) -> Self {
        Self { title: &page.title, url: &page.url }
    }
}

impl<'a> ChangeOf<'a> {
    fn of(change: &'a Change, text: String) -> Self {
        let was = |(status, time): (Status, Duration)| Was { status: status.word(), seconds: time.as_secs() };
        let replicas: Vec<ReplicaOf<'_>> = change.affected.iter().map(ReplicaOf::of).collect();
        Self {
            service: change.key.service.as_str(),
            node: change.key.node.as_str(),
            service_label: &change.service,
            node_label: &change.label,
            status: change.to.map_or("unknown", Status::word),
            since: change.since.to_string(),
            was: change.was.map(was),
            text,
            cause: replicas.first().and_then(|first| first.cause.clone()),
            replicas,
            more_replicas: change.more_affected,
        }
    }
}

impl<'a> ReplicaOf<'a> {
    fn of(affected: &'a Affected) -> Self {
        let cause = affected.cause.as_ref().map(ToString::to_string);
        Self { replica: affected.key.replica.as_str(), status: affected.status.word(), cause }
    }
}
