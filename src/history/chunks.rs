//! The table `chunks`: reading and writing spans, many rows at a time.
//!
//! A statement costs more than a row: a round trip to a server, or a search for a page. So statements are for one, 8 or
//! 64 rows, and what is asked for is cut into these.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::chunk::Chunk;
use crate::model::tier::Tier;

use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;
use super::subjects;

/// How many rows a statement is for, the most first.
const SIZES: [usize; 3] = [64, 8, 1];

/// Chunks of one tier, by when they begin, in seconds, and by subject: the order in which they were inserted.
pub(super) type Chunks = BTreeMap<(i64, i64), Chunk>;

/// Reads those chunks of a tier that are there; `wanted` is when each begins, in seconds, and its subject.
pub(super) fn load(
    database: &mut dyn Database,
    tier: Tier,
    wanted: impl IntoIterator<Item = (i64, i64)>,
) -> Result<Chunks, HistoryError> {
    let mut by_start: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (start, subject) in wanted {
        by_start.entry(start).or_default().push(subject);
    }
    let mut chunks = Chunks::new();
    for (start, subjects) in by_start {
        for some in cut(&subjects) {
            let sql = format!(
                "SELECT subject_id, start_s, spans FROM chunks WHERE tier = $1 AND start_s = $2 AND subject_id IN ({})",
                placeholders(3, some.len())
            );
            let mut values = vec![number(tier), start.into()];
            values.extend(some.iter().map(|subject| Value::Int(*subject)));
            let rows = database.query(&sql, &values)?;
            each(database, tier, rows, |subject, chunk| {
                chunks.insert((start, subject), chunk);
            });
        }
    }
    Ok(chunks)
}

/// Writes chunks of a tier in the place of what is there.
pub(super) fn save(database: &mut dyn Database, chunks: &[(i64, &Chunk)]) -> Result<(), HistoryError> {
    for some in cut(chunks) {
        let rows: Vec<String> = (0..some.len()).map(|row| format!("({})", placeholders(4 * row + 1, 4))).collect();
        let sql = format!(
            "INSERT INTO chunks (tier, start_s, subject_id, spans) VALUES {} \
             ON CONFLICT (tier, start_s, subject_id) DO UPDATE SET spans = excluded.spans",
            rows.join(", ")
        );
        let mut values = Vec::with_capacity(4 * some.len());
        for (subject, chunk) in some {
            let mut bytes = Vec::new();
            chunk.encode(&mut bytes);
            let (tier, start) = (number(chunk.tier()), chunk.start().as_second());
            values.extend([tier, start.into(), (*subject).into(), bytes.into()]);
        }
        database.execute(&sql, &values)?;
    }
    Ok(())
}

/// Calls `take` with the subject and the chunk of each row of `subject_id, start_s, spans`; leaves out what cannot be
/// read, and says so.
pub(super) fn each(database: &mut dyn Database, tier: Tier, rows: Vec<Row>, mut take: impl FnMut(i64, Chunk)) {
    for row in rows {
        match read(tier, row) {
            Ok((subject, chunk)) => take(subject, chunk),
            Err((subject, what)) => {
                let name = subject.map(|id| subjects::name(database, id)).unwrap_or_default();
                log::warn!("history: a row of `chunks` of {name} ({tier:?}) is left out: {what}");
            }
        }
    }
}

fn read(tier: Tier, mut row: Row) -> Result<(i64, Chunk), (Option<i64>, String)> {
    let subject = row.int();
    let failed = |what: &str| (subject, what.to_owned());
    let start = row.int().and_then(|second| Timestamp::from_second(second).ok()).ok_or_else(|| failed("its start"))?;
    let spans = row.blob().ok_or_else(|| failed("no bytes"))?;
    let chunk = Chunk::decode(tier, start, &mut &*spans).map_err(|error| failed(&error.to_string()))?;
    Ok((subject.ok_or_else(|| failed("its subject"))?, chunk))
}

/// A tier as it stands in its column.
pub(super) fn number(tier: Tier) -> Value {
    Value::Int(match tier {
        Tier::Minute => 0,
        Tier::FiveMinutes => 1,
        Tier::Hour => 2,
        Tier::Day => 3,
    })
}

/// Cuts into pieces of the sizes that there are statements for.
fn cut<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = all;
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rest.len())?;
        let (some, after) = rest.split_at(size);
        rest = after;
        Some(some)
    })
}

/// `$first, ...`, so many.
fn placeholders(first: usize, count: usize) -> String {
    let all: Vec<String> = (first..first.saturating_add(count)).map(|number| format!("${number}")).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_cut_into_pieces_that_there_are_statements_for() {
        let sizes = |count: usize| cut(&vec![(); count]).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(7), [1; 7]);
        assert_eq!(sizes(138), [64, 64, 8, 1, 1]);
        assert_eq!(placeholders(5, 4), "$5, $6, $7, $8");
    }
}
