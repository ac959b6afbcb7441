//! A wall clock that can be set while a program runs, by libfaketime; the monotonic clock goes on as it does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use vigil_server::model::span::Span;
use vigil_server::model::status::Status;

/// What sets the clock.
pub(crate) struct Hand(PathBuf);

impl Hand {
    /// The clock is right as yet.
    pub(crate) fn new(folder: &Path) -> Self {
        let hand = Self(folder.join("clock"));
        hand.set("+0");
        hand
    }

    /// Sets the clock by so many seconds from the right time.
    pub(crate) fn set(&self, offset: &str) {
        // The program may read it at any moment: it must be whole.
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{offset}\n")).unwrap();
        fs::rename(&new, &self.0).unwrap();
    }

    /// What has a program go by this clock.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let libraries = fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path().join("faketime"));
        let library = libraries.map(|folder| folder.join("libfaketime.so.1")).find(|library| library.exists());
        let library = library.unwrap_or_else(|| panic!("this test needs libfaketime: apt-get install faketime"));
        vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}

/// How many seconds of each day that database knows of the one node, from the minutes that it has.
pub(crate) fn seconds_by_day(file: &Path) -> BTreeMap<i64, f64> {
    let database = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT start_s, spans FROM chunks JOIN subjects ON subjects.id = subject_id \
               WHERE node = 'push' AND replica = '' AND tier = 0";
    let mut query = database.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    let mut days = BTreeMap::new();
    for (start, bytes) in rows.map(Result::unwrap) {
        let at = jiff::Timestamp::from_second(start).unwrap();
        let chunk = vigil_server::model::chunk::Chunk::decode(
            vigil_server::model::tier::Tier::Minute,
            at,
            &mut bytes.as_slice(),
        );
        for (at, span) in chunk.unwrap().spans() {
            let watched =
                |span: &Span| -> f64 { Status::ALL.iter().map(|one| span.time(Some(*one)).as_secs_f64()).sum() };
            *days.entry(at.as_second().div_euclid(86_400)).or_insert(0.0) += watched(span);
        }
    }
    days
}
