//! Writing minutes, and what is made of them: five minutes, hours and days.
//!
//! A coarser span is made when it is over, of all that the finer tier has of it, and again when that changes later: a
//! minute that came late, a death that was known late, or time that is lived twice since the wall clock was set back.
//! Until when a tier is made stands in the table `rolled`. Making a span twice gives the same; and a shorter one never
//! takes the place of a longer one, which was made when more of the finer tier was kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::chunk::Chunk;
use crate::model::ledger::Minute;
use crate::model::ledger::Shift;
use crate::model::span::Span;
use crate::model::tier::Tier;

use super::chunks;
use super::chunks::Chunks;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;
use super::subjects::Subjects;

/// When spans of a tier begin, in seconds, and whose they are.
type Slots = BTreeSet<(i64, i64)>;

/// Each tier but the finest, with the one of which it is made.
pub(super) const MADE_OF: [(Tier, Tier); 3] =
    [(Tier::FiveMinutes, Tier::Minute), (Tier::Hour, Tier::FiveMinutes), (Tier::Day, Tier::Hour)];

/// Adds minutes to what is stored of them, corrects some, and makes the coarser spans that are over by `now`.
pub(super) fn write(
    database: &mut dyn Database,
    subjects: &mut Subjects,
    minutes: &[Minute],
    shifts: &[Shift],
    now: Timestamp,
) -> Result<(), HistoryError> {
    let mut changed = add(database, subjects, minutes, shifts)?;
    for (tier, finer) in MADE_OF {
        changed = roll_up(database, tier, finer, &changed, now)?;
    }
    Ok(())
}

/// Gives the minutes that changed.
fn add(
    database: &mut dyn Database,
    subjects: &mut Subjects,
    minutes: &[Minute],
    shifts: &[Shift],
) -> Result<Slots, HistoryError> {
    let mut wanted = BTreeSet::new();
    for what in
        minutes.iter().map(|minute| (&minute.what, minute.at)).chain(shifts.iter().map(|one| (&one.what, one.at)))
    {
        wanted.insert((start_of_chunk(Tier::Minute, what.1), subjects.id(database, what.0)?));
    }
    let mut chunks = chunks::load(database, Tier::Minute, wanted)?;
    let mut changed = Slots::new();
    for Minute { what, at, span } in minutes {
        let subject = subjects.id(database, what)?;
        let chunk = chunk_of(&mut chunks, Tier::Minute, *at, subject);
        // A position of the tier's own is one that the chunk has.
        let _ = chunk.fill(Tier::Minute.position_of(*at), span);
        changed.insert((start_of(Tier::Minute, *at), subject));
    }
    for Shift { what, at, from, to, time } in shifts {
        let subject = subjects.id(database, what)?;
        let chunk = chunk_of(&mut chunks, Tier::Minute, *at, subject);
        let position = Tier::Minute.position_of(*at);
        let Some(mut span) = chunk.span(position).cloned() else { continue };
        if span.shift(*from, *to, *time).is_zero() {
            continue;
        }
        let _ = chunk.set(position, span);
        changed.insert((start_of(Tier::Minute, *at), subject));
    }
    save(database, &chunks, &changed, Tier::Minute)?;
    Ok(changed)
}

/// Makes the spans of `tier` that are over and were not made yet, and those again of which something `changed` in the
/// finer tier. Gives those that it made.
fn roll_up(
    database: &mut dyn Database,
    tier: Tier,
    finer: Tier,
    changed: &Slots,
    now: Timestamp,
) -> Result<Slots, HistoryError> {
    let rolled = rolled(database, tier)?;
    let end = start_of(tier, now);
    // When the wall clock was set back, what lies before it is made again in its time.
    let begin = rolled.unwrap_or(i64::MIN).min(end);
    let mut made = again(database, tier, finer, changed, begin)?;
    if begin < end {
        of_all(database, finer, begin, end, |at, subject, span| {
            made.entry((start_of(tier, at), subject)).or_default().merge(span);
        })?;
    }
    let made = put(database, tier, &made)?;
    if rolled != Some(end) {
        let sql = "INSERT INTO rolled (tier, until_s) VALUES ($1, $2) \
             ON CONFLICT (tier) DO UPDATE SET until_s = excluded.until_s";
        database.execute(sql, &[chunks::number(tier), end.into()])?;
    }
    Ok(made)
}

/// Makes those spans of `tier` again that began before `begin` and of which something `changed` in the finer tier.
fn again(
    database: &mut dyn Database,
    tier: Tier,
    finer: Tier,
    changed: &Slots,
    begin: i64,
) -> Result<BTreeMap<(i64, i64), Span>, HistoryError> {
    let slots = changed.iter().map(|(start, subject)| (start_of(tier, timestamp(*start)), *subject));
    let slots: Slots = slots.filter(|(start, _)| *start < begin).collect();
    let chunk = |start: i64| start_of_chunk(finer, timestamp(start));
    // All of a span lies in one chunk of the finer tier.
    let wanted: BTreeSet<(i64, i64)> = slots.iter().map(|(start, subject)| (chunk(*start), *subject)).collect();
    let chunks = chunks::load(database, finer, wanted)?;
    let mut made = BTreeMap::new();
    for (start, subject) in slots {
        let Some(chunk) = chunks.get(&(chunk(start), subject)) else { continue };
        let mut whole = Span::default();
        for (_, span) in chunk.spans().filter(|(at, _)| start_of(tier, *at) == start) {
            whole.merge(span);
        }
        made.insert((start, subject), whole);
    }
    Ok(made)
}

/// Calls `take` with the spans of a tier that begin from `begin` on and before `end`, of all subjects.
fn of_all(
    database: &mut dyn Database,
    tier: Tier,
    begin: i64,
    end: i64,
    mut take: impl FnMut(Timestamp, i64, &Span),
) -> Result<(), HistoryError> {
    let sql = "SELECT subject_id, start_s, spans FROM chunks WHERE tier = $1 AND start_s >= $2 AND start_s < $3";
    let first = start_of_chunk(tier, timestamp(begin));
    let rows = database.query(sql, &[chunks::number(tier), first.into(), end.into()])?;
    chunks::each(database, tier, rows, |subject, chunk| {
        for (at, span) in chunk.spans().filter(|(at, _)| (begin..end).contains(&at.as_second())) {
            take(at, subject, span);
        }
    });
    Ok(())
}

/// Puts spans in the place of those that are no longer; gives those that it put.
fn put(database: &mut dyn Database, tier: Tier, spans: &BTreeMap<(i64, i64), Span>) -> Result<Slots, HistoryError> {
    let chunk = |start: i64| start_of_chunk(tier, timestamp(start));
    let wanted: BTreeSet<(i64, i64)> = spans.keys().map(|(start, subject)| (chunk(*start), *subject)).collect();
    let mut chunks = chunks::load(database, tier, wanted)?;
    let mut changed = Slots::new();
    for ((start, subject), span) in spans {
        let at = timestamp(*start);
        let chunk = chunk_of(&mut chunks, tier, at, *subject);
        let position = tier.position_of(at);
        let stored = chunk.span(position);
        if stored.is_some_and(|stored| stored == span || stored.length() > span.length()) {
            continue;
        }
        let _ = chunk.set(position, span.clone());
        changed.insert((*start, *subject));
    }
    save(database, &chunks, &changed, tier)?;
    Ok(changed)
}

/// Saves those chunks in which something changed.
fn save(database: &mut dyn Database, chunks: &Chunks, changed: &Slots, tier: Tier) -> Result<(), HistoryError> {
    let keys = changed.iter().map(|(start, subject)| (start_of_chunk(tier, timestamp(*start)), *subject));
    let keys: BTreeSet<(i64, i64)> = keys.collect();
    let changed: Vec<_> = keys.iter().filter_map(|key| Some((key.1, chunks.get(key)?))).collect();
    chunks::save(database, &changed)
}

fn chunk_of(chunks: &mut Chunks, tier: Tier, at: Timestamp, subject: i64) -> &mut Chunk {
    let key = (start_of_chunk(tier, at), subject);
    chunks.entry(key).or_insert_with(|| Chunk::around(tier, at))
}

/// Until when a tier is made, in seconds; none when nothing of it is.
pub(super) fn rolled(database: &mut dyn Database, tier: Tier) -> Result<Option<i64>, HistoryError> {
    let mut rows = database.query("SELECT until_s FROM rolled WHERE tier = $1", &[chunks::number(tier)])?;
    Ok(rows.first_mut().and_then(Row::int))
}

/// Forgets the chunks of a tier that end before `before`.
pub(super) fn forget(database: &mut dyn Database, tier: Tier, before: Timestamp) -> Result<(), HistoryError> {
    // The one in which that moment lies ends after it, and so begins after all that do not.
    let first_kept = Value::Int(start_of_chunk(tier, before));
    database.execute("DELETE FROM chunks WHERE tier = $1 AND start_s < $2", &[chunks::number(tier), first_kept])?;
    Ok(())
}

/// When the span began that `at` is in, in seconds.
pub(super) fn start_of(tier: Tier, at: Timestamp) -> i64 {
    tier.start_of(at).as_second()
}

/// When the chunk began that `at` is in, in seconds.
pub(super) fn start_of_chunk(tier: Tier, at: Timestamp) -> i64 {
    tier.chunk_start_of(at).as_second()
}

/// That second; the first moment there is, when it is before it.
pub(super) fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
