//! What every backend does alike.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::backend::Backend;
use super::backend::WALL;
use super::backend::ago;
use super::backend::healthy;
use super::backend::minutes;
use super::backend::node;
use super::backend::now;
use super::backend::replica;
use crate::config::Retention;
use crate::history::Batch;
use crate::history::Failed;
use crate::history::Memory;
use crate::history::Owed;
use crate::history::error::HistoryError;
use crate::history::store::History;
use crate::model::cause::Cause;
use crate::model::cause::Failure;
use crate::model::fixture::id;
use crate::model::fixture::node_key;
use crate::model::incident::Affected;
use crate::model::incident::End;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::ledger::Minute;
use crate::model::ledger::Remembered;
use crate::model::ledger::Shift;
use crate::model::map::Standing;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::reminder::Reminded;
use crate::model::reminder::Silence;
use crate::model::reminder::Wait;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::transition::Subject;
use crate::model::transition::Transition;

on_every_backend! {
    a_new_database_knows_nothing
    what_is_written_is_found_again
    what_was_told_is_remembered_and_forgotten
    reminders_go_on_after_a_restart
    notices_are_owed_in_order_until_they_are_settled
    numbers_of_notices_never_come_again
    incidents_are_found_by_time_and_node
    minutes_add_up_and_hold_no_more_than_a_minute
    what_turns_out_otherwise_is_shifted
    pasts_hold_what_there_is_of_the_present_day
    series_end_in_what_is_not_over
    replicas_are_told_apart
    what_is_old_is_forgotten_and_what_was_made_of_it_stays
    nothing_is_forgotten_before_it_is_rolled_up
    a_reader_sees_what_is_written
    what_fails_half_way_is_not_written
    a_second_writer_is_refused
}

fn refused() -> Cause {
    Cause::Failed(Failure::Refused)
}

fn write(history: &mut History, batch: &Batch) {
    history.write(batch, WALL).unwrap_or_else(|error| panic!("{error}"));
}

fn memory(history: &mut History) -> Memory {
    history.memory(now()).unwrap_or_else(|error| panic!("{error}"))
}

fn seconds(span: &Span) -> [u64; 3] {
    Status::ALL.map(|status| span.time(Some(status)).as_secs())
}

/// When each span begins, and its seconds by status.
fn series(history: &mut History, tier: Tier, from: Timestamp, to: Timestamp) -> Vec<(String, [u64; 3])> {
    let found = history.series(&node(), tier, from, to).unwrap();
    found.iter().map(|(at, span)| (at.to_string(), seconds(span))).collect()
}

fn a_new_database_knows_nothing(backend: &Backend) {
    let mut history = backend.open();
    assert_eq!(memory(&mut history), Memory { next_incident: 1, next_notice: 1, ..Memory::default() });
    assert_eq!(history.pasts(WALL).unwrap(), []);
    assert_eq!(history.first().unwrap(), None);
    assert_eq!(history.outbox().unwrap(), []);
    assert_eq!(history.series(&node(), Tier::Day, Timestamp::MIN, Timestamp::MAX).unwrap(), []);
    history.check().unwrap();
    write(&mut history, &Batch::default());
    let mut history = backend.restart(history);
    assert_eq!(memory(&mut history), Memory { next_incident: 1, next_notice: 1, ..Memory::default() });
}

fn what_is_written_is_found_again(backend: &Backend) {
    let mut history = backend.open();
    let standing = |status, since| Some(Standing { status, since: ago(since) });
    let dead = Remembered { standing: standing(Status::Dead, 60), cause: Some(refused()), interval: None };
    let reporting = Remembered {
        standing: standing(Status::Healthy, 5),
        cause: None,
        interval: Some(Duration::from_millis(1_500)),
    };
    let all = [
        (replica("a"), dead.clone()),
        (replica("b"), reporting),
        (node(), Remembered { cause: None, ..dead.clone() }),
        (Subject::Service(id("web")), Remembered { cause: None, ..dead.clone() }),
        (Subject::Page, Remembered { cause: None, ..dead }),
    ];
    let mut batch = Batch::default();
    batch.entries.standings = all.iter().cloned().collect();
    batch.entries.transitions = vec![Transition {
        at: ago(58),
        since: ago(60),
        what: replica("a"),
        from: Some(Status::Healthy),
        to: Some(Status::Dead),
        cause: Some(refused()),
        lasted: Some(Duration::from_hours(3)),
    }];
    write(&mut history, &batch);
    let mut history = backend.restart(history);
    assert_eq!(memory(&mut history).subjects, all);
    let sql = "SELECT at_ms - since_ms, from_status, to_status, cause, lasted_ms FROM transitions";
    let mut rows = history.database.query(sql, &[]).unwrap();
    let row = rows.first_mut().unwrap();
    assert_eq!((row.int(), row.text(), row.text()), (Some(2_000), Some("healthy".into()), Some("dead".into())));
    assert_eq!((row.text(), row.int()), (Some(r#"{"failed":"refused"}"#.into()), Some(10_800_000)));
    // It is not known any more.
    batch.entries.standings = [(replica("a"), Remembered::default())].into_iter().collect();
    write(&mut history, &batch);
    assert_eq!(memory(&mut history).subjects, all[1..]);
}

fn what_was_told_is_remembered_and_forgotten(backend: &Backend) {
    let mut history = backend.open();
    let told = vec![(node(), Some(Status::Dead)), (Subject::Page, Some(Status::Sick))];
    write(&mut history, &Batch { told, ..Batch::default() });
    let mut history = backend.restart(history);
    assert_eq!(memory(&mut history).told, [(node(), Status::Dead), (Subject::Page, Status::Sick)]);
    assert_eq!(memory(&mut history).subjects, []);
    write(&mut history, &Batch { told: vec![(node(), None)], ..Batch::default() });
    assert_eq!(memory(&mut history).told, [(Subject::Page, Status::Sick)]);
}

fn reminders_go_on_after_a_restart(backend: &Backend) {
    let mut history = backend.open();
    let silent = |until| Silence { until: Some(until) };
    let wait = Some(Wait { begun: ago(90), told: ago(20) });
    let until = WALL + Duration::from_mins(5);
    let mut batch = Batch { reminded: Some(Reminded { count: 3, wait }), ..Batch::default() };
    // The window does not end sooner by being stored.
    batch.entries.silence = Some(silent(until + Duration::from_micros(1)));
    write(&mut history, &batch);
    let mut history = backend.restart(history);
    let known = memory(&mut history);
    assert_eq!(known.reminded, Reminded { count: 3, wait });
    assert_eq!(known.silence, silent(until + Duration::from_millis(1)));
    // What is not said stays as it is.
    write(&mut history, &Batch { told: vec![(node(), Some(Status::Dead))], ..Batch::default() });
    assert_eq!((memory(&mut history).reminded, memory(&mut history).silence), (known.reminded, known.silence));
    let mut batch = Batch { reminded: Some(Reminded { count: u32::MAX, wait }), ..Batch::default() };
    write(&mut history, &batch);
    assert_eq!(memory(&mut history).reminded.count, u32::MAX);
    batch.reminded = Some(Reminded::default());
    batch.entries.silence = Some(Silence::default());
    write(&mut history, &batch);
    let mut history = backend.restart(history);
    assert_eq!(memory(&mut history).reminded, Reminded::default());
    assert_eq!(memory(&mut history).silence, Silence::default());
}

fn notice(text: &str) -> Arc<Notice> {
    let key = crate::model::fixture::key("web", "api", text);
    let (dead, changes) = (vec![key], Vec::new());
    Arc::new(Notice {
        at: WALL,
        status: Status::Dead,
        changed: true,
        sick: false,
        dead,
        more_dead: 0,
        changes,
        kind: Kind::Change,
    })
}

fn owed(number: u64, channels: &[&str]) -> Owed {
    let channels = channels.iter().map(|channel| (*channel).to_owned()).collect();
    Owed { id: number, notice: notice(&number.to_string()), channels }
}

fn notices_are_owed_in_order_until_they_are_settled(backend: &Backend) {
    let mut history = backend.open();
    let all = vec![owed(9, &["email", "slack"]), owed(10, &["slack"])];
    let batch = Batch { owed: all.clone(), ..Batch::default() };
    write(&mut history, &batch);
    // It may not be known whether that was written.
    write(&mut history, &batch);
    let mut history = backend.restart(history);
    assert_eq!(memory(&mut history).owed, all);
    assert_eq!(memory(&mut history).next_notice, 11);
    let failed = |second, why: &str| Failed { id: 9, channel: "slack".into(), at: ago(second).wall, why: why.into() };
    let failed = vec![failed(9, "refused"), failed(5, "HTTP 500,\0 so it says")];
    let settled = vec![(9, "email".to_owned()), (7, "unknown".to_owned())];
    write(&mut history, &Batch { settled, failed, ..Batch::default() });
    assert_eq!(memory(&mut history).owed, [owed(9, &["slack"]), owed(10, &["slack"])]);
    let lines = history.outbox().unwrap();
    let lines: Vec<_> =
        lines.iter().map(|line| (line.id, line.channel.as_str(), line.failures, line.last.clone())).collect();
    let last = Some((ago(5).wall, "HTTP 500, so it says".to_owned()));
    assert_eq!(lines, [(9, "slack", 2, last), (10, "slack", 0, None)]);
    let settled = vec![(9, "slack".to_owned()), (10, "slack".to_owned())];
    write(&mut history, &Batch { settled, ..Batch::default() });
    assert_eq!(memory(&mut history).owed, []);
    assert!(history.database.query("SELECT id FROM notices", &[]).unwrap().is_empty());
}

fn numbers_of_notices_never_come_again(backend: &Backend) {
    let mut history = backend.open();
    write(&mut history, &Batch { owed: vec![owed(41, &[])], ..Batch::default() });
    write(&mut history, &Batch { owed: vec![owed(7, &["email"])], ..Batch::default() });
    let mut history = backend.restart(history);
    assert_eq!(memory(&mut history).next_notice, 42);
    assert_eq!(memory(&mut history).owed, [owed(7, &["email"])]);
}

/// An incident of so many seconds ago, in which these nodes died.
fn incident(number: u64, service: &str, from: i64, to: Option<i64>, nodes: &[&str]) -> Incident {
    let closed = to.map(|to| Ended { at: ago(to), how: End::Recovered });
    let affected = |node: &&str| Affected {
        node: id(node),
        since: ago(from),
        cause: None,
        deaths: 2,
        again: ago(from),
        down: Duration::from_secs(7),
        until: closed,
    };
    let affected = nodes.iter().map(affected).collect();
    Incident { id: number, service: id(service), opened: ago(from), cause: Some(refused()), affected, closed }
}

fn incidents_are_found_by_time_and_node(backend: &Backend) {
    const DAY: i64 = 86_400;
    let mut history = backend.open();
    let put = |history: &mut History, all: &[Incident]| {
        let mut batch = Batch::default();
        batch.entries.incidents = all.iter().map(|incident| (incident.id, incident.clone())).collect();
        write(history, &batch);
    };
    let mut all = [
        incident(1, "web", 40 * DAY, Some(39 * DAY), &["api"]),
        incident(2, "app", 20 * DAY, None, &["api"]),
        incident(3, "web", 2 * DAY, Some(DAY), &["site", "api"]),
        incident(4, "web", 60, None, &["site"]),
    ];
    put(&mut history, &all);
    all[3].affected[0].until = Some(Ended { at: ago(30), how: End::Unwatched });
    all[3].affected[0].deaths = 2;
    all[3].affected.push(Affected {
        node: id("api"),
        since: ago(40),
        cause: Some(refused()),
        deaths: 1,
        again: ago(40),
        down: Duration::ZERO,
        until: None,
    });
    put(&mut history, &all[3..]);
    let mut history = backend.restart(history);
    let remembered = memory(&mut history);
    assert_eq!((remembered.incidents.as_slice(), remembered.next_incident), (&all[1..], 5));
    let check = |found: Result<Vec<Incident>, HistoryError>, wanted: &[u64]| {
        let found = found.unwrap();
        assert_eq!(found.iter().map(|incident| incident.id).collect::<Vec<_>>(), wanted);
        assert!(found.iter().all(|incident| *incident == all[usize::try_from(incident.id).unwrap() - 1]));
    };
    let mut between = |from: i64, to: i64, most| history.incidents(now(), ago(from).wall, ago(to).wall, most);
    check(between(50 * DAY, 0, 9), &[4, 3, 2, 1]);
    check(between(50 * DAY, 0, 2), &[4, 3]);
    check(between(39 * DAY, 38 * DAY, 9), &[1]);
    check(between(10 * DAY, 3 * DAY, 9), &[2]);
    check(between(90 * DAY, 60 * DAY, 9), &[]);
    check(history.incidents_of(now(), &node_key("web", "api"), 9), &[4, 3, 1]);
    check(history.incidents_of(now(), &node_key("web", "site"), 1), &[4]);
    check(history.incidents_of(now(), &node_key("app", "site"), 9), &[]);
    assert_eq!(history.first().unwrap(), Some(ago(40 * DAY).wall));
}

fn minutes_add_up_and_hold_no_more_than_a_minute(backend: &Backend) {
    let mut history = backend.open();
    let at = Tier::Minute.start_of(WALL);
    let part = |status, seconds| {
        minutes(vec![Minute { what: node(), at, span: Span::of(Some(status), Duration::from_secs(seconds)) }])
    };
    write(&mut history, &part(Status::Healthy, 20));
    write(&mut history, &part(Status::Dead, 30));
    assert_eq!(series(&mut history, Tier::Minute, at, WALL), [("2026-11-24T01:12:00Z".to_owned(), [20, 0, 30])]);
    let mut history = backend.restart(history);
    write(&mut history, &part(Status::Healthy, 30));
    assert_eq!(series(&mut history, Tier::Minute, at, WALL), [("2026-11-24T01:12:00Z".to_owned(), [30, 0, 30])]);
}

fn what_turns_out_otherwise_is_shifted(backend: &Backend) {
    let mut history = backend.open();
    let begin = Timestamp::constant(1_795_478_400, 0);
    write(&mut history, &minutes(healthy(&node(), begin, 70)));
    assert_eq!(
        series(&mut history, Tier::Hour, begin, begin + Duration::from_secs(1)),
        [(begin.to_string(), [3_600, 0, 0])]
    );
    let shift = |at| Shift {
        what: node(),
        at,
        from: Some(Status::Healthy),
        to: Some(Status::Dead),
        time: Duration::from_secs(15),
    };
    let mut batch = Batch::default();
    // The last one is of a minute that is not there.
    batch.entries.shifts =
        vec![shift(begin), shift(begin + Duration::from_mins(65)), shift(begin - Duration::from_mins(1))];
    write(&mut history, &batch);
    let mut all = |tier| -> Vec<[u64; 3]> {
        let all = series(&mut history, tier, begin - Duration::from_hours(1), WALL);
        all.into_iter().map(|(_, seconds)| seconds).filter(|seconds| seconds[2] > 0).collect()
    };
    assert_eq!(all(Tier::Minute), [[45, 0, 15]; 2]);
    assert_eq!(all(Tier::FiveMinutes), [[285, 0, 15]; 2]);
    assert_eq!(all(Tier::Hour), [[3_585, 0, 15], [585, 0, 15]]);
    assert_eq!(all(Tier::Day), [[4_170, 0, 30]]);
}

fn pasts_hold_what_there_is_of_the_present_day(backend: &Backend) {
    let mut history = backend.open();
    let begin = Tier::Day.start_of(WALL) - Duration::from_hours(3);
    let batch = minutes([healthy(&node(), begin, 3 * 60 + 72), healthy(&replica("a"), begin, 3 * 60)].concat());
    write(&mut history, &batch);
    let mut history = backend.restart(history);
    let pasts = history.pasts(WALL).unwrap();
    let found = pasts.iter().map(|(key, tier, at, span)| {
        assert_eq!(*key, node_key("web", "api"));
        (*tier, at.to_string(), span.length().as_secs() / 60)
    });
    let wanted = [
        (Tier::Day, "2026-11-23T00:00:00Z", 180),
        (Tier::Day, "2026-11-24T00:00:00Z", 72),
        (Tier::Hour, "2026-11-23T21:00:00Z", 60),
        (Tier::Hour, "2026-11-23T22:00:00Z", 60),
        (Tier::Hour, "2026-11-23T23:00:00Z", 60),
        (Tier::Hour, "2026-11-24T00:00:00Z", 60),
        (Tier::Hour, "2026-11-24T01:00:00Z", 12),
    ];
    assert_eq!(found.collect::<Vec<_>>(), wanted.map(|(tier, at, minutes)| (tier, at.to_owned(), minutes)));
}

fn series_end_in_what_is_not_over(backend: &Backend) {
    let mut history = backend.open();
    let begin = Tier::Hour.start_of(WALL);
    write(&mut history, &minutes(healthy(&node(), begin, 12)));
    let mut lengths = |tier, from| -> Vec<u64> {
        let found = history.series(&node(), tier, from, WALL).unwrap();
        found.iter().map(|(_, span)| span.length().as_secs() / 60).collect()
    };
    assert_eq!(lengths(Tier::FiveMinutes, begin), [5, 5, 2]);
    assert_eq!(lengths(Tier::FiveMinutes, begin + Duration::from_mins(9)), [5, 2]);
    assert_eq!(lengths(Tier::FiveMinutes, begin + Duration::from_mins(10)), [2]);
    assert_eq!(lengths(Tier::Hour, WALL - Duration::from_hours(9)), [12]);
    assert_eq!(lengths(Tier::Day, WALL - Duration::from_secs(1)), [12]);
    assert_eq!(lengths(Tier::Day, WALL), [0; 0]);
}

fn replicas_are_told_apart(backend: &Backend) {
    let mut history = backend.open();
    let begin = Tier::Hour.start_of(WALL);
    let other = Subject::Replica(crate::model::fixture::key("web", "site", "a"));
    let all = [healthy(&replica("b"), begin, 12), healthy(&replica("a"), begin, 6), healthy(&other, begin, 12)];
    write(&mut history, &minutes([all.concat(), healthy(&node(), begin, 12)].concat()));
    let found = history.replicas(&node_key("web", "api"), Tier::FiveMinutes, begin, WALL).unwrap();
    let found: Vec<_> = found.iter().map(|(name, span)| (name.as_str(), span.length().as_secs() / 60)).collect();
    assert_eq!(found, [("a", 6), ("b", 12)]);
}

/// Keeps each tier for so many days.
fn keeping(days: [u64; 4]) -> Retention {
    Retention(days.map(|days| Some(Duration::from_hours(24 * days))))
}

fn what_is_old_is_forgotten_and_what_was_made_of_it_stays(backend: &Backend) {
    let mut history = backend.open();
    let begin = Timestamp::constant(1_795_132_800, 0);
    for day in 0..4 {
        let from = begin + Duration::from_hours(24 * day);
        history.write(&minutes(healthy(&node(), from, 24 * 60)), from + Duration::from_hours(24)).unwrap();
    }
    let end = begin + Duration::from_hours(96);
    let days = |history: &mut History| series(history, Tier::Day, begin, end);
    let before = days(&mut history);
    assert_eq!(before.iter().map(|(_, seconds)| seconds[0]).collect::<Vec<_>>(), [86_400; 4]);
    history.forget(end, &keeping([1, 2, 3, 9])).unwrap();
    assert_eq!(days(&mut history), before);
    let mut count = |tier| series(&mut history, tier, begin, end).len();
    // A week of hours is forgotten as one.
    assert_eq!([Tier::Minute, Tier::FiveMinutes, Tier::Hour].map(&mut count), [24 * 60, 48 * 12, 96]);
    // A minute that comes late, of a time of which there are no minutes any more.
    history.write(&minutes(healthy(&node(), begin, 1)), end).unwrap();
    assert_eq!(days(&mut history), before);
    let later = end + Duration::from_hours(24 * 50);
    history.write(&Batch::default(), later).unwrap();
    history.forget(later, &keeping([1, 1, 1, 9])).unwrap();
    assert_eq!(Tier::ALL.map(|tier| series(&mut history, tier, begin, end).len()), [0; 4]);
}

fn nothing_is_forgotten_before_it_is_rolled_up(backend: &Backend) {
    let mut history = backend.open();
    write(&mut history, &minutes(healthy(&node(), WALL - Duration::from_hours(3), 3 * 60)));
    let mut history = backend.restart(history);
    let later = WALL + Duration::from_hours(24 * 400);
    history.forget(later, &keeping([1, 1, 1, 500])).unwrap();
    history.write(&Batch::default(), later).unwrap();
    let day = series(&mut history, Tier::Day, WALL - Duration::from_hours(24), later);
    assert_eq!(day.iter().map(|(_, seconds)| seconds[0]).sum::<u64>(), 3 * 3_600);
    history.forget(later, &keeping([1, 1, 1, 500])).unwrap();
    let mut count = |tier| series(&mut history, tier, Timestamp::MIN, Timestamp::MAX).len();
    assert_eq!(Tier::ALL.map(&mut count), [0, 0, 0, 2]);
}

fn a_reader_sees_what_is_written(backend: &Backend) {
    let mut history = backend.open();
    let mut reader = history.reader().unwrap();
    std::thread::scope(|threads| {
        write(&mut history, &minutes(healthy(&node(), WALL, 1)));
        let reading = threads.spawn(|| series(&mut reader, Tier::Minute, WALL, WALL + Duration::from_mins(1)).len());
        assert_eq!(reading.join().unwrap(), 1);
    });
    assert!(reader.write(&minutes(healthy(&node(), WALL, 1)), WALL).is_err());
    write(&mut history, &minutes(healthy(&node(), WALL + Duration::from_mins(1), 1)));
    assert_eq!(series(&mut reader, Tier::Minute, WALL, WALL + Duration::from_mins(9)).len(), 2);
    reader.check().unwrap();
}

fn what_fails_half_way_is_not_written(backend: &Backend) {
    let mut history = backend.open();
    // What is done last of all fails.
    history.database.run("ALTER TABLE rolled RENAME TO elsewhere").unwrap();
    let mut batch = minutes(healthy(&node(), WALL, 1));
    batch.owed.push(owed(5, &["email"]));
    batch.told.push((replica("a"), Some(Status::Dead)));
    let error = history.write(&batch, WALL).unwrap_err();
    assert!(!error.forbids_start() && error.to_string().contains("rolled"), "{error}");
    history.database.run("ALTER TABLE elsewhere RENAME TO rolled").unwrap();
    assert_eq!(memory(&mut history), Memory { next_incident: 1, next_notice: 1, ..Memory::default() });
    write(&mut history, &batch);
    assert_eq!(memory(&mut history).told.len(), 1);
    assert_eq!(series(&mut history, Tier::Minute, WALL, WALL + Duration::from_mins(1)).len(), 1);
}

fn a_second_writer_is_refused(backend: &Backend) {
    let history = backend.open();
    if matches!(backend.storage.url, crate::config::StorageUrl::Memory) {
        return;
    }
    let error = History::open(&backend.storage, WALL).err().unwrap();
    assert!(!error.forbids_start(), "{error}");
    let place = backend.storage.url.to_string();
    assert_eq!(error.to_string(), format!("{place}: is used by another Vigil; end that one, or name another database"));
    backend.restart(history);
}
