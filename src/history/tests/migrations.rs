//! Changes of the schema.

use super::backend::Backend;
use super::backend::WALL;
use super::backend::healthy;
use super::backend::minutes;
use super::backend::node;
use crate::history::database::Database;
use crate::history::database::Row;
use crate::history::error::HistoryError;
use crate::history::migrate::migrate;
use crate::history::store::History;
use crate::model::tier::Tier;

on_every_backend! {
    an_older_schema_is_changed_and_keeps_what_it_holds
    a_database_of_the_first_version_gets_what_came_later
    a_change_that_fails_leaves_all_as_it_was
    a_newer_schema_is_refused
}

/// Changes the schema as a later program would.
fn change(history: &mut History, scripts: &[&'static str]) -> Result<(), HistoryError> {
    let all = [history.database.migrations(), scripts].concat();
    migrate(&mut *history.database, &all, WALL)
}

/// The version of the schema that this program makes.
fn known(history: &History) -> i64 {
    i64::try_from(history.database.migrations().len()).unwrap()
}

fn versions(database: &mut dyn Database) -> Vec<i64> {
    let rows = database.query("SELECT version FROM schema ORDER BY version", &[]).unwrap();
    rows.into_iter().filter_map(|mut row: Row| row.int()).collect()
}

fn an_older_schema_is_changed_and_keeps_what_it_holds(backend: &Backend) {
    let mut history = backend.open();
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    let known = known(&history);
    let scripts = ["ALTER TABLE subjects ADD COLUMN colour TEXT", "UPDATE subjects SET colour = 'green'"];
    change(&mut history, &scripts).unwrap();
    change(&mut history, &scripts).unwrap();
    assert_eq!(versions(&mut *history.database), (1..=known + 2).collect::<Vec<_>>());
    let mut rows = history.database.query("SELECT colour FROM subjects", &[]).unwrap();
    assert_eq!(rows.first_mut().and_then(Row::text), Some("green".to_owned()));
    assert_eq!(history.series(&node(), Tier::Minute, WALL, WALL + Tier::Minute.length()).unwrap().len(), 1);
    let Some(folder) = &backend.folder else { return };
    let copy = folder.path().join(format!("vigil.db.backup-v{known}"));
    let copy = Backend { storage: super::backend::file(&copy), folder: None };
    let mut copy = copy.open();
    assert_eq!(versions(&mut *copy.database), (1..=known).collect::<Vec<_>>());
    assert_eq!(copy.series(&node(), Tier::Minute, WALL, WALL + Tier::Minute.length()).unwrap().len(), 1);
}

/// The tables that the first version does not have.
const LATER: &[&str] = &["announcements", "reminders"];

fn a_database_of_the_first_version_gets_what_came_later(backend: &Backend) {
    let mut history = backend.open();
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
    for table in LATER {
        history.database.run(&format!("DROP TABLE {table}")).unwrap();
    }
    history.database.run("DELETE FROM schema WHERE version > 1").unwrap();
    change(&mut history, &[]).unwrap();
    assert_eq!(history.memory(super::backend::now()).unwrap().announcements, []);
    assert_eq!(history.series(&node(), Tier::Minute, WALL, WALL + Tier::Minute.length()).unwrap().len(), 1);
}

fn a_change_that_fails_leaves_all_as_it_was(backend: &Backend) {
    let mut history = backend.open();
    let known = known(&history);
    let error = change(&mut history, &["CREATE TABLE colours (name TEXT)", "DROP TABLE nowhere"]).unwrap_err();
    assert!(!error.forbids_start() && error.to_string().contains("nowhere"), "{error}");
    assert_eq!(versions(&mut *history.database), (1..=known).collect::<Vec<_>>());
    let mut history = backend.restart(history);
    assert!(history.database.query("SELECT name FROM colours", &[]).is_err());
    history.write(&minutes(healthy(&node(), WALL, 1)), WALL).unwrap();
}

fn a_newer_schema_is_refused(backend: &Backend) {
    let mut history = backend.open();
    history.database.execute("INSERT INTO schema (version, applied_ms) VALUES (700, 0)", &[]).unwrap();
    let error = change(&mut history, &[]).unwrap_err();
    assert!(error.forbids_start());
    let wanted = format!(
        "{}: was written by a later Vigil (schema 700, this one knows {}); install that one again, or go back to the \
         copy that it made",
        history.database.place(),
        known(&history)
    );
    assert_eq!(error.to_string(), wanted);
}
