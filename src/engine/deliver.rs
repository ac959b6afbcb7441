//! Delivers the notices of one channel, in order, at least once: a channel that hangs delays nobody but itself.

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

/// One channel's queue and its delivery.
pub(super) struct Deliverer {
    channel: &'static str,
    notifier: RwLock<Arc<dyn Notifier>>,
    shared: Shared,
    outbox: Outbox,
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
    /// How often the first one was tried in vain.
    failures: u32,
    /// Whether the program ends, or the channel: a failure is final then.
    draining: bool,
    /// Whether the wait for the next try is over: the channel has another configuration.
    hurried: bool,
}

#[derive(Clone)]
struct Queued {
    /// Its number in the outbox.
    id: u64,
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

impl Deliverer {
    pub(super) fn new(channel: &'static str, notifier: Box<dyn Notifier>, shared: Shared, outbox: Outbox) -> Self {
        let (queue, bell, finished) = (Mutex::default(), Bell::default(), Bell::default());
        Self { channel, notifier: RwLock::new(notifier.into()), shared, outbox, queue, bell, finished }
    }

    /// Delivers in another way from now on, and tries what is owed at once: it may have failed for what was changed.
    pub(super) fn renew(&self, notifier: Box<dyn Notifier>) {
        *self.notifier.write().unwrap_or_else(PoisonError::into_inner) = notifier.into();
        let mut queue = self.lock();
        (queue.failures, queue.hurried) = (0, true);
        drop(queue);
        self.bell.ring();
    }

    pub(super) fn channel(&self) -> &'static str {
        self.channel
    }

    /// Queues a notice of that number in the outbox.
    pub(super) fn push(&self, id: u64, notice: Arc<Notice>) {
        // One that is owed from before the program started is as old as it is.
        let since = clock::back_at(self.shared.now(), notice.at).instant;
        let mut queue = self.lock();
        // The first one may be under way; the oldest that is not is the second.
        let dropped = if queue.notices.len() >= QUEUE_MAX { queue.notices.remove(1) } else { None };
        // Those that are owed from before may be heard of later. What is under way stays the first.
        let behind = queue.notices.iter().skip(1).position(|queued| queued.id > id).map(|at| at + 1);
        let place = behind.unwrap_or(queue.notices.len());
        queue.notices.insert(place, Queued { id, notice, since });
        drop(queue);
        if let Some(dropped) = dropped {
            self.outbox.settle(dropped.id, self.channel);
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
        let owed = self.lock().notices.clone();
        let (level, what) = if self.outbox.keeps() {
            (log::Level::Warn, "kept for the next start")
        } else {
            (log::Level::Error, "not delivered before the end")
        };
        for queued in owed.iter().take(NAMED_MAX) {
            log::log!(level, "{}: {what}: {}", self.channel, title(&queued.notice));
        }
        let more = owed.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            log::log!(level, "{}: {what}: {more} more notices", self.channel);
        }
    }

    pub(super) fn run(&self) {
        loop {
            // Asked before the step: what is queued before the end begins is then seen by a step that comes after.
            let draining = self.lock().draining;
            match self.step() {
                Step::Next => {}
                Step::Idle | Step::Again(_) if draining => break,
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
            if !woken || queue.draining || std::mem::take(&mut queue.hurried) {
                return;
            }
        }
    }

    /// Tries the first notice once.
    fn step(&self) -> Step {
        let Some(queued) = self.lock().notices.front().cloned() else { return Step::Idle };
        let age = self.shared.now().instant.saturating_duration_since(queued.since);
        if age >= GIVE_UP {
            let last = self.failure().map(|failure| format!(": {failure}")).unwrap_or_default();
            self.leave();
            log::error!("{}: given up after a day{last}: {}", self.channel, title(&queued.notice));
            return Step::Next;
        }
        let notifier = self.notifier.read().unwrap_or_else(PoisonError::into_inner).clone();
        let tried = guard::caught(&self.shared, "a delivery", || notifier.send(&queued.notice));
        let Err(error) = tried.unwrap_or_else(|| Err(SendError::permanent("the delivery panicked"))) else {
            self.leave();
            log::info!("{}: delivered: {}", self.channel, title(&queued.notice));
            return Step::Next;
        };
        if error.permanent {
            self.leave();
            log::error!("{}: given up: {error}: {}", self.channel, title(&queued.notice));
            return Step::Next;
        }
        let (wait, known) = self.failed(&error);
        self.outbox.fail(queued.id, self.channel, &error.what);
        let level = if known { log::Level::Debug } else { log::Level::Warn };
        let (wait_words, title) = (words::duration(wait), title(&queued.notice));
        log::log!(level, "{}: not delivered yet, tried again in {wait_words}: {error}: {title}", self.channel);
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
            self.outbox.settle(left.id, self.channel);
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
mod tests {
    use std::env::VarError;
    use std::path::Path;

    use proptest::prelude::*;

    use crate::clock::ManualClock;
    use crate::config;
    use crate::history::Memory;
    use crate::model::fixture;
    use crate::model::fixture::secs;

    use super::*;

    /// What the other side of a channel does, try by try, and what it got.
    #[derive(Clone, Default)]
    struct Script(Arc<Mutex<(VecDeque<Answer>, Vec<String>)>>);

    enum Answer {
        Fail(SendError),
        Panic,
    }

    impl Notifier for Script {
        /// Accepts when nothing else is scripted.
        fn send(&self, notice: &Notice) -> Result<(), SendError> {
            let mut script = self.0.lock().unwrap();
            match script.0.pop_front() {
                None => {
                    script.1.push(notice.changes[0].label.to_string());
                    Ok(())
                }
                Some(Answer::Fail(error)) => Err(error),
                Some(Answer::Panic) => {
                    drop(script);
                    panic!("as the test wants it")
                }
            }
        }
    }

    impl Script {
        fn then(&self, answers: impl IntoIterator<Item = Answer>) {
            self.0.lock().unwrap().0.extend(answers);
        }

        fn got(&self) -> Vec<String> {
            self.0.lock().unwrap().1.clone()
        }
    }

    fn passing() -> Answer {
        Answer::Fail(SendError::passing("HTTP 500"))
    }

    /// A channel that is led by hand, its other side, and the clock.
    fn channel() -> (Deliverer, Script, Arc<ManualClock>) {
        let clock = Arc::new(fixture::clock());
        let config = config::load_bytes(Path::new("test.cfg"), b"", &|_| Err(VarError::NotPresent)).unwrap().config;
        let script = Script::default();
        let (shared, _) = Shared::new(&config, clock.clone(), &Memory::default());
        let outbox = Outbox::new(1, clock.clone(), Bell::default());
        (Deliverer::new("slack", Box::new(script.clone()), shared, outbox), script, clock)
    }

    /// Queues a notice of a node with that label.
    fn push(channel: &Deliverer, label: impl Into<Arc<str>>) {
        let mut notice = notice(label);
        notice.at = channel.shared.now().wall;
        channel.push(1, Arc::new(notice));
    }

    fn notice(label: impl Into<Arc<str>>) -> Notice {
        let mut notice = fixture::death();
        notice.changes[0].label = label.into();
        notice
    }

    #[test]
    fn notices_are_delivered_in_order() {
        let (channel, script, _) = channel();
        for label in ["a", "b", "c"] {
            push(&channel, label);
        }
        assert_eq!(channel.owed(), 3);
        assert_eq!([(); 4].map(|()| channel.step()), [Step::Next, Step::Next, Step::Next, Step::Idle]);
        assert_eq!(script.got(), ["a", "b", "c"]);
        assert_eq!(channel.owed(), 0);
    }

    #[test]
    fn a_passing_error_holds_the_queue_and_is_tried_again_later_and_later() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        push(&channel, "b");
        script.then([passing(), passing(), passing()]);
        for seconds in [1, 2, 4] {
            assert_eq!(channel.step(), Step::Again(secs(seconds)));
            assert_eq!(channel.failure().as_deref(), Some("HTTP 500"));
        }
        assert_eq!([channel.step(), channel.step()], [Step::Next, Step::Next]);
        assert_eq!(script.got(), ["a", "b"]);
        assert_eq!(channel.failure(), None);
        push(&channel, "c");
        script.then([passing()]);
        assert_eq!(channel.step(), Step::Again(secs(1)), "a success forgets the failures before it");
    }

    #[test]
    fn with_another_configuration_what_is_owed_is_tried_at_once_and_the_waits_begin_anew() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        script.then([passing(), passing()]);
        assert_eq!([channel.step(), channel.step()], [Step::Again(secs(1)), Step::Again(secs(2))]);
        let other = Script::default();
        other.then([passing()]);
        channel.renew(Box::new(other.clone()));
        channel.pause(secs(86_400));
        assert_eq!(channel.step(), Step::Again(secs(1)));
        assert_eq!(channel.step(), Step::Next);
        assert_eq!((script.got().len(), other.got()), (0, vec!["a".to_owned()]));
    }

    #[test]
    fn a_permanent_refusal_is_dropped_and_the_next_notice_follows() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        push(&channel, "b");
        script.then([Answer::Fail(SendError::permanent("HTTP 404"))]);
        assert_eq!([channel.step(), channel.step(), channel.step()], [Step::Next, Step::Next, Step::Idle]);
        assert_eq!(script.got(), ["b"]);
    }

    #[test]
    fn the_other_side_may_ask_for_a_longer_wait_but_not_for_hours() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        let asking = |seconds| {
            Answer::Fail(SendError { permanent: false, retry_after: Some(secs(seconds)), what: "HTTP 429".to_owned() })
        };
        script.then([asking(30), asking(0), asking(86_400)]);
        assert_eq!([(); 3].map(|()| channel.step()), [30, 2, 300].map(|seconds| Step::Again(secs(seconds))));
    }

    #[test]
    fn a_notice_is_given_up_after_a_day() {
        let (channel, script, clock) = channel();
        push(&channel, "a");
        clock.advance(secs(60 * 60));
        push(&channel, "b");
        script.then([passing(), passing()]);
        clock.advance(secs(23 * 60 * 60 - 1));
        assert!(matches!(channel.step(), Step::Again(_)));
        clock.advance(secs(1));
        assert_eq!(channel.step(), Step::Next);
        assert_eq!(channel.owed(), 1);
        assert_eq!(channel.step(), Step::Again(secs(1)), "the next one has its own day");
        assert_eq!(channel.step(), Step::Next);
        assert_eq!(script.got(), ["b"]);
    }

    #[test]
    fn one_that_is_a_day_old_when_the_program_starts_is_not_delivered() {
        let (channel, script, clock) = channel();
        let old = notice("a");
        clock.advance(secs(24 * 60 * 60));
        channel.push(1, Arc::new(old));
        push(&channel, "b");
        assert_eq!([channel.step(), channel.step()], [Step::Next, Step::Next]);
        assert_eq!(script.got(), ["b"]);
        assert_eq!(channel.outbox.take().0.settled.len(), 2);
    }

    #[test]
    fn a_full_queue_drops_the_oldest_that_is_not_under_way() {
        let (channel, script, _) = channel();
        for number in 0..QUEUE_MAX + 2 {
            push(&channel, number.to_string());
        }
        assert_eq!(channel.owed(), QUEUE_MAX);
        assert_eq!([(); 2].map(|()| channel.step()), [Step::Next, Step::Next]);
        assert_eq!(script.got(), ["0", "3"]);
    }

    #[test]
    fn a_panic_in_a_notifier_is_an_error_of_that_notice() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        push(&channel, "b");
        script.then([Answer::Panic]);
        assert_eq!([channel.step(), channel.step()], [Step::Next, Step::Next]);
        assert_eq!(script.got(), ["b"]);
        assert_eq!(channel.shared.panics(), 1);
    }

    #[test]
    fn what_is_queued_is_delivered_before_the_end() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        push(&channel, "b");
        channel.drain();
        channel.run();
        assert_eq!(script.got(), ["a", "b"]);
    }

    #[test]
    fn at_the_end_a_failure_is_final() {
        let (channel, script, _) = channel();
        push(&channel, "a");
        script.then([passing()]);
        channel.drain();
        channel.run();
        assert_eq!(channel.owed(), 1);
        channel.finish(Duration::ZERO);
    }

    #[test]
    fn the_waits_double_up_to_five_minutes() {
        let waits: Vec<u64> = (0..10).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    }

    proptest! {
        #[test]
        fn a_wait_never_shrinks_and_stays_in_its_bounds(failures in any::<u32>()) {
            let wait = backoff(failures);
            prop_assert!((secs(1)..=WAIT_MAX).contains(&wait));
            prop_assert!(backoff(failures.saturating_add(1)) >= wait);
        }
    }
}
