//! Maps with whatever a page can have, to try templates on.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::clock::Clock;
use crate::clock::Now;
use crate::clock::SystemClock;
use crate::model::cause::Cause;
use crate::model::cause::Failure;
use crate::model::id::Id;
use crate::model::id::IdError;
use crate::model::id::ReplicaId;
use crate::model::map::Kind;
use crate::model::map::Limits;
use crate::model::map::Link;
use crate::model::map::Map;
use crate::model::map::Mode;
use crate::model::map::Node;
use crate::model::map::Replica;
use crate::model::map::Service;
use crate::model::map::Standing;
use crate::model::observation::Content;
use crate::model::observation::Finding;
use crate::model::observation::Load;
use crate::model::observation::Observation;
use crate::model::observation::Outcome;
use crate::model::queue::QueueLimits;
use crate::model::status::Status;
use crate::model::tally::Tally;

/// Every status, every way of watching, and a load.
pub(super) const STATUSES: [Option<Status>; 4] = [None, Some(Status::Healthy), Some(Status::Sick), Some(Status::Dead)];
const MODES: [Mode; 4] = [Mode::Poll, Mode::Push, Mode::Local, Mode::Script];
const SAMPLE_LOAD: Load = Load { cpu: 1.0, ram: 0.5 };

/// How long anything takes there.
const SAMPLE_TIME: Duration = Duration::from_secs(1);

/// The present moment: samples are of today.
pub(super) fn now() -> Now {
    SystemClock.now()
}

/// A page of that status, with whatever a page can have: every status, every way of watching, and what has no parts.
pub(super) fn map(status: Option<Status>) -> Map {
    let now = now();
    let standing = |status: Option<Status>| status.map(|status| Standing { status, since: now });
    let replicas = STATUSES.map(|status| sample_replica(standing(status)));
    let watched = STATUSES.iter().zip(MODES).map(|(status, mode)| sample_node(mode, standing(*status), &replicas));
    let nodes: Vec<Node> = watched.chain(MODES.map(|mode| sample_node(mode, None, &[]))).collect();
    let service = |status, nodes: &[Node]| Service {
        label: "Sample".into(),
        nodes: numbered(nodes, Id::new),
        tally: Tally::default(),
        standing: standing(status),
    };
    let services: Vec<Service> = STATUSES.map(|status| service(status, &nodes)).into_iter().collect();
    let services = [services, vec![service(None, &[])]].concat();
    let observed = status.map(|_| now);
    Map { services: numbered(&services, Id::new), standing: standing(status), observed, ..Map::default() }
}

/// A node of that mode; half of the modes reveal their replicas.
fn sample_node(mode: Mode, standing: Option<Standing>, replicas: &[Replica]) -> Node {
    Node {
        label: "Sample".into(),
        mode,
        limits: Limits {
            delay_sick: SAMPLE_TIME,
            certificate_left: SAMPLE_TIME,
            load: SAMPLE_LOAD,
            delay_dead: SAMPLE_TIME,
            queue: QueueLimits::default(),
        },
        reveals_replicas: matches!(mode, Mode::Poll | Mode::Local),
        link: (mode == Mode::Poll)
            .then(|| Arc::new(Link { url: "https://example.com/".into(), label: "Sample".into() })),
        maintained: mode == Mode::Local,
        replicas: numbered(replicas, ReplicaId::reported),
        observed: standing.map(|standing| standing.since),
        tally: Tally::default(),
        standing,
    }
}

/// A replica with what may be known of one of that status.
fn sample_replica(standing: Option<Standing>) -> Replica {
    let checked = |finding| Observation::Checked(Outcome { finding, attempts: 1, took: SAMPLE_TIME });
    let reported = |at| Observation::Reported { content: Content::Load(SAMPLE_LOAD), received: at, deadline: at };
    let (kind, seen, cause) = match standing.map(|standing| (standing.status, standing.since.instant)) {
        None => (Kind::Tcp, None, None),
        Some((Status::Healthy, _)) => (Kind::Http, Some(checked(Finding::Up(SAMPLE_TIME))), None),
        Some((Status::Sick, at)) => {
            (Kind::Report, Some(reported(at)), Some(Cause::Overloaded { cpu: Some(SAMPLE_LOAD.cpu), ram: None }))
        }
        Some((Status::Dead, _)) => {
            (Kind::Https, Some(checked(Finding::Down(Failure::Refused))), Some(Cause::Failed(Failure::Refused)))
        }
    };
    Replica { seen, standing, cause, ..Replica::new(kind) }
}

/// These things by number, as they would be by name.
fn numbered<K: Hash + Eq, T: Clone>(things: &[T], name: fn(&str) -> Result<K, IdError>) -> IndexMap<K, T> {
    things.iter().zip(1..).filter_map(|(thing, at)| Some((name(&format!("{at}")).ok()?, thing.clone()))).collect()
}
