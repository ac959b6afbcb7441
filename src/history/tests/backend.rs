//! The backends, each with a new database, and values to store.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use super::server;
use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::clock::Now;
use crate::clock::back_at;
use crate::config::Retention;
use crate::config::Storage;
use crate::config::StorageUrl;
use crate::history::Batch;
use crate::history::store::History;
use crate::model::fixture::key;
use crate::model::fixture::node_key;
use crate::model::ledger::Minute;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::transition::Subject;

/// 24 Nov 2026, 01:12:05 UTC.
pub(super) const WALL: Timestamp = Timestamp::constant(1_795_482_725, 0);

/// A new database.
pub(super) struct Backend {
    pub(super) storage: Storage,
    /// The folder of the file, if it is one.
    pub(super) folder: Option<TempDir>,
}

impl Backend {
    pub(super) fn file() -> Self {
        let folder = TempDir::with_prefix("vigil-history-").unwrap();
        let storage = file(&folder.path().join("vigil.db"));
        Self { storage, folder: Some(folder) }
    }

    pub(super) fn memory() -> Self {
        Self { storage: storage(StorageUrl::Memory), folder: None }
    }

    pub(super) fn postgres() -> Self {
        Self { storage: postgres(server::database()), folder: None }
    }

    pub(super) fn open(&self) -> History {
        History::open(&self.storage, WALL).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Ends the program and starts it again; what is in memory would be gone.
    pub(super) fn restart(&self, history: History) -> History {
        if matches!(self.storage.url, StorageUrl::Memory) {
            return history;
        }
        drop(history);
        self.open()
    }
}

/// That file.
pub(super) fn file(path: &Path) -> Storage {
    storage(StorageUrl::Sqlite(path.to_owned()))
}

/// That database of a server.
pub(super) fn postgres(config: tokio_postgres::Config) -> Storage {
    storage(StorageUrl::Postgres(Box::new(config)))
}

fn storage(url: StorageUrl) -> Storage {
    Storage { url, retention: Retention(Tier::ALL.map(Tier::retention)) }
}

/// The present moment, the same one throughout a test.
pub(super) fn now() -> Now {
    static NOW: std::sync::OnceLock<Now> = std::sync::OnceLock::new();
    *NOW.get_or_init(|| ManualClock::at(WALL).now())
}

/// So many seconds ago.
pub(super) fn ago(seconds: i64) -> Now {
    back_at(now(), WALL - jiff::SignedDuration::from_secs(seconds))
}

pub(super) fn replica(name: &str) -> Subject {
    Subject::Replica(key("web", "api", name))
}

pub(super) fn node() -> Subject {
    Subject::Node(node_key("web", "api"))
}

/// A batch with nothing but minutes.
pub(super) fn minutes(minutes: Vec<Minute>) -> Batch {
    let mut batch = Batch::default();
    batch.entries.minutes = minutes;
    batch
}

/// So many minutes in a row that were healthy, the first of them that of `from`.
pub(super) fn healthy(what: &Subject, from: Timestamp, count: u64) -> Vec<Minute> {
    let first = Tier::Minute.start_of(from);
    let span = Span::of(Some(Status::Healthy), Duration::from_mins(1));
    let minute = |number| Minute { what: what.clone(), at: first + Duration::from_mins(number), span: span.clone() };
    (0..count).map(minute).collect()
}
