//! Bringing the schema of a database to the version that this program knows.

use jiff::Timestamp;

use super::database::Access;
use super::database::Database;
use super::database::Row;
use super::error::HistoryError;
use super::error::Refusal;

/// Runs those of `migrations` that the database has not seen; they make the versions from 1 on. All of it is one
/// transaction, and a database that held something is copied first, where that is of use.
///
/// # Errors
/// Refused when a later program has changed the schema; then, as after every failure, all is as it was.
pub(super) fn migrate(database: &mut dyn Database, migrations: &[&str], now: Timestamp) -> Result<(), HistoryError> {
    let found = version(database)?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(HistoryError::Refused { place: database.place().to_owned(), why: Refusal::Newer { found, known } });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        database.back_up(found)?;
    }
    database.begin(Access::Migrate)?;
    let done = run(database, migrations, found, now).and_then(|()| database.commit());
    if done.is_err() {
        database.rollback();
    }
    done
}

/// Sees that the schema is the one that these migrations make.
///
/// # Errors
/// When it is another one.
pub(super) fn require(database: &mut dyn Database, migrations: &[&str]) -> Result<(), HistoryError> {
    let found = version(database)?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let place = || database.place().to_owned();
    match found {
        _ if found == known => Ok(()),
        0 => Err(HistoryError::Failed { place: place(), what: "no Vigil has written it yet".to_owned() }),
        _ if found > known => Err(HistoryError::Refused { place: place(), why: Refusal::Newer { found, known } }),
        _ => {
            let what = format!("was written by an earlier Vigil (schema {found}, this one knows {known})");
            Err(HistoryError::Failed { place: place(), what })
        }
    }
}

fn run(database: &mut dyn Database, migrations: &[&str], found: i64, now: Timestamp) -> Result<(), HistoryError> {
    for (version, script) in (1..).zip(migrations).filter(|(version, _)| *version > found) {
        database.run(script)?;
        let sql = "INSERT INTO schema (version, applied_ms) VALUES ($1, $2)";
        database.execute(sql, &[version.into(), now.as_millisecond().into()])?;
    }
    Ok(())
}

/// The version of its schema; 0 for a new database.
fn version(database: &mut dyn Database) -> Result<i64, HistoryError> {
    if !database.has_schema()? {
        return Ok(0);
    }
    let mut rows = database.query("SELECT max(version) FROM schema", &[])?;
    Ok(rows.first_mut().and_then(Row::int).unwrap_or_default())
}
