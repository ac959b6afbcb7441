//! Files: the configuration, and the database of history.

use std::time::Duration;

use criterion::Criterion;
use tempfile::TempDir;
use vigil_server::config::Storage;
use vigil_server::config::StorageUrl;
use vigil_server::history::Batch;
use vigil_server::history::store::History;

use crate::cpu::CpuTime;
use crate::measure;
use crate::measure_rounds;
use crate::operations;
use crate::page;
use crate::page::Page;

/// Reading a configuration.
pub(crate) fn config(criterion: &mut Criterion<CpuTime>, page: &Page) {
    measure(criterion, &operations::CONFIG, page.size, || page::read(&page.text));
}

/// Writing history into a file.
pub(crate) fn history(criterion: &mut Criterion<CpuTime>, page: &Page) {
    let folder = TempDir::new().unwrap();
    let url = StorageUrl::Sqlite(folder.path().join("vigil.db"));
    let storage = Storage { url, ..page.config.storage.clone() };
    let mut history = History::open(&storage, page.now().wall).unwrap();
    let batch = || Batch { entries: page.engine.entries(), ..Batch::default() };
    let minute = || {
        page.check_all();
        page.clock.advance(Duration::from_mins(1));
        page.engine.close_minutes();
        batch()
    };
    let change = || {
        page.turn_dead();
        page.clock.advance(Duration::from_millis(1));
        batch()
    };
    let mut write = |batch: &Batch| history.write(batch, page.now().wall).unwrap();
    // Every replica is known to the database.
    write(&minute());
    measure_rounds(criterion, &operations::WRITE_CHANGE, page.size, 1, change, &mut write);
    measure_rounds(criterion, &operations::WRITE_MINUTE, page.size, 1, minute, &mut write);
}
