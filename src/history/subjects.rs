//! The table `subjects`: what has a status, how it is, and what people were told of it.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::clock::Now;
use crate::model::ledger::Remembered;
use crate::model::map::Standing;
use crate::model::status::Status;
use crate::model::transition::Subject;
use crate::model::transition::Transition;

use super::column::Unreadable;
use super::column::json;
use super::column::names;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::error::HistoryError;

/// The numbers of the subjects, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Subjects(HashMap<Subject, i64>);

impl Subjects {
    /// The number of a subject; one that is not known yet is entered.
    pub(super) fn id(&mut self, database: &mut dyn Database, what: &Subject) -> Result<i64, HistoryError> {
        if let Some(id) = self.0.get(what) {
            return Ok(*id);
        }
        let id = match find(database, what)? {
            Some(id) => id,
            None => enter(database, what)?,
        };
        self.0.insert(what.clone(), id);
        Ok(id)
    }

    /// Forgets all numbers: what was entered in a transaction that failed is not there.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The number of a subject, if it is known.
pub(super) fn find(database: &mut dyn Database, what: &Subject) -> Result<Option<i64>, HistoryError> {
    let sql = "SELECT id FROM subjects WHERE service = $1 AND node = $2 AND replica = $3";
    Ok(database.query(sql, &names(what).map(Into::into))?.first_mut().and_then(Row::int))
}

fn enter(database: &mut dyn Database, what: &Subject) -> Result<i64, HistoryError> {
    let sql = "INSERT INTO subjects (service, node, replica) VALUES ($1, $2, $3) RETURNING id";
    let mut rows = database.query(sql, &names(what).map(Into::into))?;
    rows.first_mut().and_then(Row::int).ok_or_else(|| HistoryError::Failed {
        place: database.place().to_owned(),
        what: "gave no number to a new row".to_owned(),
    })
}

/// Writes how subjects are.
pub(super) fn remember(
    database: &mut dyn Database,
    subjects: &mut Subjects,
    standings: &IndexMap<Subject, Remembered>,
) -> Result<(), HistoryError> {
    let sql = "UPDATE subjects SET status = $1, since_ms = $2, cause = $3, interval_ms = $4 WHERE id = $5";
    for (what, Remembered { standing, cause, interval }) in standings {
        let id = subjects.id(database, what)?;
        let (status, since) = standing.map(|standing| (standing.status, standing.since.wall)).unzip();
        let cause = cause.as_ref().map(json);
        database.execute(sql, &[status.into(), since.into(), cause.into(), (*interval).into(), id.into()])?;
    }
    Ok(())
}

/// Writes what people were told.
pub(super) fn tell(
    database: &mut dyn Database,
    subjects: &mut Subjects,
    told: &[(Subject, Option<Status>)],
) -> Result<(), HistoryError> {
    for (what, status) in told {
        let id = subjects.id(database, what)?;
        database.execute("UPDATE subjects SET told = $1 WHERE id = $2", &[(*status).into(), id.into()])?;
    }
    Ok(())
}

/// Writes what changed.
pub(super) fn change(
    database: &mut dyn Database,
    subjects: &mut Subjects,
    transitions: &[Transition],
) -> Result<(), HistoryError> {
    let sql = "INSERT INTO transitions (subject_id, at_ms, since_ms, from_status, to_status, cause, lasted_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for Transition { at, since, what, from, to, cause, lasted } in transitions {
        let id = subjects.id(database, what)?;
        let cause = cause.as_ref().map(json);
        let (from, to, lasted) = ((*from).into(), (*to).into(), (*lasted).into());
        database.execute(sql, &[id.into(), at.wall.into(), since.wall.into(), from, to, cause.into(), lasted])?;
    }
    Ok(())
}

/// All of which something is known, and what people were told.
pub(super) type Known = (Vec<(Subject, Remembered)>, Vec<(Subject, Status)>);

/// Reads all of which something is known.
pub(super) fn known(database: &mut dyn Database, now: Now) -> Result<Known, HistoryError> {
    let sql = "SELECT service, node, replica, status, since_ms, cause, interval_ms, told FROM subjects \
         WHERE status IS NOT NULL OR interval_ms IS NOT NULL OR told IS NOT NULL ORDER BY id";
    let read = |mut row: Row| {
        let what = row.subject()?;
        let status = row.status("status")?;
        let since = row.moment_if_any("since_ms", now)?;
        let standing = status.zip(since).map(|(status, since)| Standing { status, since });
        let (cause, interval) = (row.json_if_any("cause")?, row.duration("interval_ms")?);
        Ok((what, Remembered { standing, cause, interval }, row.status("told")?))
    };
    let rows = database.query(sql, &[])?;
    let (mut known, mut all_told) = (Vec::new(), Vec::new());
    for (what, remembered, told) in readable("subjects", rows.into_iter().map(read)) {
        all_told.extend(told.map(|told| (what.clone(), told)));
        if remembered != Remembered::default() {
            known.push((what, remembered));
        }
    }
    Ok((known, all_told))
}

/// The name of the subject with that number, for messages.
pub(super) fn name(database: &mut dyn Database, id: i64) -> String {
    let sql = "SELECT service, node, replica FROM subjects WHERE id = $1";
    let found = database.query(sql, &[id.into()]).ok().and_then(|rows| rows.into_iter().next());
    let subject = found.map_or(Err(Unreadable("name")), |mut row| row.subject());
    subject.map_or_else(|_| format!("subject {id}"), |subject| subject.to_string())
}
