//! History in a file, or in memory, by SQLite.

use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::ValueRef;

use super::database::Access;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;
use super::error::Refusal;
use super::lock::Lock;

/// The scripts that make the schema, by version, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/sqlite/0001.sql"),
    include_str!("schema/sqlite/0002.sql"),
    include_str!("schema/sqlite/0003.sql"),
];

/// What the head of the file says that it is: "Vigl".
const APPLICATION_ID: u32 = 0x5669_676c;

/// Where that stands in the head (<https://www.sqlite.org/fileformat2.html>), and how the head begins.
const APPLICATION_ID_AT: usize = 68;
const MAGIC: &[u8] = b"SQLite format 3\0";
const HEAD: usize = APPLICATION_ID_AT + 4;

/// The owner writes, the group may read: a backup, a curious administrator.
const MODE: u32 = 0o640;

/// How long one connection waits for another. Only an administrator's own may take long.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many statements are kept ready: all that there are, and those for many rows.
const STATEMENTS: usize = 64;

/// The write-ahead log is read while it is written, and synced at each commit: a notice that is owed survives a power
/// cut. What a connection keeps of the file, and of the log once it is in the file, is a few MB.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000; PRAGMA journal_size_limit = 8388608;";

/// The same for connections that only read.
const READING: &str = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000; PRAGMA query_only = ON;";

/// A connection to a file or to memory.
pub(super) struct Sqlite {
    connection: Connection,
    place: String,
    home: Home,
}

/// What all connections of a database have in common. Last in a connection, so that it is dropped last.
#[derive(Clone)]
enum Home {
    File {
        path: PathBuf,
        /// None for one that only looks at the file of another process.
        lock: Option<Arc<Lock>>,
    },
    /// The name under which connections of this process find it.
    Memory(String),
}

/// Opens the file for reading and writing; it is made if it does not exist.
///
/// # Errors
/// Refused when another Vigil has it or it is something else, in which case it is as it was before.
pub(super) fn open(path: &Path) -> Result<Box<dyn Database>, HistoryError> {
    let place = path.display().to_string();
    let failed = |error: io::Error| failed(&place, error.to_string());
    let lock = Lock::take(path, MODE).map_err(failed)?.ok_or_else(|| refused(&place, Refusal::InUse))?;
    // After a crash in the middle of its first transaction the head says nothing; SQLite puts it right.
    let interrupted = fs::exists(beside(path, "-journal")).map_err(failed)?;
    if !interrupted && let Some(foreign) = foreign(&lock.file).map_err(failed)? {
        return Err(refused(&place, Refusal::Foreign(foreign)));
    }
    let home = Home::File { path: path.to_owned(), lock: Some(Arc::new(lock)) };
    let mut opened = Sqlite::connect(home, place)?;
    opened.claim()?;
    opened.run(SETTINGS)?;
    Ok(Box::new(opened))
}

/// Opens the file only to read, beside the Vigil that writes it. That must be another process: a descriptor of the file
/// is closed in this one.
///
/// # Errors
/// When it is not there, or something else.
pub(super) fn look(path: &Path) -> Result<Box<dyn Database>, HistoryError> {
    let place = path.display().to_string();
    let failed = |error: io::Error| failed(&place, error.to_string());
    let file = File::open(path).map_err(failed)?;
    if let Some(foreign) = foreign(&file).map_err(failed)? {
        return Err(refused(&place, Refusal::Foreign(foreign)));
    }
    drop(file);
    let home = Home::File { path: path.to_owned(), lock: None };
    let mut opened = Sqlite::connect(home, place)?;
    opened.run(READING)?;
    Ok(Box::new(opened))
}

/// Opens a new database in memory, which ends with its last connection.
///
/// # Errors
/// Only when memory is short.
pub(super) fn open_memory() -> Result<Box<dyn Database>, HistoryError> {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    // The VFS `memdb` shares what has a name that begins with a slash.
    let name = format!("file:/vigil-{}?vfs=memdb", NAMES.fetch_add(1, Ordering::Relaxed));
    let mut opened = Sqlite::connect(Home::Memory(name), "memory:".to_owned())?;
    opened.run(SETTINGS)?;
    Ok(Box::new(opened))
}

const OTHER: &str = "is an SQLite database of another program";

/// What the file is, when it is not ours and not empty.
fn foreign(file: &File) -> io::Result<Option<&'static str>> {
    let mut head = [0; HEAD];
    let length = file.read_at(&mut head, 0)?;
    if length == 0 {
        return Ok(None);
    }
    let id = head.last_chunk().map(|id| u32::from_be_bytes(*id));
    Ok(match head.starts_with(MAGIC) {
        false => Some("is not an SQLite database"),
        true if id == Some(APPLICATION_ID) => None,
        true => Some(OTHER),
    })
}

/// The path of a file that belongs to the one at `path`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Sqlite {
    fn connect(home: Home, place: String) -> Result<Self, HistoryError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = match &home {
            Home::File { path, .. } => Connection::open_with_flags(path, flags),
            Home::Memory(name) => {
                let flags = flags | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(name, flags)
            }
        };
        let opened = opened.and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(connection)
        });
        match opened {
            Ok(connection) => Ok(Self { connection, place, home }),
            Err(error) => Err(error_at(&place, &error)),
        }
    }

    /// Makes a new file ours, in the file itself, before there is a log beside it: the head must say it after a crash,
    /// too.
    fn claim(&mut self) -> Result<(), HistoryError> {
        let mut number = |sql| Ok(self.query(sql, &[])?.first_mut().and_then(Row::int).unwrap_or_default());
        let id = number("PRAGMA application_id")?;
        if id == i64::from(APPLICATION_ID) {
            return Ok(());
        }
        if id != 0 || number("SELECT count(*) FROM sqlite_schema")? > 0 {
            return Err(refused(&self.place, Refusal::Foreign(OTHER)));
        }
        self.run(&format!("PRAGMA application_id = {APPLICATION_ID}"))
    }

    fn error(&self, error: &rusqlite::Error) -> HistoryError {
        error_at(&self.place, error)
    }

    fn try_query(&self, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut found = statement.query(rusqlite::params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let values: rusqlite::Result<Vec<Value>> = (0..columns).map(|at| row.get_ref(at).map(value)).collect();
            rows.push(Row::new(values?));
        }
        Ok(rows)
    }
}

impl Database for Sqlite {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, HistoryError> {
        let done = self.connection.prepare_cached(sql);
        let done = done.and_then(|mut statement| statement.execute(rusqlite::params_from_iter(values)));
        done.map(|rows| rows as u64).map_err(|error| self.error(&error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, HistoryError> {
        self.try_query(sql, values).map_err(|error| self.error(&error))
    }

    fn run(&mut self, script: &str) -> Result<(), HistoryError> {
        self.connection.execute_batch(script).map_err(|error| self.error(&error))
    }

    fn begin(&mut self, access: Access) -> Result<(), HistoryError> {
        self.run(match access {
            Access::Read => "BEGIN",
            Access::Write | Access::Migrate => "BEGIN IMMEDIATE",
        })
    }

    fn commit(&mut self) -> Result<(), HistoryError> {
        self.run("COMMIT")
    }

    fn rollback(&mut self) {
        // Some failures, such as a full disk, have ended the transaction already.
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            log::warn!("history: {error}");
        }
    }

    fn check(&mut self) -> Result<(), HistoryError> {
        let Home::File { path, lock: Some(lock) } = &self.home else { return Ok(()) };
        match lock.is_at(path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(failed(&self.place, "the file was replaced by another one".to_owned())),
            Err(error) => Err(failed(&self.place, error.to_string())),
        }
    }

    fn has_schema(&mut self) -> Result<bool, HistoryError> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema'";
        Ok(!self.query(sql, &[])?.is_empty())
    }

    fn back_up(&mut self, version: i64) -> Result<(), HistoryError> {
        let Home::File { path, .. } = &self.home else { return Ok(()) };
        let place = self.place.clone();
        let failed = |error: io::Error| failed(&place, format!("no copy could be made: {error}"));
        let copy = beside(path, &format!(".backup-v{version}"));
        // SQLite writes into an empty file. One that is there already is from a try that failed.
        File::options().write(true).create(true).truncate(true).mode(MODE).open(&copy).map_err(failed)?;
        let name = copy.to_string_lossy().into_owned();
        self.execute("VACUUM INTO $1", &[Value::Text(name)])?;
        File::open(&copy).and_then(|file| file.sync_all()).map_err(failed)?;
        log::info!("history: {} was copied to {} before its schema is changed", self.place, copy.display());
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Database>, HistoryError> {
        let mut opened = Self::connect(self.home.clone(), self.place.clone())?;
        opened.run(READING)?;
        Ok(Box::new(opened))
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn migrations(&self) -> &'static [&'static str] {
        MIGRATIONS
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What SQLite found. Fractions, and texts that are not UTF-8, are none of ours.
fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).map_or(Value::Null, Value::Text),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn error_at(place: &str, error: &rusqlite::Error) -> HistoryError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return refused(place, Refusal::Foreign("is not an SQLite database"));
    }
    failed(place, error.to_string())
}

fn refused(place: &str, why: Refusal) -> HistoryError {
    HistoryError::Refused { place: place.to_owned(), why }
}

fn failed(place: &str, what: String) -> HistoryError {
    HistoryError::Failed { place: place.to_owned(), what }
}
