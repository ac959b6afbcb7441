//! The table `reminders`, of one row: how far people were reminded, and until when they do not want to be.

use jiff::Timestamp;

use crate::clock::Now;
use crate::model::reminder::Reminded;
use crate::model::reminder::Silence;
use crate::model::reminder::Wait;

use super::Batch;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;

/// Writes what of it is another way now.
pub(super) fn write(database: &mut dyn Database, batch: &Batch) -> Result<(), HistoryError> {
    if let Some(Reminded { count, wait }) = batch.reminded {
        let (begun, told) = wait.map(|wait| (wait.begun.wall, wait.told.wall)).unzip();
        let sql = "UPDATE reminders SET count = $1, begun_ms = $2, told_ms = $3 WHERE id = 1";
        database.execute(sql, &[i64::from(count).into(), begun.into(), told.into()])?;
    }
    if let Some(Silence { until }) = batch.entries.silence {
        let until = Value::from(until.map(rounded_up));
        database.execute("UPDATE reminders SET silent_until_ms = $1 WHERE id = 1", &[until])?;
    }
    Ok(())
}

/// The end of a window, which must not come before what was asked for.
fn rounded_up(until: Timestamp) -> i64 {
    let ms = until.as_millisecond();
    let whole = Timestamp::from_millisecond(ms).is_ok_and(|whole| whole == until);
    if whole { ms } else { ms.saturating_add(1) }
}

/// Reads it.
pub(super) fn known(database: &mut dyn Database, now: Now) -> Result<(Reminded, Silence), HistoryError> {
    let read = |mut row: Row| {
        let count = row.count("count")?;
        let (begun, told) = (row.moment_if_any("begun_ms", now)?, row.moment_if_any("told_ms", now)?);
        let until = row.time("silent_until_ms")?;
        let wait = begun.zip(told).map(|(begun, told)| Wait { begun, told });
        Ok((Reminded { count: u32::try_from(count).unwrap_or(u32::MAX), wait }, Silence { until }))
    };
    let rows = database.query("SELECT count, begun_ms, told_ms, silent_until_ms FROM reminders WHERE id = 1", &[])?;
    Ok(readable("reminders", rows.into_iter().map(read)).first().copied().unwrap_or_default())
}
