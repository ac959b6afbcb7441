//! Reading the archive for a page: on a thread of its own, for so long and no longer, and by so many at a time.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::web;

use crate::model::shown::Archive;
use crate::model::shown::Unavailable;

/// How long a visitor waits for the archive; the page is then made without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many may read at a time. One that hangs holds a thread, whatever its visitor does.
const READERS_MAX: usize = 16;

/// An archive, and who reads in it.
#[derive(Clone)]
pub(super) struct ReadingRoom {
    archive: Arc<dyn Archive>,
    patience: Duration,
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
        Self { archive, patience: PATIENCE, readers: Arc::default() }
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
        match timeout(self.patience, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) | Err(_) => Err(Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::sync::mpsc::Receiver;

    use actix_web::rt::System;

    use crate::model::shown::MonthHistory;
    use crate::model::shown::NodeHistory;
    use crate::model::shown::Range;
    use crate::model::transition::NodeKey;
    use jiff::Timestamp;

    use super::*;

    /// An archive that knows nothing.
    struct Nothing;

    impl Archive for Nothing {
        fn node(&self, _: &NodeKey, _: Range, _: Timestamp) -> Result<NodeHistory, Unavailable> {
            Ok(NodeHistory::default())
        }

        fn month(&self, _: Timestamp, _: Timestamp) -> Result<MonthHistory, Unavailable> {
            Ok(MonthHistory::default())
        }
    }

    /// A reader that says that it reads, and goes on when it is told to, or when nobody can tell it any more.
    fn reader(begun: mpsc::Sender<()>, go_on: Receiver<()>) -> impl FnOnce(&dyn Archive) -> Result<u8, Unavailable> {
        move |_| {
            let _ = begun.send(());
            let _ = go_on.recv();
            Ok(1)
        }
    }

    #[test]
    fn a_reader_gets_what_there_is_or_that_there_is_nothing_to_be_had() {
        let room = ReadingRoom::new(Arc::new(Nothing));
        let seen = System::new().block_on(async {
            let month = room.read(|archive| archive.month(Timestamp::MIN, Timestamp::MAX)).await;
            (month, room.read(|_| Err::<u8, _>(Unavailable)).await)
        });
        assert_eq!(seen, (Ok(MonthHistory::default()), Err(Unavailable)));
    }

    #[test]
    fn who_waits_too_long_goes_without_and_those_who_are_too_many_do_not_wait() {
        let room = ReadingRoom { patience: Duration::from_millis(1), ..ReadingRoom::new(Arc::new(Nothing)) };
        System::new().block_on(async {
            let (begun, has_begun) = mpsc::channel();
            let mut hanging = Vec::new();
            for _ in 0..READERS_MAX {
                let (go, go_on) = mpsc::channel();
                hanging.push(go);
                assert_eq!(room.read(reader(begun.clone(), go_on)).await, Err(Unavailable));
            }
            assert_eq!(room.read(|_| Ok(1)).await, Err(Unavailable));
            assert_eq!(has_begun.iter().take(READERS_MAX).count(), READERS_MAX);
            drop(hanging);
        });
        // All of them have left when nobody holds the counter but the room.
        while Arc::strong_count(&room.readers) > 1 {
            std::thread::yield_now();
        }
        assert_eq!(room.readers.load(Ordering::Acquire), 0);
    }
}
