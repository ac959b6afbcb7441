//! Reading spans: those that are stored, and those that are still to be made of finer ones.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::span::Span;
use crate::model::tier::Tier;
use crate::model::transition::NodeKey;
use crate::model::transition::Subject;

use super::chunks;
use super::column::names;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;
use super::minutes;
use super::minutes::MADE_OF;
use super::minutes::start_of;
use super::minutes::timestamp;

/// Whose spans are read.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// Those of one.
    One(Subject),
    /// Those of each replica of a node.
    ReplicasOf(NodeKey),
    /// Those of every node.
    Nodes,
}

/// Spans by when they begin, in seconds, and by the number of the subject.
pub(super) type Spans = BTreeMap<(i64, i64), Span>;

impl Whose {
    /// What is true of a row of `subjects`, with values from `$4` on.
    fn condition(&self) -> (&'static str, Vec<Value>) {
        match self {
            Self::One(what) => ("service = $4 AND node = $5 AND replica = $6", names(what).map(Into::into).to_vec()),
            Self::ReplicasOf(node) => {
                let names = [&node.service, &node.node];
                ("service = $4 AND node = $5 AND replica <> ''", names.map(|id| id.as_str().into()).to_vec())
            }
            Self::Nodes => ("node <> '' AND replica = ''", Vec::new()),
        }
    }
}

/// The spans of a tier that overlap the time from `from` to `to`. The last of them may not be over, and hold what there
/// is of it.
pub(super) fn spans(
    database: &mut dyn Database,
    whose: &Whose,
    tier: Tier,
    from: Timestamp,
    to: Timestamp,
) -> Result<Spans, HistoryError> {
    // To the end of the last one.
    let last = start_of(tier, to.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(to));
    let end = last.saturating_add(i64::try_from(tier.length().as_secs()).unwrap_or(i64::MAX));
    if from >= to { Ok(Spans::new()) } else { within(database, whose, tier, start_of(tier, from), end) }
}

/// The same for spans that begin from `begin` on and before `end`, both of them where a span begins.
fn within(database: &mut dyn Database, whose: &Whose, tier: Tier, begin: i64, end: i64) -> Result<Spans, HistoryError> {
    let mut found = stored(database, whose, tier, begin, end)?;
    let Some((_, finer)) = MADE_OF.into_iter().find(|(coarser, _)| *coarser == tier) else { return Ok(found) };
    let begin = minutes::rolled(database, tier)?.unwrap_or(i64::MIN).max(begin);
    if begin < end {
        let mut made = Spans::new();
        for ((start, subject), span) in within(database, whose, finer, begin, end)? {
            made.entry((start_of(tier, timestamp(start)), subject)).or_default().merge(&span);
        }
        for (slot, span) in made {
            // What is stored may be longer, if the wall clock was set back.
            let known = found.entry(slot).or_default();
            if span.length() >= known.length() {
                *known = span;
            }
        }
    }
    Ok(found)
}

fn stored(database: &mut dyn Database, whose: &Whose, tier: Tier, begin: i64, end: i64) -> Result<Spans, HistoryError> {
    let (condition, names) = whose.condition();
    let sql = format!(
        "SELECT subject_id, start_s, spans FROM chunks WHERE tier = $1 AND start_s >= $2 AND start_s < $3 \
         AND subject_id IN (SELECT id FROM subjects WHERE {condition})"
    );
    let first = minutes::start_of_chunk(tier, timestamp(begin));
    let values = [vec![chunks::number(tier), first.into(), end.into()], names].concat();
    let rows = database.query(&sql, &values)?;
    let mut found = Spans::new();
    chunks::each(database, tier, rows, |subject, chunk| {
        for (at, span) in chunk.spans().filter(|(at, _)| (begin..end).contains(&at.as_second())) {
            found.insert((at.as_second(), subject), span.clone());
        }
    });
    Ok(found)
}

/// The subjects by their numbers.
pub(super) fn subjects(database: &mut dyn Database, whose: &Whose) -> Result<HashMap<i64, Subject>, HistoryError> {
    let (condition, names) = whose.condition();
    // The same placeholders as beside the others, of which there are none here.
    let condition = condition.replace("$4", "$1").replace("$5", "$2").replace("$6", "$3");
    let sql = format!("SELECT id, service, node, replica FROM subjects WHERE {condition}");
    let read = |mut row: Row| Ok((row.number("id")?, row.subject()?));
    let rows = database.query(&sql, &names)?;
    Ok(readable("subjects", rows.into_iter().map(read)).into_iter().collect())
}
