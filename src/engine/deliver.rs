//! Delivers notices to one target of a channel, in order, at least once: a target that hangs delays nobody but itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;
use std::time::Instant;

use crate::clock;
use crate::clock::Bell;
use crate::clock::Wake;
use crate::model::notice::Notice;
use crate::model::words;
use crate::notify::Notifier;
use crate::notify::SendError;
use crate::notify::text::title;

use super::guard;
use super::outbox::Outbox;
use super::shared::Shared;

/// How long a notice is tried: after a day it is history.
pub(super) const GIVE_UP: Duration = Duration::from_hours(24);

/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_mins(5);

/// How many notices may wait. Notices are seconds apart and given up after a day, so this is not reached unless
/// `group_interval` is very short; then the oldest is dropped, and said to be.
const QUEUE_MAX: usize = 10_000;

/// How many notices the log names one by one at the end.
const NAMED_MAX: usize = 20;

/// The queue of one target and its delivery.
pub(super) struct Deliverer {
    key: Key,
    /// The name of the thread that runs it.
    thread: String,
    way: RwLock<Way>,
    shared: Shared,
    outbox: Outbox,
    queue: Mutex<Queue>,
    bell: Bell,
    finished: Bell,
}

/// Which target it is, as the outbox knows it: the name of the channel and, after a blank, that of the target, if it has
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

/// How a target is reached.
#[derive(Clone)]
pub(super) struct Way {
    /// What it is called in the log.
    pub(super) label: String,
    /// What delivers to it.
    pub(super) notifier: Arc<dyn Notifier>,
}

#[derive(Default)]
struct Queue {
    /// The first is the one that is being delivered: it leaves when it is delivered or given up.
    notices: VecDeque<Queued>,
    /// What the last try of the first one failed with.
    failure: Option<String>,
    /// How often the first one was tried in vain.
    failures: u32,
    /// What ends the loop: a failure is final then.
    end: Option<End>,
    /// What has ended it.
    ended: Option<End>,
    /// Whether the wait for the next try is over: the channel has another configuration.
    hurried: bool,
}

/// What ends the loop of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The program ends.
    Program,
    /// The target is not configured any more.
    TakenOut,
}

#[derive(Clone)]
struct Queued {
    /// Its number in the outbox.
    id: u64,
    /// As what it is owed there: the target may have had another name when it was.
    key: String,
    notice: Arc<Notice>,
    since: Instant,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing is queued.
    Idle,
    /// A notice left the queue.
    Next,
    /// The first notice is to be tried again after this time.
    Again(Duration),
}

impl Key {
    /// The key of a target of a channel.
    pub(super) fn new(channel: &str, target: &str) -> Self {
        Self(if target.is_empty() { channel.to_owned() } else { format!("{channel} {target}") })
    }

    /// As the outbox has it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The channel, and the target in it, of what the outbox has.
    pub(super) fn parts(text: &str) -> (&str, &str) {
        text.split_once(' ').unwrap_or((text, ""))
    }
}

impl Deliverer {
    pub(super) fn new(key: Key, thread: String, way: Way, shared: Shared, outbox: Outbox) -> Self {
        let (queue, bell, finished) = (Mutex::default(), Bell::default(), Bell::default());
        Self { key, thread, way: RwLock::new(way), shared, outbox, queue, bell, finished }
    }

    /// Delivers in another way from now on, and tries what is owed at once: it may have failed for what was changed.
    pub(super) fn renew(&self, way: Way) {
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = way;
        let mut queue = self.lock();
        (queue.failures, queue.hurried) = (0, true);
        drop(queue);
        self.bell.ring();
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// The name of the thread that is to run it.
    pub(super) fn thread(&self) -> &str {
        &self.thread
    }

    fn way(&self) -> Way {
        self.way.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Queues a notice of that number in the outbox.
    pub(super) fn push(&self, id: u64, notice: Arc<Notice>) {
        self.take_over(id, self.key.as_str(), notice);
    }

    /// Queues a notice that is owed under that key: the present one, or one that the target had before.
    pub(super) fn take_over(&self, id: u64, key: &str, notice: Arc<Notice>) {
        // One that is owed from before the program started is as old as it is.
        let since = clock::back_at(self.shared.now(), notice.at).instant;
        let mut queue = self.lock();
        // The first one may be under way; the oldest that is not is the second.
        let dropped = if queue.notices.len() >= QUEUE_MAX { queue.notices.remove(1) } else { None };
        // Those that are owed from before may be heard of later. What is under way stays the first.
        let behind = queue.notices.iter().skip(1).position(|queued| queued.id > id).map(|at| at + 1);
        let place = behind.unwrap_or(queue.notices.len());
        // A notice may have been made for it before it was taken out.
        let is_late = queue.ended.map(|end| (end, title(&notice)));
        queue.notices.insert(place, Queued { id, key: key.to_owned(), notice, since });
        drop(queue);
        if let Some((end, title)) = is_late {
            let (level, what) = self.fate(Some(end));
            log::log!(level, "{}: {what}: {title}", self.way().label);
        }
        if let Some(dropped) = dropped {
            self.outbox.settle(dropped.id, &dropped.key);
            log::error!("{}: the queue is full, dropped: {}", self.way().label, title(&dropped.notice));
        }
        self.bell.ring();
    }

    /// How many notices are not delivered yet.
    pub(super) fn owed(&self) -> usize {
        self.lock().notices.len()
    }

    /// What the last try failed with, while the channel fails.
    pub(super) fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    /// Lets the loop end once the queue is empty or a try fails.
    pub(super) fn drain(&self, end: End) {
        // One that was taken out does not wait for the next start.
        self.lock().end.get_or_insert(end);
        self.bell.ring();
    }

    /// Lets the loop go on, unless it has ended: the target is back. Tells whether it does.
    pub(super) fn go_on(&self) -> bool {
        let mut queue = self.lock();
        let goes_on = queue.ended.is_none();
        if goes_on {
            queue.end = None;
        }
        goes_on
    }

    /// Ends the loop, if it is still to end.
    fn ends(&self) -> bool {
        let mut queue = self.lock();
        queue.ended = queue.end;
        queue.ended.is_some()
    }

    /// Whether the loop has ended.
    pub(super) fn has_finished(&self) -> bool {
        self.finished.wait(Some(Duration::ZERO)) == Wake::Stopped
    }

    /// Waits for the loop to end, no longer than `time`, and names what is not delivered then.
    pub(super) fn finish(&self, time: Duration) {
        if self.finished.wait(Some(time)) != Wake::Stopped {
            self.name_owed();
        }
    }

    /// Names in the log what is not delivered.
    fn name_owed(&self) {
        let queue = self.lock();
        let (owed, end) = (queue.notices.clone(), queue.end);
        drop(queue);
        let (level, what) = self.fate(end);
        let label = self.way().label;
        for queued in owed.iter().take(NAMED_MAX) {
            log::log!(level, "{label}: {what}: {}", title(&queued.notice));
        }
        let more = owed.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            log::log!(level, "{label}: {what}: {more} more notices");
        }
    }

    /// What becomes of what is not delivered.
    fn fate(&self, end: Option<End>) -> (log::Level, &'static str) {
        match end {
            Some(End::TakenOut) => {
                (log::Level::Warn, "taken out of the configuration, and gets this only if it is back within a day")
            }
            Some(End::Program) | None if self.outbox.keeps() => (log::Level::Warn, "kept for the next start"),
            Some(End::Program) | None => (log::Level::Error, "not delivered before the end"),
        }
    }

    pub(super) fn run(&self) {
        loop {
            // Asked before the step: what is queued before the end begins is then seen by a step that comes after.
            let draining = self.lock().end.is_some();
            match self.step() {
                Step::Next => {}
                Step::Idle | Step::Again(_) if draining => {
                    if self.ends() {
                        break;
                    }
                }
                Step::Idle => {
                    let _ = self.bell.wait(None);
                }
                Step::Again(wait) => self.pause(wait),
            }
        }
        self.name_owed();
        self.finished.stop();
    }

    /// Waits for the next try; a new notice does not hasten it, the end does, and another configuration.
    fn pause(&self, wait: Duration) {
        let end = self.shared.now().instant + wait;
        loop {
            let left = end.saturating_duration_since(self.shared.now().instant);
            let woken = self.bell.wait(Some(left)) == Wake::Rung;
            let mut queue = self.lock();
            if !woken || queue.end.is_some() || std::mem::take(&mut queue.hurried) {
                return;
            }
        }
    }

    /// Tries the first notice once.
    fn step(&self) -> Step {
        let Some(queued) = self.lock().notices.front().cloned() else { return Step::Idle };
        let Way { label, notifier } = self.way();
        let age = self.shared.now().instant.saturating_duration_since(queued.since);
        if age >= GIVE_UP {
            let last = self.failure().map(|failure| format!(": {failure}")).unwrap_or_default();
            self.leave();
            log::error!("{label}: given up after a day{last}: {}", title(&queued.notice));
            return Step::Next;
        }
        let tried = guard::caught(&self.shared, "a delivery", || notifier.send(&queued.notice));
        let Err(error) = tried.unwrap_or_else(|| Err(SendError::permanent("the delivery panicked"))) else {
            self.leave();
            log::info!("{label}: delivered: {}", title(&queued.notice));
            return Step::Next;
        };
        if error.permanent {
            self.leave();
            log::error!("{label}: given up: {error}: {}", title(&queued.notice));
            return Step::Next;
        }
        let (wait, known) = self.failed(&error);
        self.outbox.fail(queued.id, &queued.key, &error.what);
        let level = if known { log::Level::Debug } else { log::Level::Warn };
        let (wait_words, title) = (words::duration(wait), title(&queued.notice));
        log::log!(level, "{label}: not delivered yet, tried again in {wait_words}: {error}: {title}");
        Step::Again(wait)
    }

    /// Notes a failure; tells the wait before the next try, and whether the last one failed alike.
    fn failed(&self, error: &SendError) -> (Duration, bool) {
        let mut queue = self.lock();
        let asked = error.retry_after.unwrap_or_default().min(WAIT_MAX);
        let wait = backoff(queue.failures).max(asked);
        queue.failures = queue.failures.saturating_add(1);
        let known = queue.failure.as_ref() == Some(&error.what);
        queue.failure = Some(error.what.clone());
        (wait, known)
    }

    /// The first notice is dealt with.
    fn leave(&self) {
        let mut queue = self.lock();
        let left = queue.notices.pop_front();
        queue.failure = None;
        queue.failures = 0;
        drop(queue);
        if let Some(left) = left {
            self.outbox.settle(left.id, &left.key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait before the next try, after so many failures: 1 s, 2 s, 4 s ... 5 min.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1u64.checked_shl(failures).unwrap_or(u64::MAX)).min(WAIT_MAX)
}

#[cfg(test)]
mod tests;
