//! Pages that somebody asked for lately, so that whoever asks for all of them, again and again, costs little.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use indexmap::IndexMap;

use super::rendered::Rendered;

/// How many pages are kept, and how many bytes of them: a host of a status page may be small.
const PAGES_MAX: usize = 256;
const BYTES_MAX: usize = 12 * 1024 * 1024;

/// Pages by what was asked for, in the order in which they were made.
#[derive(Default)]
pub(super) struct Cache(Mutex<IndexMap<String, Kept>>);

struct Kept {
    page: Arc<Rendered>,
    /// The count of changes of status that it shows.
    flips: u64,
    until: Instant,
}

impl Cache {
    /// The page, if it is still true: no status has changed since, and its time is not over.
    pub(super) fn get(&self, asked: &str, flips: u64, now: Instant) -> Option<Arc<Rendered>> {
        let pages = self.lock();
        let kept = pages.get(asked).filter(|kept| kept.flips == flips && now < kept.until)?;
        Some(kept.page.clone())
    }

    /// Keeps a page until then; those that were made first make room.
    pub(super) fn put(&self, asked: String, page: Arc<Rendered>, flips: u64, until: Instant) {
        let mut pages = self.lock();
        pages.shift_remove(&asked);
        pages.insert(asked, Kept { page, flips, until });
        let mut bytes: usize = pages.values().map(|kept| kept.page.size()).sum();
        while pages.len() > PAGES_MAX || bytes > BYTES_MAX {
            let Some((_, first)) = pages.shift_remove_index(0) else { break };
            bytes = bytes.saturating_sub(first.page.size());
        }
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rendered::HTML;
    use super::*;
    use crate::model::fixture;

    fn page(bytes: usize) -> Arc<Rendered> {
        Arc::new(Rendered::new("a".repeat(bytes), HTML))
    }

    #[test]
    fn a_page_is_kept_for_its_time_and_until_a_status_changes() {
        let (cache, now) = (Cache::default(), fixture::now().instant);
        let until = now + Duration::from_mins(1);
        cache.put("a".to_owned(), page(1), 7, until);
        assert!(cache.get("a", 7, now).is_some());
        assert!(cache.get("b", 7, now).is_none());
        assert!(cache.get("a", 8, now).is_none());
        assert!(cache.get("a", 7, until).is_none());
    }

    #[test]
    fn only_so_many_pages_and_bytes_are_kept() {
        let (cache, now) = (Cache::default(), fixture::now().instant);
        let until = now + Duration::from_mins(1);
        for number in 0..PAGES_MAX + 10 {
            cache.put(number.to_string(), page(1), 0, until);
        }
        assert_eq!(cache.lock().len(), PAGES_MAX);
        assert!(cache.get("9", 0, now).is_none() && cache.get("10", 0, now).is_some());
        cache.put("large".to_owned(), page(BYTES_MAX / 2), 0, until);
        cache.put("larger".to_owned(), page(BYTES_MAX * 3 / 4), 0, until);
        assert!(cache.get("large", 0, now).is_none() && cache.get("larger", 0, now).is_some());
        cache.put("largest".to_owned(), page(BYTES_MAX), 0, until);
        assert_eq!(cache.lock().len(), 0);
    }
}
