//! History: what is written and found again, whatever the database.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Now;
use crate::config::Retention;
use crate::config::Storage;
use crate::config::StorageUrl;
use crate::model::id::ReplicaId;
use crate::model::incident::Incident;
use crate::model::past::Past;
use crate::model::span::Span;
use crate::model::tier::Tier;
use crate::model::transition::NodeKey;
use crate::model::transition::Subject;

use super::Batch;
use super::Memory;
use super::OutboxLine;
use super::announcements;
use super::database::Access;
use super::database::Database;
use super::error::HistoryError;
use super::incidents;
use super::migrate::migrate;
use super::migrate::require;
use super::minutes;
use super::minutes::MADE_OF;
use super::outbox;
use super::past;
use super::past::Whose;
use super::postgres;
use super::reminders;
use super::sqlite;
use super::subjects;
use super::subjects::Subjects;

/// A database of history, open. It blocks for as long as the disk or the server takes, and must not be
/// used on a thread that runs asynchronous work: there, wrap it in `web::block`.
pub struct History {
    pub(super) database: Box<dyn Database>,
    subjects: Subjects,
}

/// For how long after their end incidents are remembered at a start, and how many of them at most.
const RECENT: Duration = Duration::from_hours(24 * 15);
const RECENT_MAX: usize = 1_000;

impl History {
    /// Opens the database to write it and brings its schema up to date; a file that does not exist is made.
    ///
    /// # Errors
    /// Refused when somebody must act before it can be used, see [`HistoryError::forbids_start`]; then, as after every
    /// failure, the database is as it was.
    pub fn open(storage: &Storage, now: Timestamp) -> Result<Self, HistoryError> {
        let mut database = match &storage.url {
            StorageUrl::Sqlite(path) => sqlite::open(path),
            StorageUrl::Memory => sqlite::open_memory(),
            StorageUrl::Postgres(config) => postgres::open(config),
        }?;
        let migrations = database.migrations();
        migrate(&mut *database, migrations, now)?;
        Ok(Self { database, subjects: Subjects::default() })
    }

    /// Opens the database only to read, beside the Vigil that writes it.
    ///
    /// # Errors
    /// When it is not there, is of another version, or cannot be read.
    pub fn look(storage: &Storage) -> Result<Self, HistoryError> {
        let mut database = match &storage.url {
            StorageUrl::Sqlite(path) => sqlite::look(path),
            StorageUrl::Memory => sqlite::open_memory(),
            StorageUrl::Postgres(config) => postgres::look(config),
        }?;
        let migrations = database.migrations();
        require(&mut *database, migrations)?;
        Ok(Self { database, subjects: Subjects::default() })
    }

    /// A second connection that only reads, for another thread. It must end before the database can be opened anew, and
    /// is of no use after that.
    ///
    /// # Errors
    /// When no connection can be had.
    pub fn reader(&self) -> Result<Self, HistoryError> {
        Ok(Self { database: self.database.reader()?, subjects: Subjects::default() })
    }

    /// Whether the database is still there, and still the one that was opened. When it is not, this is of no more use.
    ///
    /// # Errors
    /// What became of it.
    pub fn check(&mut self) -> Result<(), HistoryError> {
        self.database.check()
    }

    /// Writes all of a batch or nothing. Minutes that are there already are added to; to write a batch again, of which
    /// nobody knows whether it was written, enters its transitions twice and does no other harm.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn write(&mut self, batch: &Batch, now: Timestamp) -> Result<(), HistoryError> {
        let subjects = &mut self.subjects;
        let done = transaction(&mut *self.database, Access::Write, |database| {
            let entries = &batch.entries;
            subjects::remember(database, subjects, &entries.standings)?;
            subjects::change(database, subjects, &entries.transitions)?;
            subjects::tell(database, subjects, &batch.told)?;
            reminders::write(database, batch)?;
            incidents::write(database, entries.incidents.values())?;
            outbox::write(database, batch)?;
            announcements::write(database, batch.announcements.as_deref())?;
            minutes::write(database, subjects, &entries.minutes, &entries.shifts, now)
        });
        if done.is_err() {
            self.subjects.clear();
        }
        done
    }

    /// Forgets what is older than it is to be kept, chunk by chunk, but for what is still to be made into coarser spans.
    ///
    /// # Errors
    /// When nothing was forgotten.
    pub fn forget(&mut self, now: Timestamp, retention: &Retention) -> Result<(), HistoryError> {
        transaction(&mut *self.database, Access::Write, |database| {
            for tier in Tier::ALL {
                let Some(kept) = retention.of(tier) else { continue };
                let mut before = now.checked_sub(kept).unwrap_or(Timestamp::MIN);
                if let Some((coarser, _)) = MADE_OF.into_iter().find(|(_, finer)| *finer == tier) {
                    let made = minutes::rolled(database, coarser)?;
                    before = before.min(minutes::timestamp(made.unwrap_or(i64::MIN)));
                }
                minutes::forget(database, tier, before)?;
            }
            Ok(())
        })
    }

    /// What is known from before the program started. It is to be read before anything is written: the numbers of
    /// incidents and notices go on from here, and those that are taken already stand for what is stored.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn memory(&mut self, now: Now) -> Result<Memory, HistoryError> {
        self.read(|database| {
            let (subjects, told) = subjects::known(database, now)?;
            let since = now.wall.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
            let mut incidents = incidents::since(database, now, since, RECENT_MAX)?;
            incidents.reverse();
            let next_incident = incidents::next(database)?;
            let (owed, next_notice) = outbox::owed(database)?;
            let (reminded, silence) = reminders::known(database, now)?;
            let announcements = announcements::all(database)?;
            Ok(Memory { subjects, told, reminded, silence, incidents, next_incident, owed, next_notice, announcements })
        })
    }

    /// What every node needs for its [`Past`]: its days and hours, with when each began; the last of each holds what
    /// there is of the present one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pasts(&mut self, now: Timestamp) -> Result<Vec<(NodeKey, Tier, Timestamp, Span)>, HistoryError> {
        self.read(|database| {
            let nodes = past::subjects(database, &Whose::Nodes)?;
            let mut all = Vec::new();
            for tier in [Tier::Day, Tier::Hour] {
                let end = now.checked_add(tier.length()).unwrap_or(Timestamp::MAX);
                let found = past::spans(database, &Whose::Nodes, tier, Past::begin(tier, now), end)?;
                for ((start, subject), span) in found {
                    if let Some(Subject::Node(node)) = nodes.get(&subject) {
                        all.push((node.clone(), tier, minutes::timestamp(start), span));
                    }
                }
            }
            Ok(all)
        })
    }

    /// The spans of a tier that overlap the time from `from` to `to`, in order, with when each began. The last of them
    /// may not be over, and hold what there is of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn series(
        &mut self,
        what: &Subject,
        tier: Tier,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, Span)>, HistoryError> {
        self.read(|database| {
            let found = past::spans(database, &Whose::One(what.clone()), tier, from, to)?;
            Ok(found.into_iter().map(|((start, _), span)| (minutes::timestamp(start), span)).collect())
        })
    }

    /// What those spans of each replica of a node hold together, by name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn replicas(
        &mut self,
        node: &NodeKey,
        tier: Tier,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(ReplicaId, Span)>, HistoryError> {
        self.read(|database| {
            let whose = Whose::ReplicasOf(node.clone());
            let names = past::subjects(database, &whose)?;
            let mut merged: HashMap<i64, Span> = HashMap::new();
            for ((_, subject), span) in past::spans(database, &whose, tier, from, to)? {
                merged.entry(subject).or_default().merge(&span);
            }
            let name = |(subject, span)| match names.get(&subject) {
                Some(Subject::Replica(key)) => Some((key.replica.clone(), span)),
                _ => None,
            };
            let mut replicas: Vec<(ReplicaId, Span)> = merged.into_iter().filter_map(name).collect();
            replicas.sort_by(|(one, _), (other, _)| one.cmp(other));
            Ok(replicas)
        })
    }

    /// The incidents that overlap the time from `from` to `to`, the newest first, `most` at most.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn incidents(
        &mut self,
        now: Now,
        from: Timestamp,
        to: Timestamp,
        most: usize,
    ) -> Result<Vec<Incident>, HistoryError> {
        self.read(|database| incidents::between(database, now, from, to, most))
    }

    /// The incidents in which a node died, the newest first, `most` at most.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn incidents_of(&mut self, now: Now, node: &NodeKey, most: usize) -> Result<Vec<Incident>, HistoryError> {
        self.read(|database| incidents::of(database, now, node, most))
    }

    /// When the first incident of all began.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn first(&mut self) -> Result<Option<Timestamp>, HistoryError> {
        self.read(incidents::first)
    }

    /// Every delivery that is owed, in the order of the notices.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn outbox(&mut self) -> Result<Vec<OutboxLine>, HistoryError> {
        self.read(outbox::lines)
    }

    fn read<T>(&mut self, work: impl FnOnce(&mut dyn Database) -> Result<T, HistoryError>) -> Result<T, HistoryError> {
        transaction(&mut *self.database, Access::Read, work)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({})", self.database.place())
    }
}

fn transaction<T>(
    database: &mut dyn Database,
    access: Access,
    work: impl FnOnce(&mut dyn Database) -> Result<T, HistoryError>,
) -> Result<T, HistoryError> {
    database.begin(access)?;
    let done = work(database).and_then(|value| database.commit().map(|()| value));
    if done.is_err() {
        database.rollback();
    }
    done
}
