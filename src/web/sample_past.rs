//! A past with whatever there can be, for a map of samples.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::back_at;
use crate::model::announcement::Announcement;
use crate::model::cause::Cause;
use crate::model::cause::Failure;
use crate::model::id::Id;
use crate::model::incident::Affected;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::maintenance::Maintenance;
use crate::model::map::Map;
use crate::model::observation::Load;
use crate::model::past::Past;
use crate::model::shown::MonthHistory;
use crate::model::shown::NodeHistory;
use crate::model::shown::Range;
use crate::model::shown::Shown;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::transition::NodeKey;
use crate::model::uuid::Uuid;

use super::sample::now;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How many nodes have a page that is tried.
const NODES: usize = 2;

/// What is at hand of every node: a day of each kind, and incidents of each kind.
pub(super) fn shown(map: &Map, at: Timestamp) -> Shown {
    let past = Arc::new(past(at));
    let pasts = keys(map).into_iter().map(|key| (key, past.clone())).collect();
    let incidents = incidents(map, at).into_iter().map(Arc::new).collect();
    Shown { pasts, incidents, announcements: announcements(at), maintenance: maintenance(at), unread: false }
}

/// One that has an end, and one that has none.
fn announcements(at: Timestamp) -> Vec<Arc<Announcement>> {
    let made = [(1, Some(DAY)), (2, None)].map(|(number, lasting)| {
        Announcement::new(Uuid::of_random([number; 16]), "Sample", "First line.\nSecond line.", lasting, at)
    });
    made.into_iter().flatten().map(Arc::new).collect()
}

/// Maintenance that is under way, and some that is to come.
fn maintenance(at: Timestamp) -> Vec<Arc<Maintenance>> {
    let one = |number: u8, starts_at: Timestamp, text: Option<&str>| Maintenance {
        id: Uuid::of_random([number; 16]),
        title: "Sample".to_owned(),
        text: text.map(str::to_owned),
        targets: Vec::new(),
        starts_at,
        ends_at: at.checked_add(DAY).unwrap_or(at),
        ended_at: None,
    };
    let all = [one(1, at, None), one(2, at.checked_add(HOUR).unwrap_or(at), Some("First line.\nSecond line."))];
    all.into_iter().map(Arc::new).collect()
}

/// The history of some nodes.
pub(super) fn nodes(map: &Map, at: Timestamp) -> Vec<(NodeKey, NodeHistory)> {
    let history = |key: NodeKey| {
        let replicas = map.node(key.service.as_str(), key.node.as_str()).map(|node| node.replicas.keys());
        let replicas = replicas.into_iter().flatten().map(|id| (id.clone(), answers(0))).collect();
        let series = (0..9).map(|ago| (before(at, Range::Day.step() * ago), answers(ago))).rev().collect();
        (key, NodeHistory { series, replicas, incidents: incidents(map, at) })
    };
    keys(map).into_iter().take(NODES).map(history).collect()
}

/// The history of the present month.
pub(super) fn month(map: &Map, at: Timestamp) -> MonthHistory {
    MonthHistory { incidents: incidents(map, at), first: Some(before(at, DAY * 99)) }
}

fn keys(map: &Map) -> Vec<NodeKey> {
    let key = |service: &Id, node: &Id| NodeKey { service: service.clone(), node: node.clone() };
    map.services.iter().flat_map(|(id, service)| service.nodes.keys().map(move |node| key(id, node))).collect()
}

fn past(at: Timestamp) -> Past {
    let mut past = Past::default();
    for (ago, status) in [(5, Status::Healthy), (4, Status::Sick), (3, Status::Dead), (1, Status::Healthy)] {
        past.add(before(at, DAY * ago), &Span::of(Some(status), HOUR));
    }
    past
}

/// Answers, loads, and an outage.
fn answers(ago: u32) -> Span {
    let mut span = Span::of(Some(Status::Healthy), HOUR);
    for number in 1..=3 {
        span.latencies.add(Duration::from_millis(u64::from(number * (ago + 1))));
    }
    span.loads.add(Load { cpu: 0.5, ram: 0.5 });
    span.spend(Some(Status::Dead), Duration::from_mins(1));
    span
}

/// One that is open, one that is over, one of which nobody saw the end, and those of what is no longer there.
fn incidents(map: &Map, at: Timestamp) -> Vec<Incident> {
    let Some((service, part)) = map.services.first() else { return Vec::new() };
    let gone = Id::new("gone");
    let nodes = || part.nodes.keys().take(NODES).cloned().chain(gone.clone());
    let ends = [None, Some(End::Recovered), Some(End::Unwatched)];
    let of = |id: usize, service: &Id, end: Option<End>| {
        let moment = |ago| back_at(now(), before(at, ago));
        let ended = end.map(|how| Ended { at: moment(HOUR), how });
        let cause = Some(Cause::Failed(Failure::Refused));
        let affected = |node| Affected {
            node,
            since: moment(HOUR * 2),
            cause: cause.clone(),
            deaths: 2,
            again: moment(HOUR),
            down: Duration::from_mins(7),
            until: ended,
        };
        Incident {
            id: id as u64,
            service: service.clone(),
            opened: moment(HOUR * 2),
            cause: cause.clone(),
            affected: nodes().map(affected).collect(),
            closed: ended,
        }
    };
    let services = [Some(service), gone.as_ref().ok()].into_iter().flatten();
    let all = services.flat_map(|service| ends.map(|end| (service, end)));
    all.enumerate().map(|(id, (service, end))| of(id, service, end)).collect()
}

fn before(at: Timestamp, ago: Duration) -> Timestamp {
    at.checked_sub(ago).unwrap_or(Timestamp::MIN)
}
