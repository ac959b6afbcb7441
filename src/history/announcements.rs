//! The table `announcements`: what the owner of the page has announced.

use std::sync::Arc;

use crate::model::announcement::Announcement;

use super::column::Unreadable;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::error::HistoryError;

/// Makes the table hold these, if there are any news: few rows, of which most are there already.
pub(super) fn write(database: &mut dyn Database, all: Option<&[Arc<Announcement>]>) -> Result<(), HistoryError> {
    let Some(all) = all else { return Ok(()) };
    let stored = database.query("SELECT number, id FROM announcements", &[])?;
    let stored: Vec<_> = stored.into_iter().map(|mut row| (row.int(), row.text())).collect();
    let key = |one: &Announcement| (i64::try_from(one.number).ok(), Some(one.id.to_string()));
    let wanted: Vec<_> = all.iter().map(|one| key(one)).collect();
    for (number, _) in stored.iter().filter(|key| !wanted.contains(key)) {
        database.execute("DELETE FROM announcements WHERE number = $1", &[(*number).into()])?;
    }
    for (one, _) in all.iter().zip(&wanted).filter(|(_, key)| !stored.contains(key)) {
        put(database, one)?;
    }
    Ok(())
}

fn put(database: &mut dyn Database, announcement: &Announcement) -> Result<(), HistoryError> {
    let sql = "INSERT INTO announcements (number, id, title, body, published_ms, expires_ms) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    let Announcement { number, id, title, text, published, expires } = announcement;
    let (id, title, text) = (id.to_string().into(), title.as_str().into(), text.as_str().into());
    let values = [(*number).into(), id, title, text, (*published).into(), (*expires).into()];
    database.execute(sql, &values).map(|_| ())
}

/// All of them, the oldest first.
pub(super) fn all(database: &mut dyn Database) -> Result<Vec<Announcement>, HistoryError> {
    let sql = "SELECT number, id, title, body, published_ms, expires_ms FROM announcements ORDER BY number";
    Ok(readable("announcements", database.query(sql, &[])?.into_iter().map(read)))
}

fn read(mut row: Row) -> Result<Announcement, Unreadable> {
    let number = row.count("number")?;
    let id = row.text().and_then(|id| id.parse().ok()).ok_or(Unreadable("id"))?;
    let (title, text) = (row.text().unwrap_or_default(), row.text().unwrap_or_default());
    let published = row.time("published_ms")?.ok_or(Unreadable("published_ms"))?;
    Ok(Announcement { number, id, title, text, published, expires: row.time("expires_ms")? })
}
