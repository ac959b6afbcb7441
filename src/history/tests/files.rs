//! What is special to a file.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use super::backend::Backend;
use super::backend::WALL;
use super::backend::file;
use super::backend::healthy;
use super::backend::minutes;
use super::backend::node;
use super::backend::now;
use crate::config::Storage;
use crate::history::Batch;
use crate::history::Memory;
use crate::history::error::HistoryError;
use crate::history::store::History;
use crate::model::status::Status;
use crate::model::tier::Tier;

fn open(storage: &Storage) -> Result<History, HistoryError> {
    History::open(storage, WALL)
}

fn path(backend: &Backend) -> std::path::PathBuf {
    backend.folder.as_ref().unwrap().path().join("vigil.db")
}

#[test]
fn placeholders_are_bound_by_their_numbers() {
    let mut history = Backend::memory().open();
    let values = ["a", "b", "c"].map(Into::into);
    let mut rows = history.database.query("SELECT $1, $2, $3, $1, $3", &values).unwrap();
    let row = rows.first_mut().unwrap();
    let found: Vec<_> = std::iter::from_fn(|| row.text()).collect();
    assert_eq!(found.concat(), "abcac");
}

#[test]
fn strangers_cannot_read_it() {
    let backend = Backend::file();
    let mut history = backend.open();
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    for entry in fs::read_dir(backend.folder.as_ref().unwrap()).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{} has the mode {mode:o}", entry.path().display());
    }
}

#[test]
fn a_file_that_is_deleted_or_replaced_is_noticed() {
    let backend = Backend::file();
    let mut history = backend.open();
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    history.check().unwrap();
    fs::remove_file(path(&backend)).unwrap();
    let error = history.check().unwrap_err();
    assert!(!error.forbids_start() && error.to_string().contains("No such file"), "{error}");
    // Whoever deletes it may leave the log.
    let mut history = backend.restart(history);
    assert_eq!(history.memory(now()).unwrap(), Memory { next_incident: 1, next_notice: 1, ..Memory::default() });
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    history.check().unwrap();
    let other = Backend::file();
    drop(other.open());
    fs::rename(path(&other), path(&backend)).unwrap();
    assert!(history.check().unwrap_err().to_string().ends_with("the file was replaced by another one"));
}

#[test]
fn a_file_that_another_process_has_is_refused_until_that_ends() {
    let backend = Backend::file();
    drop(backend.open());
    let mut other = Command::new("flock")
        .arg(path(&backend))
        .args(["-c", "echo locked; read _"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    BufReader::new(other.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    for _ in 0..2 {
        let error = open(&backend.storage).err().unwrap();
        assert!(!error.forbids_start() && error.to_string().contains("is used by another Vigil"), "{error}");
    }
    drop(other.stdin.take());
    other.wait().unwrap();
    backend.open();
}

#[test]
fn what_is_not_ours_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigil.db");
    let check = |wanted: &str| {
        let before = fs::read(&path).unwrap();
        let error = open(&file(&path)).err().unwrap();
        assert!(error.forbids_start());
        let wanted = format!("{}: {wanted}; name another file, or move this one away", path.display());
        assert_eq!(error.to_string(), wanted);
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    };
    for content in ["a", "[server]\n", &"text ".repeat(9_000), "SQLite format"] {
        fs::write(&path, content).unwrap();
        check("is not an SQLite database");
    }
    for setting in ["", "PRAGMA journal_mode = WAL;", "PRAGMA application_id = 7;"] {
        fs::remove_file(&path).unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch(&format!("{setting} CREATE TABLE things (name TEXT)")).unwrap();
        drop(other);
        check("is an SQLite database of another program");
    }
}

#[test]
fn what_cannot_be_opened_may_be_opened_later() {
    let folder = tempfile::tempdir().unwrap();
    for (path, wanted) in [
        (folder.path().join("nowhere/vigil.db"), "No such file or directory"),
        (folder.path().to_owned(), "Is a directory"),
    ] {
        let error = open(&file(&path)).err().unwrap();
        assert!(!error.forbids_start() && error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn an_end_without_warning_leaves_all_that_was_written() {
    let backend = Backend::file();
    let mut history = backend.open();
    for minute in 0..50 {
        let at = WALL + Tier::Minute.length() * minute;
        history.write(&minutes(healthy(&node(), at, 1)), at).unwrap();
    }
    // As after a crash: the file and its log as they are.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["vigil.db", "vigil.db-wal"] {
        fs::copy(path(&backend).with_file_name(name), crashed.path().join(name)).unwrap();
    }
    let mut again = open(&file(&crashed.path().join("vigil.db"))).unwrap();
    let end = WALL + Tier::Hour.length();
    assert_eq!(again.series(&node(), Tier::Minute, WALL, end).unwrap().len(), 50);
}

#[test]
fn a_crash_at_the_very_start_is_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigil.db");
    fs::write(&path, "").unwrap();
    drop(open(&file(&path)).unwrap());
    // It was made, but has no schema yet.
    let bare = folder.path().join("bare.db");
    rusqlite::Connection::open(&bare).unwrap().execute_batch("PRAGMA application_id = 1449748332").unwrap();
    open(&file(&bare)).unwrap().memory(now()).unwrap();
}

#[test]
fn a_full_disk_passes_and_leaves_all_as_it_was() {
    let backend = Backend::file();
    let mut history = backend.open();
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    history.database.query("PRAGMA max_page_count = 30", &[]).unwrap();
    let many = (0..9_000).map(|number| (super::backend::replica(&format!("replica {number}")), Some(Status::Dead)));
    let batch = Batch { told: many.collect(), ..minutes(healthy(&node(), WALL, 2)) };
    let error = history.write(&batch, WALL).unwrap_err();
    assert!(!error.forbids_start() && error.to_string().contains("database or disk is full"), "{error}");
    history.check().unwrap();
    assert_eq!(history.memory(now()).unwrap().told, []);
    let end = WALL + Tier::Hour.length();
    assert_eq!(history.series(&node(), Tier::Minute, WALL, end).unwrap().len(), 1);
    history.database.query("PRAGMA max_page_count = 1000000", &[]).unwrap();
    history.write(&batch, WALL).unwrap();
    let mut history = backend.restart(history);
    assert_eq!(history.memory(now()).unwrap().told.len(), 9_000);
    assert_eq!(history.series(&node(), Tier::Minute, WALL, end).unwrap().len(), 2);
}

#[test]
fn rows_that_cannot_be_read_are_left_out() {
    let backend = Backend::file();
    let mut history = backend.open();
    let told = vec![(node(), Some(Status::Dead)), (super::backend::replica("a"), Some(Status::Dead))];
    history.write(&Batch { told, ..minutes(healthy(&node(), WALL, 1)) }, WALL).unwrap();
    let damage = "UPDATE chunks SET spans = x'0501'; UPDATE subjects SET told = 'unwell' WHERE replica = ''; \
        INSERT INTO notices (id, at_ms, body) VALUES (1, 0, '{'); INSERT INTO owed VALUES (1, 'email', 0, NULL, NULL); \
        INSERT INTO incidents (id, service, opened_ms, cause) VALUES (1, 'web', 9223372036854775807, '{}'); \
        INSERT INTO affected (incident_id, position, node, since_ms, deaths, again_ms, down_ms) VALUES (1, 0, '', -1, 1, -1, -1)";
    history.database.run(damage).unwrap();
    let memory = history.memory(now()).unwrap();
    assert_eq!(memory.told, [(super::backend::replica("a"), Status::Dead)]);
    assert_eq!((memory.owed, memory.incidents), (Vec::new(), Vec::new()));
    assert_eq!(history.pasts(WALL).unwrap(), []);
    assert_eq!(history.outbox().unwrap(), []);
    // A chunk that cannot be read is begun anew.
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    assert_eq!(history.pasts(WALL).unwrap().len(), 2);
}

#[test]
fn a_copy_is_for_its_owner_and_group() {
    let backend = Backend::file();
    let mut history = backend.open();
    history.database.back_up(1).unwrap();
    history.database.back_up(1).unwrap();
    let copy = Path::new(&format!("{}.backup-v1", path(&backend).display())).to_owned();
    assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o137, 0);
}
