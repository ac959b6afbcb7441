//! What the page says of a replica: how it is asked, what was found, and why it is not well.

use jiff::Timestamp;
use serde_derive::Serialize;

use crate::model::cause::Cause;
use crate::model::map::Kind;
use crate::model::map::Mode;
use crate::model::map::Node;
use crate::model::map::Replica;
use crate::model::observation::Content;
use crate::model::observation::Finding;
use crate::model::observation::Observation;
use crate::model::observation::Outcome;
use crate::model::observation::left;
use crate::model::status::Status;
use crate::model::words;

use super::view::Time;
use super::view::class;
use super::view::time;
use super::view::words;

/// How many replicas of a node are shown: more than anybody looks at, and few enough for any memory. Those that are not
/// well come first.
const SHOWN_MAX: usize = 250;

/// A replica.
#[derive(Debug, Serialize)]
pub(super) struct ReplicaView {
    tip: String,
    /// Its place among all of its node, from 1.
    pub(super) number: usize,
    status: &'static str,
    words: &'static str,
    name: Option<String>,
    how: &'static str,
    facts: Vec<Fact>,
    since: Option<Time>,
    cause: Option<String>,
    /// In the range of the node's own page; none on the status page.
    pub(super) uptime: Option<String>,
}

#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// The replicas that are shown, and how many are not.
pub(super) fn replicas(place: &str, node: &Node, now: Timestamp) -> (Vec<ReplicaView>, usize) {
    let hidden = node.replicas.len().saturating_sub(SHOWN_MAX);
    let unwell = |replica: &Replica| replica.standing.is_none_or(|standing| standing.status > Status::Healthy);
    let all = || node.replicas.iter().enumerate();
    let mut shown: Vec<_> = if hidden == 0 {
        all().collect()
    } else {
        let (unwell, well): (Vec<_>, Vec<_>) = all().partition(|(_, (_, replica))| unwell(replica));
        unwell.into_iter().chain(well).take(SHOWN_MAX).collect()
    };
    shown.sort_unstable_by_key(|(at, _)| *at);
    let replicas = shown.into_iter().map(|(at, (id, replica))| {
        let name = node.reveals_replicas.then(|| id.to_string());
        replica_view(format!("tip-{place}-{at}"), at + 1, name, node.mode, replica, now)
    });
    (replicas.collect(), hidden)
}

fn replica_view(
    tip: String,
    number: usize,
    name: Option<String>,
    mode: Mode,
    replica: &Replica,
    now: Timestamp,
) -> ReplicaView {
    ReplicaView {
        tip,
        number,
        status: class(replica.standing),
        words: words(replica.standing),
        name,
        how: how(mode, replica.kind),
        facts: facts(replica, now),
        since: replica.standing.map(|standing| time(standing.since.wall)),
        cause: cause(replica),
        uptime: None,
    }
}

/// Why a replica is not well, or why nothing can be said.
fn cause(replica: &Replica) -> Option<String> {
    match &replica.seen {
        Some(Observation::Checked(outcome)) if matches!(outcome.finding, Finding::Blind(_)) => {
            Some("the last check could not be made".to_owned())
        }
        Some(Observation::Checked(Outcome { finding: Finding::Unread(why), .. })) => {
            Some(format!("the length of the queue is not known: {}", why.in_public()))
        }
        None if replica.standing.is_none() => Some("not checked yet".to_owned()),
        Some(Observation::Awaited { .. }) => Some(match &replica.cause {
            Some(cause) => format!("{}; waiting for its next report", cause.in_public()),
            None => "waiting for its next report".to_owned(),
        }),
        // Of one that is not checked yet since the program started, what was known before.
        Some(_) | None => replica.cause.as_ref().map(Cause::in_public),
    }
}

fn how(mode: Mode, kind: Kind) -> &'static str {
    match (mode, kind) {
        (_, Kind::Queue) => "Checked by the length of a queue",
        (Mode::Local, _) => "Checked by vigil-local on its own network",
        (_, Kind::Http) => "Checked over HTTP",
        (_, Kind::Https) => "Checked over HTTPS",
        (_, Kind::Tcp) => "Checked by opening a TCP connection",
        (_, Kind::Tls) => "Checked by a TLS handshake",
        (_, Kind::Ssh) => "Checked by an SSH key exchange",
        (_, Kind::Icmp) => "Checked by ping",
        (_, Kind::Dns) => "Checked by a DNS query",
        (_, Kind::Script) => "Checked by a script",
        (_, Kind::Report) => "Reports its load by itself",
    }
}

fn facts(replica: &Replica, now: Timestamp) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    match &replica.seen {
        Some(Observation::Checked(outcome)) => match &outcome.finding {
            Finding::Up(latency) | Finding::Ailing(latency, _) => vec![fact("Latency", words::duration(*latency))],
            Finding::Certified { latency, until } => {
                let left = left(*until, now);
                let left =
                    if left.is_zero() { "expired".to_owned() } else { format!("valid for {}", words::days(left)) };
                vec![fact("Latency", words::duration(*latency)), fact("Certificate", left)]
            }
            Finding::Queue(lengths) => vec![fact("Queue", lengths.to_string())],
            Finding::Down(_) | Finding::Unread(_) | Finding::Blind(_) => Vec::new(),
        },
        Some(Observation::Reported { content: Content::Load(load), .. }) => {
            vec![fact("CPU load", words::percent(load.cpu)), fact("RAM in use", words::percent(load.ram))]
        }
        Some(Observation::Reported { content: Content::Health(_), .. } | Observation::Awaited { .. }) | None => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;
    use crate::model::fixture::load;
    use crate::model::fixture::node_key;
    use crate::model::queue::Lengths;
    use crate::model::queue::Unread;

    #[test]
    fn a_replica_that_has_not_reported_since_a_restart_is_waited_for() {
        let (mut map, now) = (fixture::map(), fixture::now());
        for (cpu, wanted) in [(0.1, "waiting for its next report"), (0.95, "CPU load 95%; waiting for its next report")]
        {
            map.record_report(&node_key("app", "push"), load("a", cpu, 30), 9, now).unwrap();
            let replica = &mut map.services["app"].nodes["push"].replicas[0];
            replica.seen = Some(Observation::Awaited { since: now.instant, deadline: now.instant });
            assert_eq!(cause(replica).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn a_queue_tells_its_lengths_or_why_they_are_not_known() {
        let told = |finding| {
            let mut replica = Replica::new(Kind::Queue);
            replica.seen = Some(Observation::Checked(fixture::outcome(finding)));
            let facts = facts(&replica, fixture::now().wall);
            let facts: Vec<String> = facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
            (facts.join(" "), cause(&replica))
        };
        let (facts, why) = told(Finding::Queue(Lengths { ready: 12, unacknowledged: 3 }));
        assert_eq!((facts.as_str(), why), ("Queue: 12 ready, 3 unacknowledged", None));
        let (facts, why) = told(Finding::Unread(Unread::Unauthorized(401)));
        let wanted = "the length of the queue is not known: HTTP 401";
        assert_eq!((facts.as_str(), why.as_deref()), ("", Some(wanted)));
    }

    #[test]
    fn a_tooltip_says_how_a_replica_is_known() {
        for (mode, kind, wanted) in [
            (Mode::Poll, Kind::Http, "Checked over HTTP"),
            (Mode::Poll, Kind::Https, "Checked over HTTPS"),
            (Mode::Poll, Kind::Tcp, "Checked by opening a TCP connection"),
            (Mode::Poll, Kind::Tls, "Checked by a TLS handshake"),
            (Mode::Poll, Kind::Ssh, "Checked by an SSH key exchange"),
            (Mode::Poll, Kind::Icmp, "Checked by ping"),
            (Mode::Poll, Kind::Dns, "Checked by a DNS query"),
            (Mode::Script, Kind::Script, "Checked by a script"),
            (Mode::Push, Kind::Report, "Reports its load by itself"),
            (Mode::Local, Kind::Report, "Checked by vigil-local on its own network"),
            (Mode::Local, Kind::Queue, "Checked by the length of a queue"),
            (Mode::Push, Kind::Queue, "Checked by the length of a queue"),
        ] {
            assert_eq!(how(mode, kind), wanted);
        }
    }
}
