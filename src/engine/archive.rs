//! Reads what is kept for longer than is at hand, on a connection of its own.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::history::error::HistoryError;
use crate::history::store::History;
use crate::model::shown::Archive;
use crate::model::shown::MonthHistory;
use crate::model::shown::NodeHistory;
use crate::model::shown::Range;
use crate::model::shown::Unavailable;
use crate::model::transition::NodeKey;
use crate::model::transition::Subject;

/// How many incidents a page tells of.
const INCIDENTS_MAX: usize = 1_000;

/// The reading side of the database that the keeper writes. Clones share it.
#[derive(Clone)]
pub(super) struct Shelf {
    history: Arc<Mutex<Option<History>>>,
    clock: Arc<dyn Clock>,
}

impl Shelf {
    /// Nothing can be read yet.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { history: Arc::default(), clock }
    }

    /// Reads from that database from now on; without one, from none: it must be let go before it is opened anew.
    pub(super) fn put(&self, history: Option<&History>) {
        let mut reader = self.lock();
        // The old connection ends first.
        *reader = None;
        *reader = history.and_then(|history| match history.reader() {
            Ok(reader) => Some(reader),
            Err(error) => {
                log::error!("history cannot be read: {error}");
                None
            }
        });
    }

    fn read<T>(&self, then: impl FnOnce(&mut History) -> Result<T, HistoryError>) -> Result<T, Unavailable> {
        let mut reader = self.lock();
        let history = reader.as_mut().ok_or(Unavailable)?;
        then(history).map_err(|error| {
            log::warn!("history could not be read: {error}");
            // Whoever writes opens another connection.
            *reader = None;
            Unavailable
        })
    }

    /// Whether there is nothing to read from. Nobody waits for one who reads to know that.
    pub(super) fn is_empty(&self) -> bool {
        self.history.try_lock().is_ok_and(|reader| reader.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, Option<History>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Archive for Shelf {
    fn node(&self, key: &NodeKey, range: Range, now: Timestamp) -> Result<NodeHistory, Unavailable> {
        let (tier, from) = (range.tier(), range.begin(now));
        let to = now.checked_add(tier.length()).unwrap_or(Timestamp::MAX);
        let moment = self.clock.now();
        self.read(|history| {
            let series = history.series(&Subject::Node(key.clone()), tier, from, to)?;
            // Of the days and hours that make the uptime of the node, too.
            let replicas = history.replicas(key, range.window().tier(), from, to)?;
            let mut incidents = history.incidents_of(moment, key, INCIDENTS_MAX)?;
            incidents.retain(|incident| incident.closed.is_none_or(|closed| closed.at.wall >= from));
            Ok(NodeHistory { series, replicas, incidents })
        })
    }

    fn month(&self, from: Timestamp, to: Timestamp) -> Result<MonthHistory, Unavailable> {
        let moment = self.clock.now();
        self.read(|history| {
            let incidents = history.incidents(moment, from, to, INCIDENTS_MAX)?;
            Ok(MonthHistory { incidents, first: history.first()? })
        })
    }
}
