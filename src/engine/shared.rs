//! The one lock, and what may be read without it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::clock::Bell;
use crate::clock::Clock;
use crate::clock::Now;
use crate::config::Config;
use crate::history::Memory;
use crate::model::judge::Refusal;
use crate::model::maintenance;
use crate::model::map::Map;
use crate::model::observation::Outcome;
use crate::model::observation::Report;
use crate::model::shown::Shown;
use crate::model::span::Span;
use crate::model::tier::Tier;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::model::transition::Transition;

use super::metrics::Metrics;
use super::pulse::Pulse;
use super::state::State;

/// The state of the engine. Clones share it.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    version: Version,
    panics: AtomicU64,
    metrics: Metrics,
    /// Whether the program ends: what is seen from then on is no longer judged.
    ended: AtomicBool,
    /// How many replicas one node may be reported to have.
    replicas_max: AtomicUsize,
    poll: Pulse,
    expire: Pulse,
    tell: Pulse,
    /// Not among those that are watched over: a disk may hang.
    keep: Pulse,
    /// Rings for whoever follows the status of the page.
    follower: Bell,
}

/// Counts what changed, so that readers know when to look again.
#[derive(Default)]
struct Version {
    /// Transitions, and replicas that came or went.
    flips: AtomicU64,
    /// All else that the page shows: latencies, loads, the time of the last check.
    details: AtomicU64,
}

/// What a reader has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The count of transitions, and of replicas that came or went.
    pub flips: u64,
    /// The count of all else that the page shows.
    pub details: u64,
}

impl Shared {
    /// Goes on from what is known from before the program started; what changed meanwhile is still to be said.
    pub(super) fn new(config: &Config, clock: Arc<dyn Clock>, memory: &Memory) -> (Self, Vec<Transition>) {
        let now = clock.now();
        let (state, transitions) = State::new(config, memory, now);
        let shared = Self(Arc::new(Inner {
            state: Mutex::new(state),
            clock,
            version: Version::default(),
            panics: AtomicU64::new(0),
            metrics: Metrics::new(now.wall),
            ended: AtomicBool::new(false),
            replicas_max: AtomicUsize::new(config.server.reporter_replicas_max.get()),
            poll: Pulse::new("the polling loop"),
            expire: Pulse::new("the expiry loop"),
            tell: Pulse::new("the telling loop"),
            keep: Pulse::new("the keeping loop"),
            follower: Bell::default(),
        }));
        (shared, transitions)
    }

    /// Puts what was stored of the nodes' pasts in its place.
    pub(super) fn restore(&self, pasts: Vec<(NodeKey, Tier, Timestamp, Span)>) {
        self.with(|state| {
            for (node, tier, at, span) in pasts {
                state.ledger.restore(&node, tier, at, &span);
            }
        });
    }

    /// Does something with the state; the lock cannot leave. Compute first, assign last: no I/O, no logging in here.
    pub(super) fn with<T>(&self, then: impl FnOnce(&mut State) -> T) -> T {
        then(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    /// The present moment, by the engine's clock.
    #[must_use]
    pub fn now(&self) -> Now {
        self.0.clock.now()
    }

    pub(super) fn poll_pulse(&self) -> &Pulse {
        &self.0.poll
    }

    pub(super) fn expire_pulse(&self) -> &Pulse {
        &self.0.expire
    }

    pub(super) fn tell_pulse(&self) -> &Pulse {
        &self.0.tell
    }

    pub(super) fn keep_pulse(&self) -> &Pulse {
        &self.0.keep
    }

    /// Every loop that must never be stuck.
    pub(super) fn pulses(&self) -> [&Pulse; 3] {
        [&self.0.poll, &self.0.expire, &self.0.tell]
    }

    /// A bell that rings when a status changes, for one who follows them.
    #[must_use]
    pub fn follower(&self) -> Bell {
        self.0.follower.clone()
    }

    pub(super) fn stop(&self) {
        for pulse in self.pulses() {
            pulse.bell.stop();
        }
    }

    /// Takes on another configuration; what is in both keeps its state.
    pub(super) fn reconfigure(&self, config: &Config) {
        self.keep_up();
        let now = self.now();
        self.0.replicas_max.store(config.server.reporter_replicas_max.get(), Ordering::Relaxed);
        let turned = self.with(|state| state.reconfigure(config, now));
        self.turned(&turned);
        self.0.follower.ring();
        // The rules of telling may be others now.
        self.0.tell.bell.ring();
    }

    pub(super) fn count_panic(&self) {
        self.0.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// How many steps panicked; each is a fault of ours.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.0.panics.load(Ordering::Relaxed)
    }

    /// What is counted of the engine's own work.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What has happened so far, without the lock.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen {
            flips: self.0.version.flips.load(Ordering::Acquire),
            details: self.0.version.details.load(Ordering::Acquire),
        }
    }

    /// A copy of the map as it is, with what is at hand of history.
    #[must_use]
    pub fn shown(&self) -> (Map, Shown) {
        let now = self.now();
        self.with(|state| {
            state.ledger.count(now);
            let (pasts, incidents) = (state.ledger.pasts().clone(), state.ledger.recent().collect());
            let maintenance = state.upkeep.agenda().ahead(now.wall, maintenance::ANNOUNCED);
            let announcements = state.board.at(now.wall).rev().cloned().collect();
            let unread = state.ledger.is_unread();
            (state.map.clone(), Shown { pasts, incidents, maintenance, announcements, unread })
        })
    }

    /// Does something with the map without copying it: short, and without I/O.
    pub fn read<T>(&self, then: impl FnOnce(&Map) -> T) -> T {
        self.with(|state| then(&state.map))
    }

    /// From now on nothing is judged any more: at the end of the program the page's own port closes, and reports find
    /// nobody; neither is an outage.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    /// Takes in what a check found.
    pub(super) fn record_check(&self, key: &ReplicaKey, outcome: Outcome) {
        if self.has_ended() {
            return;
        }
        self.keep_up();
        let now = self.now();
        let (transitions, sooner) = self.with(|state| {
            let due = state.next_notice(now);
            (state.record_check(key, outcome, now), state.next_notice(now) < due)
        });
        self.changed(&transitions, false);
        if sooner {
            // It was the last one that the notice after a start waited for.
            self.0.tell.bell.ring();
        }
    }

    /// Takes in a report.
    ///
    /// # Errors
    /// [`Refusal`], when there is no such node, it does not take such reports, or it is full.
    pub fn record_report(&self, to: &NodeKey, report: Report) -> Result<(), Refusal> {
        self.keep_up();
        let now = self.now();
        let most = self.0.replicas_max.load(Ordering::Relaxed);
        let reported = self.with(|state| {
            let reported = state.record_report(to, report, most, now)?;
            let earlier = reported.expiry.is_some_and(|due| state.next_expiry() == Some(due));
            Ok((reported, earlier))
        });
        let (reported, earlier) = reported?;
        self.0.metrics.count_report();
        if earlier {
            self.0.expire.bell.ring();
        }
        self.changed(&reported.transitions, reported.new);
        Ok(())
    }

    /// Forgets a replica that reports.
    ///
    /// # Errors
    /// [`Refusal`], when there is no such replica, or its node does not take reports.
    pub fn remove(&self, key: &ReplicaKey) -> Result<(), Refusal> {
        self.keep_up();
        let now = self.now();
        let transitions = self.with(|state| state.remove(key, now))?;
        self.changed(&transitions, true);
        Ok(())
    }

    /// Has nobody be reminded for that time, at most [`reminder::SILENCE_MAX`], or everybody again. What becomes due
    /// meanwhile is told at its end. It outlives recoveries and, with storage, the program.
    ///
    /// [`reminder::SILENCE_MAX`]: crate::model::reminder::SILENCE_MAX
    pub fn ignore_reminders(&self, time: Option<Duration>) {
        let now = self.now();
        self.with(|state| state.ignore_reminders(time, now));
        self.0.tell.bell.ring();
        self.0.keep.bell.ring();
    }

    /// For how long nobody is reminded yet, in whole seconds, those that have begun among them; none when everybody is.
    #[must_use]
    pub fn reminders_ignored(&self) -> Option<Duration> {
        let now = self.now();
        let left = self.with(|state| state.reminders_ignored(now))?;
        Some(Duration::from_secs(left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0))))
    }

    /// Judges every replica whose silence is to be looked at by now, and takes down announcements whose time is over;
    /// tells when the next one is.
    pub(super) fn expire(&self) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        self.keep_up();
        let now = self.now();
        let over = self.expire_announcements(now);
        loop {
            let (transitions, next) = self.with(|state| (state.expire(now), state.next_expiry()));
            let Some(transitions) = transitions else { return next.into_iter().chain(over).min() };
            self.changed(&transitions, false);
        }
    }

    /// Tells of changes: readers by the version, people by the log and by the thread that makes notices.
    pub(super) fn changed(&self, transitions: &[Transition], replicas: bool) {
        let flips = !transitions.is_empty() || replicas;
        let version = if flips { &self.0.version.flips } else { &self.0.version.details };
        version.fetch_add(1, Ordering::Release);
        if transitions.is_empty() {
            return;
        }
        self.0.tell.bell.ring();
        self.0.keep.bell.ring();
        self.0.follower.ring();
        for transition in transitions {
            log::info!("{transition}");
        }
    }
}
