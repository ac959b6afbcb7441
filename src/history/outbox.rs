//! The tables `notices` and `owed`: what people are still to be told, and by whom.

use std::sync::Arc;

use crate::model::notice::Notice;

use super::Batch;
use super::Failed;
use super::OutboxLine;
use super::Owed;
use super::column::json;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::error::HistoryError;

/// Writes what is owed, delivered and failed, in this order.
pub(super) fn write(database: &mut dyn Database, batch: &Batch) -> Result<(), HistoryError> {
    batch.owed.iter().try_for_each(|owed| owe(database, owed))?;
    batch.settled.iter().try_for_each(|(id, channel)| settle(database, *id, channel))?;
    batch.failed.iter().try_for_each(|failed| fail(database, failed))
}

fn owe(database: &mut dyn Database, Owed { id, notice, channels }: &Owed) -> Result<(), HistoryError> {
    let sql = "INSERT INTO numbers (name, next) VALUES ('notice', $1) \
         ON CONFLICT (name) DO UPDATE SET next = excluded.next WHERE numbers.next < excluded.next";
    database.execute(sql, &[id.saturating_add(1).into()])?;
    if channels.is_empty() {
        return Ok(());
    }
    // What is written again, since nobody knows whether it was written, is there once.
    let sql = "INSERT INTO notices (id, at_ms, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
    database.execute(sql, &[(*id).into(), notice.at.into(), json(&**notice)])?;
    let sql = "INSERT INTO owed (notice_id, channel, failures) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
    for channel in channels {
        database.execute(sql, &[(*id).into(), channel.as_str().into()])?;
    }
    Ok(())
}

fn settle(database: &mut dyn Database, id: u64, channel: &str) -> Result<(), HistoryError> {
    database.execute("DELETE FROM owed WHERE notice_id = $1 AND channel = $2", &[id.into(), channel.into()])?;
    let sql = "DELETE FROM notices WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM owed WHERE notice_id = $1)";
    database.execute(sql, &[id.into()])?;
    Ok(())
}

fn fail(database: &mut dyn Database, Failed { id, channel, at, why }: &Failed) -> Result<(), HistoryError> {
    let sql = "UPDATE owed SET failures = failures + 1, failure = $1, failed_at_ms = $2 \
         WHERE notice_id = $3 AND channel = $4";
    database.execute(sql, &[why.as_str().into(), (*at).into(), (*id).into(), channel.as_str().into()])?;
    Ok(())
}

/// Every delivery that is owed, in the order of the notices.
pub(super) fn lines(database: &mut dyn Database) -> Result<Vec<OutboxLine>, HistoryError> {
    let sql = "SELECT n.id, n.body, o.channel, o.failures, o.failed_at_ms, o.failure \
         FROM notices n JOIN owed o ON o.notice_id = n.id ORDER BY n.id, o.channel";
    let read = |mut row: Row| {
        let (id, notice) = (row.count("id")?, row.json::<Notice>("body")?);
        let channel = row.text().unwrap_or_default();
        let failures = row.count("failures")?;
        let at = row.time("failed_at_ms")?;
        Ok(OutboxLine { id, notice, channel, failures, last: at.zip(row.text()) })
    };
    let rows = database.query(sql, &[])?;
    Ok(readable("notices", rows.into_iter().map(read)))
}

/// The notices that are owed, in order, and the number of the next one.
pub(super) fn owed(database: &mut dyn Database) -> Result<(Vec<Owed>, u64), HistoryError> {
    let mut all: Vec<Owed> = Vec::new();
    for OutboxLine { id, notice, channel, .. } in lines(database)? {
        match all.last_mut().filter(|last| last.id == id) {
            Some(last) => last.channels.push(channel),
            None => all.push(Owed { id, notice: Arc::new(notice), channels: vec![channel] }),
        }
    }
    let mut next = database.query("SELECT next FROM numbers WHERE name = 'notice'", &[])?;
    let next = next.first_mut().and_then(|row| row.count("next").ok()).unwrap_or(1);
    Ok((all, next))
}
