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
    let outbox = Outbox::new(1, &[], clock.clone(), Bell::default());
    (Deliverer::new(Key::new("slack", ""), "test".to_owned(), way(&script), shared, outbox), script, clock)
}

fn way(script: &Script) -> Way {
    Way { label: "slack".to_owned(), notifier: Arc::new(script.clone()) }
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
    channel.renew(way(&other));
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
    channel.drain(End::Program);
    channel.run();
    assert_eq!(script.got(), ["a", "b"]);
}

#[test]
fn at_the_end_a_failure_is_final() {
    let (channel, script, _) = channel();
    push(&channel, "a");
    script.then([passing()]);
    channel.drain(End::Program);
    channel.run();
    assert_eq!(channel.owed(), 1);
    channel.finish(Duration::ZERO);
    assert!(!channel.go_on(), "there is nobody to go on");
}

#[test]
fn what_becomes_of_the_rest_is_said_as_it_is() {
    let (channel, _, _) = channel();
    let said = |channel: &Deliverer| channel.fate(channel.lock().end).1;
    channel.drain(End::Program);
    assert_eq!(said(&channel), "not delivered before the end");
    channel.outbox.tried(1, true);
    assert_eq!(said(&channel), "kept for the next start");
    assert!(channel.go_on());
    channel.drain(End::TakenOut);
    channel.drain(End::Program);
    let taken_out = "taken out of the configuration, and gets this only if it is back within a day";
    assert_eq!(said(&channel), taken_out, "the end of the program makes that no better");
    channel.run();
    assert!(!channel.go_on());
    assert_eq!(said(&channel), taken_out);
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
