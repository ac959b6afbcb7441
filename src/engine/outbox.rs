//! What is owed to people, and its way to storage: a notice is stored before it is delivered, and struck off after.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crate::clock::Bell;
use crate::clock::Clock;
use crate::clock::Wake;
use crate::history::Batch;
use crate::history::Failed;
use crate::history::Owed;
use crate::model::notice::Notice;

use super::state::Told;

/// How long a notice may wait for being stored: an alert that is late is worse than one that is told twice after a crash.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is owed, and what of it is on its way to storage. Clones share it.
#[derive(Clone)]
pub(super) struct Outbox(Arc<Inner>);

struct Inner {
    waiting: Mutex<Waiting>,
    clock: Arc<dyn Clock>,
    /// Rings for whoever writes.
    writer: Bell,
    /// Rings for whoever waits for it.
    written: Bell,
}

#[derive(Default)]
struct Waiting {
    /// The number of the next notice.
    next: u64,
    /// What is owed, written or not.
    owed: BTreeMap<u64, Owed>,
    batch: Batch,
    /// The number up to which notices were written, or could not be.
    tried: u64,
    /// Whether the last notice was not waited for to the end: whoever writes is stuck.
    stuck: bool,
    /// Whether what is written outlives the program.
    kept: bool,
}

impl Outbox {
    /// An outbox whose next notice gets that number, and which rings when there is something to write. That much is owed
    /// from before.
    pub(super) fn new(next: u64, owed: &[Owed], clock: Arc<dyn Clock>, writer: Bell) -> Self {
        let outbox = Self(Arc::new(Inner { waiting: Mutex::default(), clock, writer, written: Bell::default() }));
        outbox.lock().next = next;
        outbox.take_over(owed);
        outbox
    }

    /// That much is owed from before, and stored.
    pub(super) fn take_over(&self, owed: &[Owed]) {
        self.lock().owed.extend(owed.iter().map(|owed| (owed.id, owed.clone())));
    }

    /// All that is owed, in order.
    pub(super) fn owed(&self) -> Vec<Owed> {
        self.lock().owed.values().cloned().collect()
    }

    /// Has notices stored, each with the keys of the targets that it is owed to, and what people know once they have them;
    /// waits for that, but not for long. Gives their numbers.
    pub(super) fn owe(&self, notices: Vec<(Arc<Notice>, Vec<String>)>, told: Told) -> Vec<u64> {
        let mut waiting = self.lock();
        waiting.batch.told.extend(told.statuses);
        waiting.batch.reminded = Some(told.reminded);
        let mut numbers = Vec::with_capacity(notices.len());
        for (notice, channels) in notices {
            let id = waiting.next;
            waiting.next = id.saturating_add(1);
            let owed = Owed { id, notice, channels };
            if !owed.channels.is_empty() {
                waiting.owed.insert(id, owed.clone());
            }
            waiting.batch.owed.push(owed);
            numbers.push(id);
        }
        let stuck = waiting.stuck;
        drop(waiting);
        self.0.writer.ring();
        if let Some(last) = numbers.last().filter(|_| !stuck) {
            self.wait_for(*last);
        }
        numbers
    }

    fn wait_for(&self, id: u64) {
        let end = self.0.clock.now().instant + PATIENCE;
        while self.lock().tried <= id {
            let left = end.saturating_duration_since(self.0.clock.now().instant);
            if self.0.written.wait(Some(left)) != Wake::Rung {
                self.lock().stuck = true;
                return;
            }
        }
    }

    /// The target of that key has been told a notice, or it was given up.
    pub(super) fn settle(&self, id: u64, channel: &str) {
        let mut waiting = self.lock();
        waiting.batch.settled.push((id, channel.to_owned()));
        if let Some(owed) = waiting.owed.get_mut(&id) {
            owed.channels.retain(|other| other != channel);
            if owed.channels.is_empty() {
                waiting.owed.remove(&id);
            }
        }
        drop(waiting);
        self.0.writer.ring();
    }

    /// A notice was tried in vain.
    pub(super) fn fail(&self, id: u64, channel: &str, why: &str) {
        let (channel, why, at) = (channel.to_owned(), why.to_owned(), self.0.clock.now().wall);
        self.lock().batch.failed.push(Failed { id, channel, at, why });
        self.0.writer.ring();
    }

    /// Hands out what is to be written, with the number up to which the notices are in it.
    pub(super) fn take(&self) -> (Batch, u64) {
        let mut waiting = self.lock();
        (std::mem::take(&mut waiting.batch), waiting.next)
    }

    /// The notices below that number were written, to be `kept` for the next start, or could not be: nobody need wait for
    /// them any more.
    pub(super) fn tried(&self, below: u64, kept: bool) {
        let mut waiting = self.lock();
        waiting.tried = waiting.tried.max(below);
        (waiting.stuck, waiting.kept) = (false, kept);
        drop(waiting);
        self.0.written.ring();
    }

    /// Whether what is owed at the end is delivered after the next start.
    pub(super) fn keeps(&self) -> bool {
        let waiting = self.lock();
        waiting.kept && !waiting.stuck
    }

    /// Has nobody wait, as if whoever writes were stuck.
    #[cfg(test)]
    pub(super) fn hurry(&self) {
        self.lock().stuck = true;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crate::model::fixture;
    use crate::model::reminder::Reminded;
    use crate::model::status::Status;
    use crate::model::transition::Subject;

    use super::*;

    fn outbox() -> (Outbox, Bell) {
        let writer = Bell::default();
        (Outbox::new(7, &[], Arc::new(fixture::clock()), writer.clone()), writer)
    }

    fn owe(outbox: &Outbox) -> u64 {
        let notice = (Arc::new(fixture::death()), vec!["slack".to_owned()]);
        let told = Told { statuses: vec![(Subject::Page, Some(Status::Dead))], ..Told::default() };
        outbox.owe(vec![notice], told)[0]
    }

    #[test]
    fn a_notice_waits_until_it_is_written() {
        let (outbox, writer) = outbox();
        let other = outbox.clone();
        let teller = thread::Builder::new().spawn(move || owe(&other)).unwrap();
        assert_eq!(writer.wait(None), Wake::Rung);
        let (batch, below) = outbox.take();
        assert_eq!((batch.owed[0].id, below), (7, 8));
        assert_eq!(batch.told, [(Subject::Page, Some(Status::Dead))]);
        assert_eq!(batch.reminded, Some(Reminded::default()));
        assert!(!teller.is_finished());
        outbox.tried(below, true);
        assert_eq!(teller.join().unwrap(), 7);
        assert!(outbox.keeps());
        assert_eq!(outbox.take(), (Batch::default(), 8));
    }

    #[test]
    fn notices_of_one_moment_are_written_together_and_nothing_waits_for_none() {
        let (outbox, _) = outbox();
        assert!(outbox.owe(Vec::new(), Told { statuses: vec![(Subject::Page, None)], ..Told::default() }).is_empty());
        outbox.hurry();
        let notice = |keys: &[&str]| (Arc::new(fixture::death()), keys.iter().map(|key| (*key).to_owned()).collect());
        let numbers = outbox.owe(vec![notice(&["email a", "email b"]), notice(&["slack"])], Told::default());
        let (batch, below) = outbox.take();
        assert_eq!((numbers, below, batch.told.len()), (vec![7, 8], 9, 1));
        assert_eq!(batch.owed[0].channels, ["email a", "email b"]);
    }

    #[test]
    fn a_writer_that_is_stuck_is_waited_for_once() {
        let (outbox, _) = outbox();
        assert_eq!(owe(&outbox), 7);
        assert!(outbox.lock().stuck);
        let before = std::thread::current().id();
        assert_eq!(owe(&outbox), 8, "at once, in {before:?}");
        let (batch, below) = outbox.take();
        assert_eq!(batch.owed.len(), 2);
        assert!(!outbox.keeps());
        outbox.tried(below, false);
        assert!(!outbox.lock().stuck);
    }

    #[test]
    fn what_is_owed_is_known_until_the_last_channel_has_it() {
        let before = Owed { id: 3, notice: Arc::new(fixture::death()), channels: vec!["gone".to_owned()] };
        let outbox = Outbox::new(7, &[before], Arc::new(fixture::clock()), Bell::default());
        outbox.hurry();
        let notice = (Arc::new(fixture::death()), vec!["slack".to_owned(), "email a".to_owned()]);
        outbox.owe(vec![notice], Told::default());
        let owed = || outbox.owed().into_iter().map(|owed| (owed.id, owed.channels.join(", "))).collect::<Vec<_>>();
        let gone = (3, "gone".to_owned());
        assert_eq!(owed(), [gone.clone(), (7, "slack, email a".to_owned())]);
        outbox.settle(7, "slack");
        assert_eq!(owed(), [gone.clone(), (7, "email a".to_owned())], "at once, written or not");
        outbox.settle(7, "email a");
        outbox.settle(7, "email a");
        assert_eq!(owed(), [gone]);
    }

    #[test]
    fn what_became_of_a_notice_is_written() {
        let (outbox, writer) = outbox();
        outbox.fail(7, "slack", "HTTP 500");
        outbox.settle(7, "slack");
        let (batch, _) = outbox.take();
        assert_eq!(batch.settled, [(7, "slack".to_owned())]);
        assert_eq!((batch.failed[0].why.as_str(), batch.failed[0].at), ("HTTP 500", fixture::now().wall));
        assert_eq!(writer.wait(None), Wake::Rung);
    }
}
