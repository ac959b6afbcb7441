//! A year of a page: how large the database becomes, and what writing it costs.
//!
//! All goes through `write` and `forget`. But for the last days, which are written by the minute as in earnest,
//! six hours are written at once: what is then stored is the same, and the work is what a test can bear.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

use super::backend::Backend;
use super::backend::now;
use crate::clock::Clock;
use crate::clock::Now;
use crate::clock::SystemClock;
use crate::config::Retention;
use crate::history::Batch;
use crate::history::database::Row;
use crate::history::store::History;
use crate::model::cause::Cause;
use crate::model::cause::Failure;
use crate::model::fixture::key;
use crate::model::fixture::node_key;
use crate::model::ledger::Minute;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::transition::Subject;
use crate::model::transition::Transition;

const MINUTE: Duration = Duration::from_mins(1);
/// A replica is asked every so many minutes.
const INTERVAL: u64 = 2;

/// A page of nodes, each with so many replicas, at a moment.
struct Page {
    nodes: u64,
    replicas: u64,
    at: Timestamp,
    seed: u64,
}

impl Page {
    /// Uniform in 0..1,000; the same at every run.
    fn chance(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % 1_000
    }

    /// Nearly normal about 80 ms; one in fifty takes up to 3 s.
    fn latency(&mut self) -> Duration {
        let slow = if self.chance() < 20 { self.chance() * 3_000 } else { 0 };
        Duration::from_micros(30_000 + (0..4).map(|_| self.chance()).sum::<u64>() * 25 + self.chance() + slow)
    }

    /// A minute in which it was asked so often; one of 200 is not all well.
    fn span(&mut self, asked: u64) -> Span {
        let lost = if self.chance() < 5 { MINUTE.mul_f64(0.123_456) } else { Duration::ZERO };
        let mut span = Span::of(Some(Status::Healthy), MINUTE.saturating_sub(lost));
        if !lost.is_zero() {
            span.spend(Some(Status::Dead), lost);
        }
        for _ in 0..asked {
            span.latencies.add(self.latency());
        }
        span
    }

    /// The next minutes of all, and the changes of those that have their weekly outage in them.
    fn live(&mut self, minutes: u64) -> Batch {
        let mut batch = Batch::default();
        let replicas = self.replicas;
        for node in 0..self.nodes {
            let node_name = format!("node-{node}");
            let what = Subject::Node(node_key("service", &node_name));
            self.live_one(&mut batch, &what, node * (replicas + 1), minutes, |minute| {
                (0..replicas).filter(|replica| (replica + minute).is_multiple_of(INTERVAL)).count() as u64
            });
            for replica in 0..replicas {
                let name = format!("https://replica-{replica}.{node_name}.example.com/health");
                let what = Subject::Replica(key("service", &node_name, &name));
                let number = node * (replicas + 1) + replica + 1;
                let asked = |minute: u64| u64::from((replica + minute).is_multiple_of(INTERVAL));
                self.live_one(&mut batch, &what, number, minutes, asked);
            }
        }
        self.at += Duration::from_mins(minutes);
        batch
    }

    fn live_one(&mut self, batch: &mut Batch, what: &Subject, number: u64, minutes: u64, asked: impl Fn(u64) -> u64) {
        for minute in 0..minutes {
            let at = self.at + Duration::from_mins(minute);
            let minute = u64::try_from(at.as_second()).unwrap() / 60;
            let span = self.span(asked(minute));
            batch.entries.minutes.push(Minute { what: what.clone(), at, span });
            if (minute + number * 97).is_multiple_of(7 * 24 * 60) {
                batch.entries.transitions.extend(outage(what, Now { wall: at, ..now() }));
            }
        }
    }

    fn subjects(&self) -> u64 {
        self.nodes * (self.replicas + 1)
    }
}

/// A death and a recovery.
fn outage(what: &Subject, at: Now) -> [Transition; 2] {
    let (healthy, dead) = (Some(Status::Healthy), Some(Status::Dead));
    let cause = Some(Cause::Failed(Failure::HttpStatus(503)));
    let lasted = Some(Duration::from_mins(7));
    let death = Transition { at, since: at, what: what.clone(), from: healthy, to: dead, cause, lasted };
    [death.clone(), Transition { from: dead, to: healthy, cause: None, ..death }]
}

/// How much processor time this process has used, and that process, if it can be told: in 1/100 s.
fn ticks(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Lives days until the end of the year; the last `by_minute` of them by the minute. Tells what a minute of a subject
/// cost then, in nanoseconds: of this process, of the server, and on the clock.
fn live(page: &mut Page, history: &mut History, server: Option<&str>, days: u64, by_minute: u64) -> [u64; 3] {
    let retention = Retention(Tier::ALL.map(Tier::retention));
    for _ in by_minute..days {
        for _ in 0..4 {
            let batch = page.live(6 * 60);
            history.write(&batch, page.at).unwrap();
        }
        history.forget(page.at, &retention).unwrap();
    }
    let mut costs = [0; 3];
    for _ in 0..by_minute {
        for _ in 0..24 * 60 {
            let batch = page.live(1);
            let before = (ticks("self"), server.map_or(0, ticks), SystemClock.now().instant);
            history.write(&batch, page.at).unwrap();
            costs[0] += (ticks("self") - before.0) * 10_000_000;
            costs[1] += (server.map_or(0, ticks) - before.1) * 10_000_000;
            costs[2] += u64::try_from((SystemClock.now().instant - before.2).as_nanos()).unwrap();
        }
        history.forget(page.at, &retention).unwrap();
    }
    costs.map(|cost| cost / (by_minute * 24 * 60 * page.subjects()).max(1))
}

fn year(nodes: u64, replicas: u64) -> Page {
    Page { nodes, replicas, at: Timestamp::constant(1_767_225_600, 0), seed: 4 }
}

/// Bytes of the file, with all that is in its log, a replica; its node's share is in it.
fn size(backend: &Backend, history: History, page: &Page) -> u64 {
    drop(history);
    let file = backend.folder.as_ref().unwrap().path().join("vigil.db");
    fs::metadata(file).unwrap().len() / (page.nodes * page.replicas)
}

#[test]
fn a_year_of_a_thousand_replicas_takes_less_than_400_mb() {
    // A part of it, with more nodes for its replicas than there are.
    let (backend, mut page) = (Backend::file(), year(1, 3));
    let mut history = backend.open();
    live(&mut page, &mut history, None, 365, 1);
    let spans = Tier::ALL.map(|tier| {
        let what = Subject::Node(node_key("service", "node-0"));
        history.series(&what, tier, Timestamp::MIN, Timestamp::MAX).unwrap().len()
    });
    let size = size(&backend, history, &page);
    println!("{size} bytes a replica, {spans:?} spans of its node");
    assert_eq!(spans[3], 365);
    assert!(spans[0] >= 2 * 24 * 60 && spans[1] >= 14 * 24 * 12 && spans[2] >= 90 * 24, "{spans:?}");
    assert!(size < 400_000, "{size}");
}

/// The figures of docs/STORAGE.md: `cargo test --release --lib year -- --ignored --nocapture --test-threads 1`.
#[test]
#[ignore = "takes some minutes"]
fn fifty_replicas_for_a_year() {
    let (backend, mut page) = (Backend::file(), year(5, 10));
    let mut history = backend.open();
    live(&mut page, &mut history, None, 365, 1);
    println!("SQLite: {} bytes a replica", size(&backend, history, &page));
}

/// `VIGIL_YEAR` names where the file is to stay, for whoever wants to see how a page starts with it.
#[test]
#[ignore = "takes half an hour"]
fn a_thousand_replicas_for_a_year() {
    let (backend, mut page) = (Backend::file(), year(100, 10));
    let mut history = backend.open();
    live(&mut page, &mut history, None, 365, 1);
    println!("SQLite: {} bytes a replica", size(&backend, history, &page));
    if let Ok(place) = std::env::var("VIGIL_YEAR") {
        fs::copy(backend.folder.as_ref().unwrap().path().join("vigil.db"), place).unwrap();
    }
}

#[test]
#[ignore = "takes some minutes"]
fn a_whole_page_in_a_file() {
    let (backend, mut page) = (Backend::file(), year(100, 10));
    let mut history = backend.open();
    let [own, _, clock] = live(&mut page, &mut history, None, 9, 1);
    println!("SQLite: {own} ns of processor time and {clock} ns a minute of a subject");
}

#[test]
#[ignore = "takes some minutes"]
fn a_whole_page_on_a_server() {
    let (backend, mut page) = (Backend::postgres(), year(100, 10));
    let mut history = backend.open();
    let number = |history: &mut History, sql: &str| {
        history.database.query(sql, &[]).unwrap().first_mut().and_then(Row::int).unwrap()
    };
    let process = number(&mut history, "SELECT pg_backend_pid()").to_string();
    let [own, server, clock] = live(&mut page, &mut history, Some(&process), 9, 1);
    let size = number(&mut history, "SELECT pg_database_size(current_database())");
    println!(
        "PostgreSQL: {size} bytes, {own} ns and {server} ns of processor time and {clock} ns a minute of a subject"
    );
}
