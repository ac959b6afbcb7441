//! Judging: observations in, transitions out. The only place where a status changes.

mod settling;

use std::time::Duration;
use std::time::Instant;

use crate::clock;
use crate::clock::Now;

use super::cause::Cause;
use super::id::Id;
use super::map::Kind;
use super::map::Limits;
use super::map::Map;
use super::map::Mode;
use super::map::Node;
use super::map::Replica;
use super::observation::Content;
use super::observation::Finding;
use super::observation::Observation;
use super::observation::Outcome;
use super::observation::Report;
use super::observation::left;
use super::status::Status;
use super::transition::NodeKey;
use super::transition::ReplicaKey;
use super::transition::Subject;
use super::transition::Transition;

use self::settling::Settling;
use self::settling::Step;

/// Why a report or a removal was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such service, node or replica.
    #[error("not found")]
    Unknown,
    /// The node does not take such reports.
    #[error("the node has another mode")]
    WrongMode,
    /// The node has as many replicas as it may have.
    #[error("the node has too many replicas")]
    Full,
}

/// What came of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// What changed.
    pub transitions: Vec<Transition>,
    /// When the replica is to be looked at for silence, if nobody waits for such a moment already.
    pub expiry: Option<Instant>,
    /// Whether the replica was unknown before.
    pub new: bool,
}

/// What came of looking at a replica for silence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expired {
    /// What changed.
    pub transitions: Vec<Transition>,
    /// When to look again; none when it is dead or gone.
    pub expiry: Option<Instant>,
}

/// A status and why.
type Verdict = (Status, Option<Cause>);

impl Map {
    /// Takes in what a check found and judges its replica.
    pub fn record_check(&mut self, key: &ReplicaKey, outcome: Outcome, now: Now) -> Vec<Transition> {
        self.note_observed(&key.node, now);
        let Some((node, replica)) = self.replica_mut(key) else {
            return Vec::new();
        };
        // It may have taken several attempts to be sure.
        let since = match outcome.finding {
            Finding::Down(_) => clock::before(now, outcome.took),
            Finding::Up(_) | Finding::Certified { .. } | Finding::Ailing(..) | Finding::Blind(_) => now,
        };
        replica.seen = Some(Observation::Checked(outcome));
        let verdict = judge(replica, &node, now);
        self.settle(key, verdict, since, now)
    }

    /// Takes in a report and judges its replica; a node may have at most `most` replicas.
    ///
    /// # Errors
    /// [`Refusal`], when there is no such node, it does not take such reports, or it is full.
    pub fn record_report(&mut self, to: &NodeKey, report: Report, most: usize, now: Now) -> Result<Reported, Refusal> {
        let node = self.node_mut(to).ok_or(Refusal::Unknown)?;
        let Report { replica: id, interval, content } = report;
        match (node.mode, content) {
            (Mode::Push, Content::Load(_)) | (Mode::Local, Content::Health(_)) => {}
            (Mode::Push | Mode::Local | Mode::Poll | Mode::Script, _) => return Err(Refusal::WrongMode),
        }
        let limits = node.limits;
        let new = !node.replicas.contains_key(&id);
        if new && node.replicas.len() >= most {
            return Err(Refusal::Full);
        }
        let silence = interval.saturating_add(limits.delay_dead);
        let deadline = now.instant.checked_add(silence).unwrap_or(now.instant);
        let replica = node.replicas.entry(id.clone()).or_insert_with(|| Replica::new(Kind::Report));
        replica.seen = Some(Observation::Reported { content, received: now.instant, deadline });
        let expiry = replica.expiry.is_none_or(|waiting| deadline < waiting).then_some(deadline);
        replica.expiry = expiry.or(replica.expiry);
        let verdict = judge(replica, &limits, now);
        self.note_observed(to, now);
        let key = ReplicaKey { node: to.clone(), replica: id };
        Ok(Reported { transitions: self.settle(&key, verdict, now, now), expiry, new })
    }

    /// Looks whether a replica that reports has fallen silent. `due` is the moment that was waited for.
    pub fn expire(&mut self, key: &ReplicaKey, due: Instant, now: Now) -> Expired {
        let Some((limits, replica)) = self.replica_mut(key) else {
            return Expired::default();
        };
        if replica.expiry != Some(due) {
            // An earlier moment was asked for meanwhile, or the replica was removed and came back.
            return Expired::default();
        }
        let verdict = judge(replica, &limits, now);
        replica.expiry = match &replica.seen {
            Some(Observation::Reported { deadline, .. } | Observation::Awaited { deadline, .. })
                if *deadline > now.instant =>
            {
                Some(*deadline)
            }
            _ => None,
        };
        let expiry = replica.expiry;
        Expired { transitions: self.settle(key, verdict, now, now), expiry }
    }

    /// Forgets a replica that reports.
    ///
    /// # Errors
    /// [`Refusal`], when there is no such replica, or its node does not take reports.
    pub fn remove(&mut self, key: &ReplicaKey, now: Now) -> Result<Vec<Transition>, Refusal> {
        let node = self.node_mut(&key.node).ok_or(Refusal::Unknown)?;
        match node.mode {
            Mode::Push | Mode::Local => {}
            Mode::Poll | Mode::Script => return Err(Refusal::WrongMode),
        }
        if !node.replicas.contains_key(&key.replica) {
            return Err(Refusal::Unknown);
        }
        let transitions = self.forget(key, now);
        if let Some(node) = self.node_mut(&key.node) {
            node.replicas.shift_remove(&key.replica);
        }
        Ok(transitions)
    }

    /// Takes its status from a replica that is about to go.
    pub(super) fn forget(&mut self, key: &ReplicaKey, now: Now) -> Vec<Transition> {
        self.settle(key, None, now, now)
    }

    /// Lets a node be under planned maintenance, or ends that: its status does not count for its service and the page
    /// meanwhile. Tells what changes by that.
    pub fn maintain(&mut self, key: &NodeKey, on: bool, now: Now) -> Vec<Transition> {
        let Some(node) = self.node_mut(key).filter(|node| node.maintained != on) else { return Vec::new() };
        node.maintained = on;
        let status = node.standing.map(|standing| standing.status);
        let change = if on { (status, None) } else { (None, status) };
        let mut settling = Settling { since: now, now, cause: None, transitions: Vec::new() };
        self.climb(&key.service, change, &mut settling);
        settling.transitions
    }

    /// Gives a replica its verdict, which is true since a moment, and carries what changes up to the page.
    fn settle(&mut self, key: &ReplicaKey, verdict: Option<Verdict>, since: Now, now: Now) -> Vec<Transition> {
        let (status, cause) = verdict.unzip();
        let cause = cause.flatten();
        let Some(in_node) = self.node_mut(&key.node) else { return Vec::new() };
        let Some(replica) = in_node.replicas.get_mut(&key.replica) else { return Vec::new() };
        replica.cause.clone_from(&cause);
        let mut settling = Settling { since, now, cause, transitions: Vec::new() };
        let Some((from, to)) = settling.settle(Subject::Replica(key.clone()), &mut replica.standing, status) else {
            return Vec::new();
        };
        in_node.tally.shift(from, to);
        let worst = in_node.tally.worst();
        let change = settling.settle(Subject::Node(key.node.clone()), &mut in_node.standing, worst);
        if let Some(change) = change.filter(|_| !in_node.maintained) {
            self.climb(&key.node.service, change, &mut settling);
        }
        settling.transitions
    }

    /// Carries the change of a node up to its service and the page.
    fn climb(&mut self, service: &Id, (from, to): Step, settling: &mut Settling) {
        let Some(in_service) = self.services.get_mut(service) else { return };
        in_service.tally.shift(from, to);
        let worst = in_service.tally.worst();
        let change = settling.settle(Subject::Service(service.clone()), &mut in_service.standing, worst);
        let Some((from, to)) = change else { return };
        self.tally.shift(from, to);
        let worst = self.tally.worst();
        settling.settle(Subject::Page, &mut self.standing, worst);
    }

    fn note_observed(&mut self, key: &NodeKey, now: Now) {
        self.observed = Some(now);
        if let Some(node) = self.node_mut(key) {
            node.observed = Some(now);
        }
    }

    fn node_mut(&mut self, key: &NodeKey) -> Option<&mut Node> {
        self.services.get_mut(&key.service)?.nodes.get_mut(&key.node)
    }

    /// The replica, with the limits of its node.
    fn replica_mut(&mut self, key: &ReplicaKey) -> Option<(Limits, &mut Replica)> {
        let node = self.node_mut(&key.node)?;
        Some((node.limits, node.replicas.get_mut(&key.replica)?))
    }
}

/// The verdict on a replica; none when nothing can be said about it.
fn judge(replica: &Replica, limits: &Limits, now: Now) -> Option<Verdict> {
    match replica.seen.as_ref()? {
        Observation::Checked(outcome) => match &outcome.finding {
            Finding::Up(latency) | Finding::Certified { latency, .. } if *latency >= limits.delay_sick => {
                Some((Status::Sick, Some(Cause::Slow(*latency))))
            }
            Finding::Certified { until, .. } if left(*until, now.wall) < limits.certificate_left => {
                Some((Status::Sick, Some(Cause::Expiring(left(*until, now.wall)))))
            }
            Finding::Up(_) | Finding::Certified { .. } => Some((Status::Healthy, None)),
            Finding::Ailing(_, failure) => Some((Status::Sick, Some(Cause::Failed(failure.clone())))),
            Finding::Down(failure) => Some((Status::Dead, Some(Cause::Failed(failure.clone())))),
            // Nothing is known: what was true before is the best guess.
            Finding::Blind(_) => replica.standing.map(|standing| (standing.status, replica.cause.clone())),
        },
        Observation::Reported { received, deadline, .. } if now.instant >= *deadline => {
            Some((Status::Dead, Some(Cause::Silent(whole_seconds(now.instant.saturating_duration_since(*received))))))
        }
        Observation::Awaited { since, deadline } if now.instant >= *deadline => {
            Some((Status::Dead, Some(Cause::Silent(whole_seconds(now.instant.saturating_duration_since(*since))))))
        }
        Observation::Awaited { .. } => replica.standing.map(|standing| (standing.status, replica.cause.clone())),
        Observation::Reported { content: Content::Load(load), .. } => {
            let cause = Cause::overload(*load, limits.load);
            Some((if cause.is_some() { Status::Sick } else { Status::Healthy }, cause))
        }
        Observation::Reported { content: Content::Health(status), .. } => {
            Some((*status, (*status > Status::Healthy).then_some(Cause::Reported(*status))))
        }
    }
}

/// Silence is told in whole seconds: `no report within 52 s`, not `52.001 s`.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cause::Failure;
    use super::super::cause::ScriptEnd;
    use super::super::fixture;
    use super::super::fixture::down;
    use super::super::fixture::events::events;
    use super::super::fixture::key;
    use super::super::fixture::load;
    use super::super::fixture::node_key;
    use super::super::fixture::outcome;
    use super::super::fixture::secs;
    use super::super::fixture::up;
    use super::super::id::ReplicaId;
    use super::super::map::Standing;
    use super::*;
    use crate::clock::Clock;
    use crate::clock::after;

    /// What changed, as `node web:api: healthy -> dead`.
    fn told(transitions: &[Transition]) -> Vec<String> {
        let word = |status: Option<Status>| status.map_or("?", Status::word);
        transitions.iter().map(|one| format!("{}: {} -> {}", one.what, word(one.from), word(one.to))).collect()
    }

    #[test]
    fn a_change_climbs_from_the_replica_to_the_page() {
        let (mut map, now) = (fixture::map(), fixture::now());
        let first = map.record_check(&key("web", "api", "a"), up(), now);
        let wanted = [
            "replica web:api:a: ? -> healthy",
            "node web:api: ? -> healthy",
            "service web: ? -> healthy",
            "page: ? -> healthy",
        ];
        assert_eq!(told(&first), wanted);
        assert_eq!(told(&map.record_check(&key("web", "api", "a"), up(), now)), [""; 0]);
        let second = map.record_check(&key("web", "api", "b"), down(), after(now, secs(60)));
        let wanted = [
            "replica web:api:b: ? -> dead",
            "node web:api: healthy -> dead",
            "service web: healthy -> dead",
            "page: healthy -> dead",
        ];
        assert_eq!(told(&second), wanted);
        assert_eq!(second[1].cause, Some(Cause::Failed(Failure::Refused)));
        assert_eq!(second[1].at, after(now, secs(60)));
        assert_eq!(second[1].since, after(now, secs(59)), "the first attempt began when the check did");
        assert_eq!(second[1].lasted, Some(secs(59)));
        let third = map.record_check(&key("web", "site", "a"), up(), now);
        assert_eq!(told(&third), ["replica web:site:a: ? -> healthy", "node web:site: ? -> healthy"]);
    }

    #[test]
    fn a_check_is_judged_by_its_finding() {
        let slow = |seconds| Finding::Up(secs(seconds));
        for (finding, wanted) in [
            (slow(9), Status::Healthy),
            (slow(10), Status::Sick),
            (Finding::Ailing(secs(1), Failure::Script(ScriptEnd::Code(1), None)), Status::Sick),
            (Finding::Down(Failure::HttpStatus(500)), Status::Dead),
        ] {
            let mut map = fixture::map();
            map.record_check(&key("web", "site", "a"), outcome(finding.clone()), fixture::now());
            assert_eq!(map.status(), wanted, "{finding:?}");
        }
    }

    #[test]
    fn a_replica_whose_certificate_is_about_to_expire_is_sick() {
        let now = fixture::now();
        let days = |days: u64| secs(days * 24 * 60 * 60);
        let less = secs(14 * 24 * 60 * 60 - 1);
        let expiring = |left| Some(Cause::Expiring(left));
        for (latency, left, limit, wanted) in [
            (secs(1), days(14), days(14), None),
            (secs(1), less, days(14), expiring(less)),
            (secs(1), secs(0), days(14), expiring(secs(0))),
            (secs(1), secs(0), secs(0), None),
            (secs(10), days(1), days(14), Some(Cause::Slow(secs(10)))),
        ] {
            let mut map = fixture::map();
            map.services.get_mut("web").unwrap().nodes.get_mut("site").unwrap().limits.certificate_left = limit;
            let finding = Finding::Certified { latency, until: now.wall + left };
            map.record_check(&key("web", "site", "a"), outcome(finding), now);
            assert_eq!(map.node("web", "site").unwrap().replicas[0].cause, wanted, "{left:?} of {limit:?}");
            assert_eq!(map.status(), if wanted.is_some() { Status::Sick } else { Status::Healthy });
        }
    }

    #[test]
    fn a_check_that_could_not_be_made_changes_nothing() {
        let (mut map, now) = (fixture::map(), fixture::now());
        let blind = || outcome(Finding::Blind("no file descriptor".to_owned()));
        assert_eq!(map.record_check(&key("web", "site", "a"), blind(), now), []);
        assert_eq!(map.node("web", "site").unwrap().standing, None);
        map.record_check(&key("web", "site", "a"), down(), now);
        assert_eq!(map.record_check(&key("web", "site", "a"), blind(), now), []);
        let site = map.node("web", "site").unwrap();
        assert_eq!(site.replicas[0].cause, Some(Cause::Failed(Failure::Refused)));
    }

    #[test]
    fn a_silent_replica_dies_after_its_interval_and_delay() {
        let (mut map, start) = (fixture::map(), fixture::now());
        let reported = map.record_report(&node_key("app", "push"), load("a", 0.1, 30), 9, start).unwrap();
        assert!(reported.new);
        let due = reported.expiry.unwrap();
        assert_eq!(due, after(start, secs(50)).instant);
        let early = map.expire(&key("app", "push", "a"), due, after(start, secs(49)));
        assert_eq!((early.transitions.len(), early.expiry), (0, Some(due)));
        let late = map.expire(&key("app", "push", "a"), due, after(start, secs(50)));
        assert_eq!(told(&late.transitions)[1], "node app:push: healthy -> dead");
        assert_eq!(late.transitions[1].cause, Some(Cause::Silent(secs(50))));
        assert_eq!(late.expiry, None);
        let back =
            map.record_report(&node_key("app", "push"), load("a", 0.95, 30), 9, after(start, secs(110))).unwrap();
        assert_eq!(told(&back.transitions)[1], "node app:push: dead -> sick");
        assert_eq!(back.transitions[1].lasted, Some(secs(60)));
        assert!(back.expiry.is_some());
    }

    #[test]
    fn a_replica_waits_for_one_expiry_however_often_it_reports() {
        let (mut map, clock) = (fixture::map(), fixture::clock());
        let push = node_key("app", "push");
        let first = map.record_report(&push, load("a", 0.1, 30), 9, clock.now()).unwrap().expiry.unwrap();
        clock.advance(secs(10));
        assert_eq!(map.record_report(&push, load("a", 0.1, 30), 9, clock.now()).unwrap().expiry, None);
        clock.advance(secs(40));
        let looked = map.expire(&key("app", "push", "a"), first, clock.now());
        assert_eq!((looked.transitions.len(), looked.expiry), (0, Some(first + secs(10))));
        // A shorter interval is waited for at once; the later moment is then nobody's.
        let sooner = map.record_report(&push, load("a", 0.1, 1), 9, clock.now()).unwrap().expiry;
        assert_eq!(sooner, None, "the moment that is waited for comes before the new deadline");
        clock.advance(secs(10));
        let again = map.expire(&key("app", "push", "a"), first + secs(10), clock.now());
        assert_eq!(again.expiry, Some(first + secs(21)));
    }

    #[test]
    fn reports_are_refused_where_they_do_not_belong() {
        let (mut map, now) = (fixture::map(), fixture::now());
        let health = |status| Report { content: Content::Health(status), ..load("a", 0.0, 30) };
        let mut to = |service: &str, node: &str, report| {
            map.record_report(&node_key(service, node), report, 1, now)
                .map(|reported| told(&reported.transitions).len())
        };
        assert_eq!(to("web", "nope", load("a", 0.1, 30)), Err(Refusal::Unknown));
        assert_eq!(to("nope", "api", load("a", 0.1, 30)), Err(Refusal::Unknown));
        assert_eq!(to("web", "api", load("a", 0.1, 30)), Err(Refusal::WrongMode));
        assert_eq!(to("app", "push", health(Status::Dead)), Err(Refusal::WrongMode));
        assert_eq!(to("app", "local", load("a", 0.1, 30)), Err(Refusal::WrongMode));
        assert_eq!(to("app", "push", load("a", 0.1, 30)), Ok(4));
        assert_eq!(to("app", "push", load("b", 0.1, 30)), Err(Refusal::Full));
        assert_eq!(to("app", "push", load("a", 0.1, 30)), Ok(0));
        assert_eq!(to("app", "local", health(Status::Dead)), Ok(4));
    }

    #[test]
    fn a_removed_replica_takes_its_status_with_it() {
        let (mut map, now) = (fixture::map(), fixture::now());
        map.record_check(&key("web", "site", "a"), up(), now);
        let report = Report { content: Content::Health(Status::Dead), ..load("a", 0.0, 30) };
        map.record_report(&node_key("app", "local"), report, 9, now).unwrap();
        assert_eq!(map.status(), Status::Dead);
        let gone = map.remove(&key("app", "local", "a"), now).unwrap();
        assert_eq!(told(&gone)[1], "node app:local: dead -> ?");
        assert_eq!(map.status(), Status::Healthy);
        assert_eq!(map.remove(&key("app", "local", "a"), now), Err(Refusal::Unknown));
        assert_eq!(map.remove(&key("web", "site", "a"), now), Err(Refusal::WrongMode));
        assert_eq!(map.expire(&key("app", "local", "a"), now.instant, now), Expired::default());
    }

    proptest! {
        #[test]
        fn the_worst_child_counts_at_every_level_and_every_change_is_told(events in events()) {
            let (mut map, clock) = (fixture::map(), fixture::clock());
            let mut page = None;
            for (pause, event) in events {
                clock.advance(secs(pause));
                let transitions = event.happen(&mut map, clock.now());
                for transition in &transitions {
                    prop_assert_ne!(transition.from, transition.to);
                    let unwell = transition.to > Some(Status::Healthy);
                    // A node may fall back to sick because its dead replica recovered; the cause is then another's.
                    prop_assert!(unwell || transition.cause.is_none());
                    if matches!(transition.what, Subject::Replica(_)) {
                        prop_assert_eq!(transition.cause.is_some(), unwell);
                    }
                    if transition.what == Subject::Page {
                        prop_assert_eq!(transition.from, page);
                        page = transition.to;
                    }
                }
                prop_assert_eq!(map.standing.map(|standing| standing.status), page);
                let status = |standing: Option<Standing>| standing.map(|standing| standing.status);
                for service in map.services.values() {
                    for node in service.nodes.values() {
                        let worst = Status::worst_of(node.replicas.values().filter_map(|replica| status(replica.standing)));
                        prop_assert_eq!(status(node.standing), worst);
                    }
                    prop_assert_eq!(status(service.standing), Status::worst_of(service.nodes.values().filter_map(|node| status(node.standing))));
                }
                prop_assert_eq!(page, Status::worst_of(map.services.values().filter_map(|service| status(service.standing))));
            }
        }

        #[test]
        fn the_same_twice_changes_nothing(cpu in prop::sample::select(vec![0.1, 0.95]), name in "[a-z]{1,5}") {
            let (mut map, now) = (fixture::map(), fixture::now());
            let push = node_key("app", "push");
            let report = Report { replica: ReplicaId::reported(&name).unwrap(), ..load("a", cpu, 30) };
            map.record_report(&push, report.clone(), 9, now).unwrap();
            let again = map.record_report(&push, report, 9, now).unwrap();
            prop_assert_eq!(again, Reported::default());
        }
    }
}
