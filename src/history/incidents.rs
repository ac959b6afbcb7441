//! The tables `incidents` and `affected`: outages of services, and the nodes that died in them.

use jiff::Timestamp;

use crate::clock::Now;
use crate::model::incident::Affected;
use crate::model::incident::Incident;
use crate::model::transition::NodeKey;

use super::column::Unreadable;
use super::column::json;
use super::column::readable;
use super::database::Database;
use super::database::Row;
use super::database::Value;
use super::error::HistoryError;

/// Writes incidents as they are now.
pub(super) fn write<'i>(
    database: &mut dyn Database,
    incidents: impl IntoIterator<Item = &'i Incident>,
) -> Result<(), HistoryError> {
    for incident in incidents {
        put(database, incident)?;
        for (position, affected) in (0..).zip(&incident.affected) {
            put_affected(database, incident.id, position, affected)?;
        }
    }
    Ok(())
}

fn put(database: &mut dyn Database, incident: &Incident) -> Result<(), HistoryError> {
    let sql = "INSERT INTO incidents (id, service, opened_ms, cause, closed_ms, ended) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET closed_ms = excluded.closed_ms, ended = excluded.ended";
    let Incident { id, service, opened, cause, closed, .. } = incident;
    let (at, how) = closed.map(|ended| (ended.at.wall, ended.how)).unzip();
    let cause = cause.as_ref().map(json);
    let values = [(*id).into(), service.as_str().into(), opened.wall.into(), cause.into(), at.into(), how.into()];
    database.execute(sql, &values).map(|_| ())
}

fn put_affected(
    database: &mut dyn Database,
    incident: u64,
    position: i64,
    affected: &Affected,
) -> Result<(), HistoryError> {
    let sql = "INSERT INTO affected \
         (incident_id, position, node, since_ms, cause, deaths, again_ms, down_ms, until_ms, ended) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (incident_id, position) DO UPDATE \
         SET deaths = excluded.deaths, again_ms = excluded.again_ms, down_ms = excluded.down_ms, \
         until_ms = excluded.until_ms, ended = excluded.ended";
    let Affected { node, since, cause, deaths, again, down, until } = affected;
    let (at, how) = until.map(|ended| (ended.at.wall, ended.how)).unzip();
    let cause = cause.as_ref().map(json);
    let deaths = i64::from(*deaths);
    let (incident, node, since) = (incident.into(), node.as_str().into(), since.wall.into());
    let (again, down) = (again.wall.into(), (*down).into());
    let values =
        [incident, position.into(), node, since, cause.into(), deaths.into(), again, down, at.into(), how.into()];
    database.execute(sql, &values).map(|_| ())
}

/// Those that overlap a time, the newest first.
pub(super) fn between(
    database: &mut dyn Database,
    now: Now,
    from: Timestamp,
    to: Timestamp,
    most: usize,
) -> Result<Vec<Incident>, HistoryError> {
    let found = "SELECT id FROM incidents WHERE opened_ms < $1 AND (closed_ms IS NULL OR closed_ms >= $2) \
         ORDER BY opened_ms DESC, id DESC LIMIT $3";
    found_by(database, now, found, &[to.into(), from.into(), limit(most)])
}

/// Those that are open, and those that ended since then, the newest first.
pub(super) fn since(
    database: &mut dyn Database,
    now: Now,
    since: Timestamp,
    most: usize,
) -> Result<Vec<Incident>, HistoryError> {
    between(database, now, since, Timestamp::MAX, most)
}

/// Those in which a node died, the newest first.
pub(super) fn of(
    database: &mut dyn Database,
    now: Now,
    node: &NodeKey,
    most: usize,
) -> Result<Vec<Incident>, HistoryError> {
    let found = "SELECT id FROM incidents WHERE service = $1 AND id IN (SELECT incident_id FROM affected WHERE node = $2) \
         ORDER BY opened_ms DESC, id DESC LIMIT $3";
    let names = [&node.service, &node.node].map(|id| Value::text(id.as_str()));
    let [service, node] = names;
    found_by(database, now, found, &[service, node, limit(most)])
}

/// When the first of all began.
pub(super) fn first(database: &mut dyn Database) -> Result<Option<Timestamp>, HistoryError> {
    let mut rows = database.query("SELECT min(opened_ms) FROM incidents", &[])?;
    Ok(rows.first_mut().and_then(Row::int).and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}

/// The number of the next one.
pub(super) fn next(database: &mut dyn Database) -> Result<u64, HistoryError> {
    let mut rows = database.query("SELECT max(id) FROM incidents", &[])?;
    let last = rows.first_mut().and_then(Row::int).and_then(|id| u64::try_from(id).ok());
    Ok(last.unwrap_or(0).saturating_add(1))
}

/// Those whose numbers the query `found` gives, the newest first.
fn found_by(
    database: &mut dyn Database,
    now: Now,
    found: &str,
    values: &[Value],
) -> Result<Vec<Incident>, HistoryError> {
    let sql = format!(
        "SELECT i.id, i.service, i.opened_ms, i.cause, i.closed_ms, i.ended, \
         a.node, a.since_ms, a.cause, a.deaths, a.again_ms, a.down_ms, a.until_ms, a.ended \
         FROM incidents i JOIN affected a ON a.incident_id = i.id WHERE i.id IN ({found}) \
         ORDER BY i.opened_ms DESC, i.id DESC, a.position"
    );
    let rows = database.query(&sql, values)?;
    let mut incidents: Vec<Incident> = Vec::new();
    for mut incident in readable("incidents", rows.into_iter().map(|row| read(row, now))) {
        match incidents.last_mut().filter(|last| last.id == incident.id) {
            Some(last) => last.affected.append(&mut incident.affected),
            None => incidents.push(incident),
        }
    }
    Ok(incidents)
}

/// An incident with one of its nodes.
fn read(mut row: Row, now: Now) -> Result<Incident, Unreadable> {
    Ok(Incident {
        id: row.count("id")?,
        service: row.id("service")?,
        opened: row.moment("opened_ms", now)?,
        cause: row.json_if_any("cause")?,
        closed: row.ended("closed_ms", now)?,
        affected: vec![Affected {
            node: row.id("node")?,
            since: row.moment("since_ms", now)?,
            cause: row.json_if_any("cause")?,
            deaths: u32::try_from(row.number("deaths")?).unwrap_or(u32::MAX),
            again: row.moment("again_ms", now)?,
            down: row.duration("down_ms")?.unwrap_or_default(),
            until: row.ended("until_ms", now)?,
        }],
    })
}

fn limit(most: usize) -> Value {
    i64::try_from(most).unwrap_or(i64::MAX).into()
}
