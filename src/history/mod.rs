//! What outlives the program: history, and what it owes people.
//!
//! `store::History` says what is kept and found again, in SQL that every backend understands; a backend (`sqlite`,
//! `postgres`) is a connection that runs it. All that is written together is one transaction: nothing half-written is
//! ever read.

mod announcements;
mod chunks;
mod column;
mod database;
pub mod error;
mod incidents;
mod lock;
mod migrate;
mod minutes;
mod outbox;
mod past;
mod postgres;
mod reminders;
mod sqlite;
pub mod store;
mod subjects;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::announcement::Announcement;
use crate::model::incident::Incident;
use crate::model::ledger::Entries;
use crate::model::ledger::Remembered;
use crate::model::notice::Notice;
use crate::model::reminder::Reminded;
use crate::model::reminder::Silence;
use crate::model::status::Status;
use crate::model::transition::Subject;

/// What is written at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What happened.
    pub entries: Entries,
    /// What people were told last of a node, or of the page; none when all that they were told is over.
    pub told: Vec<(Subject, Option<Status>)>,
    /// How far they were reminded, if that is another way now.
    pub reminded: Option<Reminded>,
    /// Notices that are owed from now on.
    pub owed: Vec<Owed>,
    /// Notices that were delivered or given up, by number and channel.
    pub settled: Vec<(u64, String)>,
    /// Deliveries that failed and are tried again.
    pub failed: Vec<Failed>,
    /// All announcements that there are, the oldest first, if they are others than before.
    pub announcements: Option<Vec<Arc<Announcement>>>,
}

/// A notice that is owed.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// Its number: later notices have greater ones.
    pub id: u64,
    /// The notice.
    pub notice: Arc<Notice>,
    /// The channels that are still to deliver it.
    pub channels: Vec<String>,
}

/// A delivery that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The number of the notice.
    pub id: u64,
    /// The channel.
    pub channel: String,
    /// When it was tried.
    pub at: Timestamp,
    /// Why it failed.
    pub why: String,
}

/// A line of the outbox, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxLine {
    /// The number of the notice.
    pub id: u64,
    /// The notice.
    pub notice: Notice,
    /// The channel.
    pub channel: String,
    /// How often it was tried in vain.
    pub failures: u64,
    /// When it was tried last, and why that failed.
    pub last: Option<(Timestamp, String)>,
}

/// What is known from before the program started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Every subject of which something is known.
    pub subjects: Vec<(Subject, Remembered)>,
    /// What people were told last.
    pub told: Vec<(Subject, Status)>,
    /// How far they were reminded.
    pub reminded: Reminded,
    /// Until when they do not want to be reminded.
    pub silence: Silence,
    /// Incidents that are open or ended lately, in the order in which they began.
    pub incidents: Vec<Incident>,
    /// The number of the next incident.
    pub next_incident: u64,
    /// The notices that are owed, in order.
    pub owed: Vec<Owed>,
    /// The number of the next notice.
    pub next_notice: u64,
    /// What was announced, the oldest first.
    pub announcements: Vec<Announcement>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.told.is_empty()
            && self.reminded.is_none()
            && self.owed.is_empty()
            && self.settled.is_empty()
            && self.failed.is_empty()
            && self.announcements.is_none()
    }

    /// Takes in what came later.
    pub fn append(&mut self, later: Self) {
        self.entries.append(later.entries);
        self.told.extend(later.told);
        self.reminded = later.reminded.or(self.reminded);
        self.owed.extend(later.owed);
        self.settled.extend(later.settled);
        self.failed.extend(later.failed);
        self.announcements = later.announcements.or_else(|| self.announcements.take());
    }
}
