//! The table `maintenance`: what is planned, and what was.

use std::sync::Arc;

use crate::model::maintenance::Maintenance;
use crate::model::maintenance::PAST_MAX;
use crate::model::maintenance::WAITING_MAX;

use super::column::Unreadable;
use super::column::json;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;

/// Writes each as it is now.
pub(super) fn write<'m>(
    database: &mut dyn Database,
    all: impl IntoIterator<Item = &'m Arc<Maintenance>>,
) -> Result<(), HistoryError> {
    let sql = "INSERT INTO maintenance (id, title, body, targets, starts_ms, ends_ms, ended_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET ended_ms = excluded.ended_ms";
    for one in all {
        let Maintenance { id, title, text, targets, starts_at, ends_at, ended_at } = &**one;
        let (id, title, text) = (id.to_string().into(), title.as_str().into(), text.clone().into());
        let (starts, ends) = ((*starts_at).into(), (*ends_at).into());
        database.execute(sql, &[id, title, text, json(targets), starts, ends, (*ended_at).into()])?;
    }
    Ok(())
}

/// Those that may still be to come, and the last of those that are over, in the order in which they end.
pub(super) fn known(database: &mut dyn Database) -> Result<Vec<Maintenance>, HistoryError> {
    let most = Value::from(u64::try_from(PAST_MAX + WAITING_MAX).unwrap_or(u64::MAX));
    let sql = "SELECT id, title, body, targets, starts_ms, ends_ms, ended_ms FROM maintenance \
         ORDER BY ends_ms DESC, id DESC LIMIT $1";
    let rows = database.query(sql, &[most])?;
    let mut all = readable("maintenance", rows.into_iter().map(read));
    all.reverse();
    Ok(all)
}

fn read(mut row: Row) -> Result<Maintenance, Unreadable> {
    let moment = |row: &mut Row, what: &'static str| row.time(what)?.ok_or(Unreadable(what));
    Ok(Maintenance {
        id: row.word("id", |text| text.parse().ok())?,
        title: row.text().ok_or(Unreadable("title"))?,
        text: row.text(),
        targets: row.json("targets")?,
        starts_at: moment(&mut row, "start")?,
        ends_at: moment(&mut row, "end")?,
        ended_at: row.time("end")?,
    })
}
