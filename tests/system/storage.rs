//! What a disk, a server and a clock do to history, on real ones: a full disk, a disk that turned read-only, a file that
//! is deleted, a PostgreSQL that goes and comes back, a wall clock that is set. People are told all the while, the page
//! stays up, and history goes on.
//!
//! It needs root, and the Debian packages `e2fsprogs`, `faketime`, `mount` and `postgresql`. `cargo test` leaves it out;
//! `scripts/test`, or `cargo test --test storage`, runs it.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]

#[path = "storage/clock.rs"]
mod clock;
#[path = "storage/disk.rs"]
mod disk;
#[path = "../program/hook.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod hook;
#[path = "storage/server.rs"]
mod server;
#[path = "../program/support.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use disk::Disk;
use hook::Hook;
use hook::Reply;
use server::Postgres;
use support::SOON;
use support::Vigil;
use support::config;
use support::polled;
use support::wait_until;

/// A program that keeps its history there, with a target to watch and somebody to tell.
struct Watched {
    vigil: Vigil,
    target: Hook,
    people: Hook,
    told: usize,
}

impl Watched {
    fn start(url: &str) -> Self {
        let (people, target) = (Hook::start(Reply::Status(200)), Hook::start(Reply::Status(200)));
        let text = config(&format!(
            "[storage]\nurl = {url:?}\n[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n[notify.slack]\n\
             hook_url = \"{}\"\n{}",
            people.url("/hook"),
            polled("api", &[&target.url("/")])
        ));
        let vigil = Vigil::start(&text);
        vigil.wait_for_status("healthy");
        Self { vigil, target, people, told: 0 }
    }

    /// The target dies and comes back; people hear of both, and the page shows it.
    fn flip(&mut self) {
        for (reply, status, words) in
            [(Reply::Status(503), "dead", "is dead since"), (Reply::Status(200), "healthy", "is healthy again")]
        {
            self.target.set(reply);
            let request = self.people.request(self.told);
            self.told += 1;
            assert!(request.text().contains(words), "{}", request.text());
            self.vigil.wait_for_status(status);
            let page = self.vigil.get("/");
            assert_eq!(page.status, 200);
        }
    }

    fn health(&self) -> String {
        let health = self.vigil.get("/health");
        assert_eq!(health.status, 200, "Vigil itself is well enough");
        health.text()
    }

    /// Flips until history cannot be written, and then some; `why` is in the log.
    fn suffer(&mut self, why: &str) {
        let failing = "history cannot be written, and waits in memory: ";
        for _ in 0..20 {
            self.flip();
            if self.health().contains("history cannot be written") {
                break;
            }
        }
        self.vigil.log().wait_for(&[failing, why]);
        assert!(self.health().contains("history cannot be written"), "{}", self.health());
        self.flip();
        self.flip();
        let said = self.vigil.log().text().matches(failing).count();
        assert_eq!(said, 1, "once, not at every try:\n{}", self.vigil.log().text());
    }

    /// Waits until history is written again.
    fn recover(&mut self) {
        // The next try may be some 30 s away.
        let written = || self.vigil.log().text().contains("history is written again");
        assert!(wait_until(2 * SOON, written), "{}", self.vigil.log().text());
        assert!(!self.health().contains("history cannot"), "{}", self.health());
        self.flip();
    }

    /// How many deaths of the node that database knows, which must be whole.
    fn deaths(&self, file: &Path) -> u32 {
        let database = rusqlite::Connection::open(file).unwrap();
        let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        let sql = "SELECT count(*) FROM transitions JOIN subjects ON subjects.id = subject_id \
                   WHERE node = 'node' AND replica = '' AND to_status = 'dead'";
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Waits until that database knows every death that people were told of, or all but those of another file.
    fn all_is_there(&self, file: &Path, but: u32) {
        let deaths = u32::try_from(self.told / 2).unwrap() - but;
        assert!(wait_until(SOON, || self.deaths(file) == deaths), "{} of {deaths}", self.deaths(file));
    }
}

#[test]
fn a_full_disk_delays_nobody_and_history_goes_on_when_there_is_room() {
    let disk = Disk::in_memory("400k");
    let file = disk.path().join("vigil.db");
    let mut watched = Watched::start(&format!("sqlite:{}", file.display()));
    watched.flip();
    disk.fill();
    watched.suffer("full");
    disk.make_room();
    watched.recover();
    watched.all_is_there(&file, 0);
}

#[test]
fn a_disk_that_turned_read_only_delays_nobody_and_history_goes_on_when_it_is_mounted_anew() {
    let disk = Disk::in_a_file();
    let file = disk.path().join("vigil.db");
    let mut watched = Watched::start(&format!("sqlite:{}", file.display()));
    watched.flip();
    watched.all_is_there(&file, 0);
    disk.break_down();
    watched.suffer("disk I/O error");
    disk.mount_anew();
    watched.recover();
    watched.all_is_there(&file, 0);
}

#[test]
fn a_file_that_is_deleted_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vigil.db");
    let mut watched = Watched::start(&format!("sqlite:{}", file.display()));
    watched.flip();
    watched.all_is_there(&file, 0);
    for entry in fs::read_dir(folder.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    watched.flip();
    watched.vigil.log().wait_for(&["history cannot be written, and waits in memory: ", "vigil.db"]);
    watched.recover();
    watched.all_is_there(&file, 1);
    let status = |service: &str| -> String {
        let database = rusqlite::Connection::open(&file).unwrap();
        let sql = "SELECT status FROM subjects WHERE service = $1 AND node = ''";
        database.query_row(sql, [service], |row| row.get(0)).unwrap()
    };
    assert_eq!([status("api"), status("")], ["healthy"; 2], "all that is known is told to the new one");
}

#[test]
fn a_server_that_goes_and_comes_back_delays_nobody_and_history_goes_on() {
    let server = Postgres::start();
    let mut watched = Watched::start(&server.url());
    watched.flip();
    server.stop();
    watched.suffer("");
    server.start_again();
    watched.recover();
    let deaths = || {
        server.count(
            "vigil.transitions JOIN vigil.subjects ON subjects.id = subject_id",
            "node = 'node' AND replica = '' AND to_status = 'dead'",
        )
    };
    let told = i64::try_from(watched.told / 2).unwrap();
    assert!(wait_until(SOON, || deaths() == told), "{} of {told}", deaths());
    let folder = watched.vigil.kill();
    let text = fs::read_to_string(folder.path().join("vigil.cfg")).unwrap();
    watched.target.set(Reply::Status(503));
    let before = watched.people.requests().len();
    let vigil = Vigil::start_again(folder, &text);
    assert!(watched.people.request(before).text().contains("is dead since"), "{}", vigil.log().text());
}

#[test]
fn a_wall_clock_that_is_set_kills_nobody_and_loses_and_doubles_no_day() {
    let folder = tempfile::tempdir().unwrap();
    let hand = clock::Hand::new(folder.path());
    let push = "[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\nlabel = \"Push\"\n\
                mode = \"push\"\n";
    let people = Hook::start(Reply::Status(200));
    let file = folder.path().join("vigil.db");
    let text = config(&format!(
        "push_delay_dead = 5\n[storage]\nurl = \"sqlite:{}\"\n[notify]\ngroup_wait = 0\n[notify.slack]\n\
         hook_url = \"{}\"\n{push}",
        file.display(),
        people.url("/hook")
    ));
    let environment = hand.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let vigil = Vigil::start_with(&text, &environment);
    let body = r#"{"replica": "worker", "interval": 5, "load": {"cpu": 0.1, "ram": 0.1}}"#;
    let report = || assert_eq!(vigil.report("/reporter/app/push", body).status, 200);
    for offset in ["+0", "-86400", "+86400", "+0"] {
        hand.set(offset);
        for _ in 0..4 {
            report();
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        assert_eq!(vigil.get("/status/text").text(), "healthy", "{offset}: {}", vigil.log().text());
        assert_eq!(vigil.get("/").status, 200);
    }
    assert_eq!(people.requests().len(), 0, "{}", vigil.log().text());
    // Silence is judged by time that passed, not by what the clock on the wall says.
    hand.set("-86400");
    vigil.log().wait_for(&["replica app:push:worker is dead: no report within 10 s (was healthy for "]);
    assert!(people.request(0).text().contains("is dead since"));
    let mut vigil = vigil;
    assert_eq!(vigil.end().0, Some(0));
    let seconds = clock::seconds_by_day(&file);
    assert!(seconds.values().all(|seconds| *seconds <= 86_400.0), "{seconds:?}");
    let all: f64 = seconds.values().sum();
    assert!((15.0..60.0).contains(&all), "what was lived through is there, once: {seconds:?}");
    assert_eq!(seconds.len(), 3, "on the days that the clock said: {seconds:?}");
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
