//! Incidents for tests, by how many minutes ago they were.

use crate::clock::Now;
use crate::clock::before;
use crate::model::cause::Cause;
use crate::model::cause::Failure;
use crate::model::fixture;
use crate::model::fixture::secs;
use crate::model::incident::Affected;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::map::Map;

pub(super) fn ago(minutes: u64) -> Now {
    before(fixture::now(), secs(60 * minutes))
}

#[expect(clippy::unnecessary_wraps, reason = "as an incident has it")]
pub(super) fn ended(minutes: u64, how: End) -> Option<Ended> {
    Some(Ended { at: ago(minutes), how })
}

/// That it recovered then.
pub(super) fn over(minutes: u64) -> Option<Ended> {
    ended(minutes, End::Recovered)
}

/// A node that was down once, since then.
pub(super) fn down(node: &str, since: u64, until: Option<Ended>) -> Affected {
    let (since, cause) = (ago(since), Some(Cause::Failed(Failure::Refused)));
    let down = until.map(|until| until.at.wall.duration_since(since.wall).unsigned_abs()).unwrap_or_default();
    Affected { node: fixture::id(node), since, cause, deaths: 1, again: since, down, until }
}

/// The same one, which died so often, the last time then, and was down for so many seconds before or in all.
pub(super) fn again(first: Affected, deaths: u32, again: u64, down: u64) -> Affected {
    Affected { deaths, again: ago(again), down: secs(down), ..first }
}

/// The incident of these.
pub(super) fn incident(id: u64, service: &str, affected: Vec<Affected>) -> Incident {
    let ends: Option<Vec<Ended>> = affected.iter().map(|one| one.until).collect();
    let closed = ends.and_then(|ends| ends.into_iter().max_by_key(|ended| ended.at.wall));
    let (opened, cause) = (affected[0].since, affected[0].cause.clone());
    Incident { id, service: fixture::id(service), opened, cause, affected, closed }
}

/// A map with their labels.
pub(super) fn map() -> Map {
    let mut map = fixture::map();
    for (service, node, label) in [("web", "api", "API"), ("web", "site", "Site"), ("app", "push", "Jobs")] {
        map.services[service].nodes[node].label = label.into();
    }
    map
}
