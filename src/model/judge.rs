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
        let mut unsure = self.unsure;
        let Some((node, replica)) = self.replica_mut(key) else {
            return Vec::new();
        };
        // It may have taken several attempts to be sure.
        let since = match outcome.finding {
            Finding::Down(_) => clock::before(now, outcome.took),
            Finding::Up(_)
            | Finding::Certified { .. }
            | Finding::Ailing(..)
            | Finding::Queue(_)
            | Finding::Unread(_)
            | Finding::Blind(_) => now,
        };
        unsure.leave(replica.seen.as_ref());
        replica.seen = Some(Observation::Checked(outcome));
        unsure.enter(replica.seen.as_ref());
        let verdict = judge(replica, &node, now);
        self.unsure = unsure;
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
        let known = node.replicas.get(&id).map(|replica| replica.kind);
        if known == Some(Kind::Queue) {
            return Err(Refusal::WrongMode);
        }
        let new = known.is_none();
        if new && is_full(node, most) {
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
        match node.replicas.get(&key.replica).map(|replica| replica.kind) {
            None => return Err(Refusal::Unknown),
            Some(Kind::Queue) => return Err(Refusal::WrongMode),
            Some(_) => {}
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
            Finding::Queue(lengths) => Some(limits.queue.judge(*lengths)),
            // A queue that nobody can tell of is neither well nor dead; the node is as the rest of it is.
            Finding::Unread(_) => None,
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

/// Whether a node has that many replicas that report; they are counted only when there may be that many.
fn is_full(node: &Node, most: usize) -> bool {
    let reporting = || node.replicas.values().filter(|replica| replica.kind == Kind::Report).count();
    node.replicas.len() >= most && reporting() >= most
}

/// Silence is told in whole seconds: `no report within 52 s`, not `52.001 s`.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests;
