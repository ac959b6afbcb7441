//! Writes down what is to be kept, in batches: one a second at most, and at once for what is owed to people.
//!
//! Whatever the disk does, nobody but this loop waits for it. While nothing can be written, what is to be written waits
//! in memory, bounded and counted; once a database is there again, it is told how everything is, as if it were new.

use std::collections::HashMap;
use std::mem;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::clock;
use crate::clock::Bell;
use crate::clock::Now;
use crate::clock::Wake;
use crate::config::Retention;
use crate::config::Storage;
use crate::config::StorageUrl;
use crate::history::Batch;
use crate::history::error::HistoryError;
use crate::history::store::History;
use crate::model::ledger::Entries;
use crate::model::reminder::Reminded;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::transition::Subject;
use crate::model::words;

use super::archive::Shelf;
use super::channels::Channels;
use super::guard;
use super::outbox::Outbox;
use super::shared::Shared;

/// How far apart two batches are.
const SPACING: Duration = Duration::from_secs(1);

/// The longest wait between two tries while nothing can be written.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// How often what is too old is forgotten.
const FORGETTING: Duration = Duration::from_hours(1);

/// How often the loop goes round at least, and from how late on it is taken as a sign that the program was stopped.
const TICK: Duration = Duration::from_secs(5);
const FROZEN: Duration = Duration::from_secs(5);

/// How long after the minute it is closed: what was seen in it has come in then.
const SLACK: Duration = Duration::from_millis(50);

/// The loop that keeps.
pub(super) struct Keeper {
    shared: Shared,
    outbox: Outbox,
    /// Where others read what is written.
    shelf: Shelf,
    channels: Channels,
    /// When the loop is to go on, while it waits.
    asked: Mutex<Option<Instant>>,
    retention: Mutex<Retention>,
    book: Mutex<Book>,
    health: Mutex<KeeperHealth>,
    finished: Bell,
}

/// How the keeping does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeeperHealth {
    /// What the last try to write failed with, while it fails.
    pub failure: Option<String>,
    /// How often writing failed since the program started.
    pub failures: u64,
    /// How many minutes and changes were lost, since they waited for too long.
    pub lost: u64,
}

/// What only the loop uses.
struct Book {
    storage: Storage,
    history: Option<History>,
    /// Whether the past was read: not yet, if the database was not there at the start.
    known: bool,
    /// What is not written yet.
    batch: Batch,
    /// When the program started.
    started: Now,
    /// What people were told, written or not.
    told: HashMap<Subject, Option<Status>>,
    /// How far they were reminded, if any notice was made.
    reminded: Option<Reminded>,
    /// The minute that is not closed yet.
    minute: Timestamp,
    /// When the next batch may be written.
    due: Instant,
    /// How many tries in a row have failed.
    failures: u32,
    forget_at: Instant,
}

impl Keeper {
    /// Keeps in that database, or, if it could not be opened, in the one that is there later.
    pub(super) fn new(
        shared: Shared,
        outbox: Outbox,
        shelf: Shelf,
        channels: Channels,
        storage: Storage,
        history: Option<History>,
    ) -> Self {
        let now = shared.now();
        shelf.put(history.as_ref());
        if history.is_none() {
            shared.with(|state| state.ledger.miss());
        }
        let retention = Mutex::new(storage.retention);
        let book = Book {
            storage,
            known: history.is_some(),
            history,
            batch: Batch::default(),
            started: now,
            told: HashMap::new(),
            reminded: None,
            minute: Tier::Minute.start_of(now.wall),
            due: now.instant,
            failures: 0,
            forget_at: now.instant,
        };
        Self {
            shared,
            outbox,
            shelf,
            channels,
            asked: Mutex::default(),
            retention,
            book: Mutex::new(book),
            health: Mutex::default(),
            finished: Bell::default(),
        }
    }

    /// How the keeping does.
    pub(super) fn health(&self) -> KeeperHealth {
        self.lock_health().clone()
    }

    /// Forgets after other times from now on.
    pub(super) fn follow(&self, retention: Retention) {
        // Not in the book: a disk that hangs must not hold a reload.
        *self.retention.lock().unwrap_or_else(PoisonError::into_inner) = retention;
    }

    pub(super) fn run(&self) {
        guard::repeat(&self.shared, self.shared.keep_pulse(), || {
            self.thaw();
            let next = self.step(false);
            let now = self.shared.now().instant;
            let next = next.min(now + TICK);
            *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(next.max(now));
            Some(next)
        });
        guard::caught(&self.shared, "the end of the keeping loop", || {
            self.step(true);
            let mut book = self.lock();
            book.name_lost();
            // The last connection that ends puts all into the one file.
            self.shelf.put(None);
            book.history = None;
        });
        self.finished.stop();
    }

    /// When the loop goes on much later than it was to, the program was stopped, or the machine was: nobody watched.
    fn thaw(&self) {
        let now = self.shared.now();
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        let late = asked.map(|asked| now.instant.saturating_duration_since(asked)).unwrap_or_default();
        if late >= FROZEN {
            self.shared.with(|state| state.ledger.skip(clock::before(now, late), now));
            log::warn!("Vigil did not run for {}: that time was not watched", words::duration(late));
        }
    }

    /// Waits for the loop to end, no longer than `time`.
    pub(super) fn finish(&self, time: Duration) {
        if self.finished.wait(Some(time)) != Wake::Stopped {
            log::error!("history: the last of it was not written in time");
        }
    }

    /// Writes what is due, at the end whatever there is; tells when to come again.
    pub(super) fn step(&self, last: bool) -> Instant {
        let now = self.shared.now();
        let mut book = self.lock();
        let (waiting, below) = self.outbox.take();
        // A notice that is owed must be stored before it is delivered, and struck off soon after.
        let is_owed = !waiting.owed.is_empty() || !waiting.settled.is_empty();
        book.note(waiting);
        // Nor should an announcement, a maintenance or a silence be lost of which its author was told that it is there.
        let (announcements, is_promised) =
            self.shared.with(|state| (state.board.to_store(), state.ledger.has_promised()));
        let urgent = (is_owed || announcements.is_some() || is_promised) && book.failures == 0;
        book.batch.append(Batch { announcements, ..Batch::default() });
        if last || urgent || book.due <= now.instant {
            let entries = self.entries(&mut book, now, last);
            book.batch.entries.append(entries);
            if !book.batch.is_empty() {
                self.write(&mut book, now);
            }
        }
        let kept = book.failures == 0 && !matches!(book.storage.url, StorageUrl::Memory);
        self.outbox.tried(below, kept);
        book.next_step(self.shared.now())
    }

    /// What came together since the last time. Minutes are closed when they are over.
    fn entries(&self, book: &mut Book, now: Now, last: bool) -> Entries {
        let minute = Tier::Minute.start_of(now.wall);
        let over = mem::replace(&mut book.minute, minute) != minute;
        self.shared.with(|state| {
            if over || last {
                state.ledger.close(now, last);
            }
            state.ledger.take()
        })
    }

    fn write(&self, book: &mut Book, now: Now) {
        book.due = now.instant + SPACING;
        match self.try_write(book, now) {
            Ok(()) => {
                let lost = mem::take(&mut book.batch).entries.lost;
                let failures = mem::take(&mut book.failures);
                let mut health = self.lock_health();
                health.lost = health.lost.saturating_add(lost);
                health.failure = None;
                drop(health);
                if self.shelf.is_empty() {
                    self.shelf.put(book.history.as_ref());
                }
                if failures > 0 {
                    log::info!("history is written again");
                }
            }
            Err(error) => {
                let wait = Duration::from_secs(1u64.checked_shl(book.failures).unwrap_or(u64::MAX)).min(WAIT_MAX);
                book.due = self.shared.now().instant + wait;
                if book.failures == 0 {
                    log::error!("history cannot be written, and waits in memory: {error}");
                }
                book.failures = book.failures.saturating_add(1);
                self.shelf.put(None);
                book.history = None;
                let mut health = self.lock_health();
                health.failures = health.failures.saturating_add(1);
                health.failure = Some(error.to_string());
            }
        }
    }

    fn try_write(&self, book: &mut Book, now: Now) -> Result<(), HistoryError> {
        if book.history.is_none() {
            let history = History::open(&book.storage, now.wall)?;
            self.shelf.put(Some(&history));
            self.come_back(book, history, now)?;
        }
        let Some(history) = &mut book.history else { return Ok(()) };
        history.check()?;
        history.write(&book.batch, now.wall)?;
        if book.forget_at <= now.instant {
            book.forget_at = now.instant + FORGETTING;
            let retention = *self.retention.lock().unwrap_or_else(PoisonError::into_inner);
            // All is written; what is too old can stay for another hour.
            if let Err(error) = history.forget(now.wall, &retention) {
                log::warn!("history: what is too old could not be forgotten: {error}");
            }
        }
        Ok(())
    }

    /// Tells a database that was away, or that took the place of another one, how everything is.
    fn come_back(&self, book: &mut Book, mut history: History, now: Now) -> Result<(), HistoryError> {
        let memory = history.memory(now)?;
        if book.known {
            if memory.subjects.is_empty() {
                log::warn!("history: {} is new, what was kept before is not in it", book.storage.url);
            }
        } else {
            let pasts = history.pasts(now.wall)?;
            book.known = true;
            // Since the start nobody knew of them.
            let started = book.started;
            self.shared.with(|state| {
                for (node, tier, at, span) in pasts {
                    state.ledger.restore(&node, tier, at, &span);
                }
                state.ledger.take_over(memory.incidents, started);
                state.take_over(memory.silence, now);
                state.board.take_over(memory.announcements);
            });
            self.shared.take_over_maintenance(memory.maintenance);
            self.shared.announced();
            self.outbox.take_over(&memory.owed);
            for owed in memory.owed {
                self.channels.resume(&owed, &self.outbox, now);
            }
        }
        let (entries, announcements) = self.shared.with(|state| {
            state.board.repeat();
            (state.repeat(), state.board.to_store())
        });
        book.batch.entries.append(entries);
        book.batch.announcements = announcements;
        book.batch.owed = self.outbox.owed();
        book.batch.reminded = book.reminded;
        book.batch.told = book.told.iter().map(|(subject, told)| (subject.clone(), *told)).collect();
        book.history = Some(history);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_health(&self) -> MutexGuard<'_, KeeperHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Takes in what the outbox hands over.
    fn note(&mut self, waiting: Batch) {
        self.told.extend(waiting.told.iter().cloned());
        self.reminded = waiting.reminded.or(self.reminded);
        self.batch.append(waiting);
    }

    /// Names in the log what could not be written before the end.
    fn name_lost(&self) {
        if self.failures > 0 && self.batch.announcements.is_some() {
            log::error!(
                "history: the last announcements, or that some were taken down, were not written before the end"
            );
        }
        let (changes, minutes) = (self.batch.entries.transitions.len(), self.batch.entries.minutes.len());
        if self.failures > 0 && changes + minutes > 0 {
            log::error!(
                "history: {changes} changes of status and {minutes} records of a minute were not written before the end, \
                 and are lost"
            );
        }
    }

    /// When there is something to do: the next batch, of what may have come together by then, or the end of the minute.
    fn next_step(&self, now: Now) -> Instant {
        if now.instant < self.due {
            return self.due;
        }
        let minute = now.wall.duration_since(Tier::Minute.start_of(now.wall)).unsigned_abs();
        now.instant + Tier::Minute.length().saturating_sub(minute) + SLACK
    }
}

#[cfg(test)]
mod tests;
