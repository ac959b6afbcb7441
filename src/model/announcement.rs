//! Announcements: what the owner of the page tells its visitors, until he takes it down or its time is over.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::uuid::Uuid;
use super::wording;

/// How many announcements there may be at a time: more than anybody reads, and few enough for a page.
pub const MOST: usize = 50;

/// For how long an announcement with an end is shown at least: shorter ones nobody sees.
pub const SHORTEST: Duration = Duration::from_secs(1);

/// The same at most: whatever is to be there for longer has no end.
pub const LONGEST: Duration = Duration::from_hours(366 * 24);

/// An announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its number: later ones have greater ones.
    pub number: u64,
    /// Its id, for those who manage the page.
    pub id: Uuid,
    /// What it is about, on one line.
    pub title: String,
    /// What there is to say, on any number of lines, which end in `\n`.
    pub text: String,
    /// Since when it is there, in whole milliseconds.
    pub published: Timestamp,
    /// From when on it is not there any more.
    pub expires: Option<Timestamp>,
}

/// Why something cannot be announced, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its title or its text cannot be shown.
    #[error(transparent)]
    Wording(#[from] wording::Unfit),
    /// It would be over at once, or be shown for too long.
    #[error("`expires_in_seconds` is out of range: send 1 to {} (366 days), or nothing at all", LONGEST.as_secs())]
    Lasting,
}

/// There is no room for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {MOST} announcements already: delete one of them first")]
pub struct Full;

impl Announcement {
    /// What is announced `now`, to be shown for so long.
    ///
    /// # Errors
    /// [`Unfit`], when it is too short or too long.
    pub fn new(id: Uuid, title: &str, text: &str, lasting: Option<Duration>, now: Timestamp) -> Result<Self, Unfit> {
        let (title, text) = (wording::title(title)?, wording::text(text)?);
        if lasting.is_some_and(|time| time < SHORTEST || time > LONGEST) {
            return Err(Unfit::Lasting);
        }
        let published = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let expires = lasting.map(|time| published.checked_add(time).unwrap_or(Timestamp::MAX));
        Ok(Self { number: 0, id, title, text, published, expires })
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// All announcements, the oldest first.
#[derive(Debug, Default)]
pub struct Board {
    all: Vec<Arc<Announcement>>,
    /// Whether they are others than those that were stored last.
    changed: bool,
}

impl Board {
    /// Those that were stored, the oldest first.
    #[must_use]
    pub fn new(stored: Vec<Announcement>) -> Self {
        Self { all: stored.into_iter().map(Arc::new).collect(), changed: false }
    }

    /// Puts up another one.
    ///
    /// # Errors
    /// [`Full`], when there are too many.
    pub fn post(&mut self, announcement: Announcement) -> Result<(), Full> {
        if self.all.len() >= MOST {
            return Err(Full);
        }
        let number = self.next_number();
        self.all.push(Arc::new(Announcement { number, ..announcement }));
        self.changed = true;
        Ok(())
    }

    /// Takes one down; tells whether it was there.
    pub fn take_down(&mut self, id: Uuid) -> bool {
        self.retain(|announcement| announcement.id != id)
    }

    /// Takes down those whose time is over; tells whether there were any.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        self.retain(|announcement| !announcement.is_over(now))
    }

    /// When the time of the next one is over.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.all.iter().filter_map(|announcement| announcement.expires).min()
    }

    /// Those that are to be seen, the oldest first.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Arc<Announcement>> {
        self.all.iter().filter(move |announcement| !announcement.is_over(now))
    }

    /// Takes in those of before, which nobody knew of at the start.
    pub fn take_over(&mut self, before: Vec<Announcement>) {
        let own = std::mem::replace(&mut self.all, before.into_iter().map(Arc::new).collect());
        for announcement in own {
            let number = self.next_number();
            self.all.push(Arc::new(Announcement { number, ..Announcement::clone(&announcement) }));
        }
        self.changed = true;
    }

    /// What is to be stored, all of it, if it has changed since this was asked the last time.
    pub fn to_store(&mut self) -> Option<Vec<Arc<Announcement>>> {
        std::mem::take(&mut self.changed).then(|| self.all.clone())
    }

    /// Has all of it stored, as if nothing of it had been.
    pub fn repeat(&mut self) {
        self.changed = true;
    }

    fn next_number(&self) -> u64 {
        self.all.last().map_or(1, |last| last.number.saturating_add(1))
    }

    /// Keeps those of which that holds; tells whether any are gone.
    fn retain(&mut self, keep: impl Fn(&Announcement) -> bool) -> bool {
        let before = self.all.len();
        self.all.retain(|announcement| keep(announcement));
        let is_less = self.all.len() < before;
        self.changed |= is_less;
        is_less
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;

    const NOON: Timestamp = Timestamp::constant(1_795_521_600, 7_654_321);

    fn id(number: u8) -> Uuid {
        Uuid::of_random([number; 16])
    }

    fn announcement(number: u8, seconds: Option<u64>) -> Announcement {
        Announcement::new(id(number), "Title", "Text", seconds.map(fixture::secs), NOON).unwrap()
    }

    fn numbers(board: &Board, now: Timestamp) -> Vec<(u64, Uuid)> {
        board.at(now).map(|announcement| (announcement.number, announcement.id)).collect()
    }

    #[test]
    fn an_announcement_has_a_title_a_text_and_an_end() {
        let long = |count: usize| "é".repeat(count);
        let day = Duration::from_hours(24);
        for (title, text, lasting, wanted) in [
            ("T", "t", None, None),
            (" ", "\n", Some(fixture::secs(1)), None),
            (&long(200), &long(5_000), Some(day * 366), None),
            ("", "t", None, Some("`title` is empty: send 1 to 200 characters")),
            (&long(201), "t", None, Some("`title` has 201 characters: send 1 to 200")),
            ("T", "", None, Some("`text` is empty: send 1 to 5000 characters")),
            ("T", &long(5_001), None, Some("`text` has 5001 characters: send 1 to 5000")),
            (
                "T",
                "t",
                Some(Duration::ZERO),
                Some("`expires_in_seconds` is out of range: send 1 to 31622400 (366 days), or nothing at all"),
            ),
            (
                "T",
                "t",
                Some(day * 367),
                Some("`expires_in_seconds` is out of range: send 1 to 31622400 (366 days), or nothing at all"),
            ),
        ] {
            let made = Announcement::new(id(1), title, text, lasting, NOON);
            assert_eq!(made.err().map(|unfit| unfit.to_string()).as_deref(), wanted, "{title:?} {text:?}");
        }
        assert_eq!(
            Announcement::new(id(1), "T", "t", Some(day), Timestamp::MAX).unwrap().published.as_second(),
            Timestamp::MAX.as_second()
        );
    }

    #[test]
    fn only_line_breaks_of_a_text_stay() {
        let made = Announcement::new(id(1), "a\nb", "1\r\n2\t3", None, NOON).unwrap();
        assert_eq!((made.title.as_str(), made.text.as_str()), ("a b", "1\n2 3"));
        assert_eq!(made.published.to_string(), "2026-11-24T12:00:00.007Z");
    }

    #[test]
    fn the_board_keeps_the_order_and_what_is_not_over() {
        let mut board = Board::default();
        assert_eq!(board.to_store(), None);
        for (number, seconds) in [(1, None), (2, Some(60)), (3, Some(30))] {
            board.post(announcement(number, seconds)).unwrap();
        }
        assert_eq!(board.to_store().unwrap().len(), 3);
        assert_eq!(board.to_store(), None);
        assert_eq!(numbers(&board, NOON), [(1, id(1)), (2, id(2)), (3, id(3))]);
        let later = |seconds| announcement(1, Some(seconds)).expires.unwrap();
        assert_eq!(board.next_expiry(), Some(later(30)));
        assert!(!board.expire(later(29)) && board.to_store().is_none());
        assert_eq!(numbers(&board, later(30)), [(1, id(1)), (2, id(2))]);
        assert!(board.expire(later(30)));
        assert!(board.take_down(id(1)) && !board.take_down(id(1)));
        assert_eq!(board.to_store().unwrap().len(), 1);
        board.post(announcement(9, None)).unwrap();
        assert_eq!(numbers(&board, NOON), [(2, id(2)), (3, id(9))]);
    }

    #[test]
    fn the_board_has_an_end() {
        let mut board = Board::default();
        let posted = (0..60).filter(|number| board.post(announcement(*number, None)).is_ok()).count();
        assert_eq!(posted, MOST);
        assert_eq!(Full.to_string(), "there are 50 announcements already: delete one of them first");
        assert!(board.take_down(id(7)));
        assert_eq!(board.post(announcement(99, None)), Ok(()));
    }

    #[test]
    fn what_was_there_before_comes_first() {
        let mut board = Board::default();
        board.post(announcement(9, None)).unwrap();
        board.to_store();
        let before = [(3, 1), (7, 2)].map(|(number, of)| Announcement { number, ..announcement(of, None) });
        board.take_over(before.to_vec());
        assert_eq!(numbers(&board, NOON), [(3, id(1)), (7, id(2)), (8, id(9))]);
        assert_eq!(board.to_store().unwrap().len(), 3);
        board.repeat();
        assert_eq!(board.to_store().unwrap().len(), 3);
    }
}
