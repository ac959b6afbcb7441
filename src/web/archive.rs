//! Reading the archive for a page: on a thread of its own, for so long and no longer, and by so many at a time.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::web;
use jiff::Timestamp;

use crate::model::shown::Archive;
use crate::model::shown::MonthHistory;
use crate::model::shown::NodeHistory;
use crate::model::shown::Range;
use crate::model::shown::Unavailable;
use crate::model::transition::NodeKey;

/// How long a visitor waits for the archive; the page is then made without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many may read at a time. One that hangs holds a thread, whatever its visitor does.
const READERS_MAX: usize = 16;

/// An archive that knows nothing: that of a program without storage.
pub(super) struct Nothing;

impl Archive for Nothing {
    fn node(&self, _: &NodeKey, _: Range, _: Timestamp) -> Result<NodeHistory, Unavailable> {
        Ok(NodeHistory::default())
    }

    fn month(&self, _: Timestamp, _: Timestamp) -> Result<MonthHistory, Unavailable> {
        Ok(MonthHistory::default())
    }
}

/// An archive, and who reads in it.
#[derive(Clone)]
pub(super) struct ReadingRoom {
    archive: Arc<dyn Archive>,
    readers: Arc<AtomicUsize>,
}

/// A place in the reading room; it is given back when the reader is done, not when its visitor is.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ReadingRoom {
    pub(super) fn new(archive: Arc<dyn Archive>) -> Self {
        Self { archive, readers: Arc::default() }
    }

    /// Reads, or gives up.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        then: impl FnOnce(&dyn Archive) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let place = Place(self.readers.clone());
        if self.readers.fetch_add(1, Ordering::AcqRel) >= READERS_MAX {
            return Err(Unavailable);
        }
        let archive = self.archive.clone();
        let reading = web::block(move || {
            let read = then(archive.as_ref());
            drop(place);
            read
        });
        match timeout(PATIENCE, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) | Err(_) => Err(Unavailable),
        }
    }
}
