//! Delivers the notices of one channel, in order, at least once: a channel that hangs delays nobody but itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Bell;
use crate::clock::Clock;
use crate::clock::Wake;
use crate::model::notice::Notice;
use crate::model::words;
use crate::notify::Notifier;
use crate::notify::SendError;
use crate::notify::text;

/// How long a notice is tried: after a day it is history.
const GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(5 * 60);

/// How many notices may wait. Notices are seconds apart and given up after a day, so this is not reached unless
/// `group_interval` is very short; then the oldest is dropped, and said to be.
const QUEUE_MAX: usize = 10_000;

/// One channel's queue and its delivery.
pub(super) struct Deliverer {
    channel: &'static str,
    notifier: Box<dyn Notifier>,
    clock: Arc<dyn Clock>,
    queue: Mutex<Queue>,
    bell: Bell,
    finished: Bell,
}

#[derive(Default)]
struct Queue {
    /// The first is the one that is being delivered: it leaves when it is delivered or given up.
    notices: VecDeque<Queued>,
    /// What the last try of the first one failed with.
    failure: Option<String>,
    /// Whether the program ends: a failure is final then.
    draining: bool,
}

#[derive(Clone)]
struct Queued {
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
    /// The first notice is to be tried again after this time, at least.
    Again(Option<Duration>),
}

impl Deliverer {
    pub(super) fn new(channel: &'static str, notifier: Box<dyn Notifier>, clock: Arc<dyn Clock>) -> Self {
        let (queue, bell, finished) = (Mutex::default(), Bell::default(), Bell::default());
        Self { channel, notifier, clock, queue, bell, finished }
    }

    pub(super) fn channel(&self) -> &'static str {
        self.channel
    }

    /// Queues a notice.
    pub(super) fn push(&self, notice: Arc<Notice>) {
        let since = self.clock.now().instant;
        let mut queue = self.lock();
        // The first one may be under way; the oldest that is not is the second.
        let dropped = if queue.notices.len() >= QUEUE_MAX { queue.notices.remove(1) } else { None };
        queue.notices.push_back(Queued { notice, since });
        drop(queue);
        if let Some(dropped) = dropped {
            log::error!("{}: the queue is full, dropped: {}", self.channel, title(&dropped.notice));
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
    pub(super) fn drain(&self) {
        self.lock().draining = true;
        self.bell.ring();
    }

    /// Waits for the loop to end, no longer than `time`, and names what is not delivered then.
    pub(super) fn finish(&self, time: Duration) {
        let _ = self.finished.wait(Some(time));
        for queued in &self.lock().notices {
            log::error!("{}: not delivered before the end: {}", self.channel, title(&queued.notice));
        }
    }

    pub(super) fn run(&self) {
        let mut failures = 0;
        loop {
            let step = self.step();
            let draining = self.lock().draining;
            match step {
                Step::Next => failures = 0,
                Step::Idle if draining => break,
                Step::Again(_) if draining => break,
                Step::Idle => {
                    let _ = self.bell.wait(None);
                }
                Step::Again(asked) => {
                    let wait = backoff(failures).max(asked.unwrap_or_default().min(WAIT_MAX));
                    failures += 1;
                    self.pause(wait);
                }
            }
        }
        self.finished.stop();
    }

    /// Waits for the next try; a new notice does not hasten it, the end does.
    fn pause(&self, wait: Duration) {
        let end = self.clock.now().instant + wait;
        loop {
            let left = end.saturating_duration_since(self.clock.now().instant);
            if self.bell.wait(Some(left)) != Wake::Rung || self.lock().draining {
                return;
            }
        }
    }

    /// Tries the first notice once.
    fn step(&self) -> Step {
        let Some(queued) = self.lock().notices.front().cloned() else { return Step::Idle };
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.notifier.send(&queued.notice)))
            .unwrap_or_else(|_| Err(SendError::permanent("the delivery panicked")));
        let Err(error) = tried else {
            self.leave();
            log::info!("{}: delivered: {}", self.channel, title(&queued.notice));
            return Step::Next;
        };
        let age = self.clock.now().instant.saturating_duration_since(queued.since);
        if error.permanent || age >= GIVE_UP {
            self.leave();
            log::error!("{}: given up: {error}: {}", self.channel, title(&queued.notice));
            return Step::Next;
        }
        let failure = Some(error.what);
        let known = std::mem::replace(&mut self.lock().failure, failure.clone()) == failure;
        let level = if known { log::Level::Debug } else { log::Level::Warn };
        let what = failure.unwrap_or_default();
        log::log!(level, "{}: not delivered yet, will be tried again: {what}: {}", self.channel, title(&queued.notice));
        Step::Again(error.retry_after)
    }

    /// The first notice is dealt with.
    fn leave(&self) {
        let mut queue = self.lock();
        queue.notices.pop_front();
        queue.failure = None;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait before the next try, after so many failures: 1 s, 2 s, 4 s ... 5 min.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1u64.checked_shl(failures).unwrap_or(u64::MAX)).min(WAIT_MAX)
}

/// A notice, as the log names it.
fn title(notice: &Notice) -> String {
    let stories: Vec<String> = text::stories(notice).into_iter().map(|story| story.head).collect();
    format!("notice of {}: {}", words::moment(notice.at), stories.join("; "))
}
