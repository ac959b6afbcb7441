//! The tests of the keeper, on real databases: what is written, when, and what becomes of it when none can be.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::config::Config;
use crate::model::announcement::Announcement;
use crate::model::cause::Failure;
use crate::model::fixture as model;
use crate::model::fixture::secs;
use crate::model::id::Id;
use crate::model::id::ReplicaId;
use crate::model::map::Map;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;
use crate::model::past::Window;
use crate::model::shown::Archive;
use crate::model::shown::Range;
use crate::model::transition::NodeKey;
use crate::model::transition::ReplicaKey;
use crate::model::uuid::Uuid;

use super::super::fixture;
use super::super::recall::Recalled;
use super::super::state::Told;
use super::super::tell::Teller;
use super::*;

const TARGET: &str = "tcp://10.0.0.1:80";

/// A program without threads whose keeper is led by hand.
struct Kept {
    shared: Shared,
    outbox: Outbox,
    shelf: Shelf,
    keeper: Keeper,
    clock: Arc<ManualClock>,
}

fn config(folder: &Path) -> Config {
    let url = format!("sqlite:{}", folder.join("vigil.db").display());
    fixture::config(&format!("[storage]\nurl = {url:?}\n"), &[TARGET])
}

fn node() -> NodeKey {
    NodeKey { service: Id::new("web").unwrap(), node: Id::new("api").unwrap() }
}

impl Kept {
    /// A start, at the time of that clock.
    fn start(config: &Config, clock: &Arc<ManualClock>) -> Self {
        let now = clock.now();
        let history = History::open(&config.storage, now.wall).ok();
        let recalled = Recalled::from(history, now);
        let (next, owed) = (recalled.memory.next_notice, recalled.memory.owed.clone());
        let (shared, _) = Shared::new(config, clock.clone(), &recalled.memory);
        shared.restore(recalled.pasts);
        let outbox = Outbox::new(next, &owed, clock.clone(), shared.keep_pulse().bell.clone());
        let shelf = Shelf::new(clock.clone());
        let storage = config.storage.clone();
        let (writer, reader, channels) = (outbox.clone(), shelf.clone(), Channels::default());
        let keeper = Keeper::new(shared.clone(), writer, reader, channels, storage, recalled.history);
        Self { shared, outbox, shelf, keeper, clock: clock.clone() }
    }

    fn check(&self, finding: Finding) {
        let key = ReplicaKey { node: node(), replica: ReplicaId::configured(TARGET).unwrap() };
        self.shared.record_check(&key, Outcome { finding, attempts: 1, took: Duration::ZERO });
    }

    fn up(&self) {
        self.check(Finding::Up(Duration::from_millis(12)));
    }

    fn down(&self) {
        self.check(Finding::Down(Failure::Refused));
    }

    fn announce(&self, number: u8, lasting: Option<u64>) -> Uuid {
        let (id, now) = (Uuid::of_random([number; 16]), self.clock.now().wall);
        let announcement = Announcement::new(id, "Title", "Text", lasting.map(secs), now).unwrap();
        self.shared.announce(announcement).unwrap();
        id
    }

    fn announced(&self) -> Vec<Uuid> {
        self.shared.announcements().iter().map(|announcement| announcement.id).collect()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(secs(seconds));
    }

    /// Owes a notice without waiting for it to be stored: nobody else is there to do that.
    fn owe(&self) -> u64 {
        self.outbox.hurry();
        let notice = (Arc::new(model::death()), vec!["slack".to_owned()]);
        let told = Told { statuses: vec![(Subject::Page, Some(Status::Dead))], ..Told::default() };
        self.outbox.owe(vec![notice], told)[0]
    }
}

/// What a start would know.
fn memory(config: &Config, now: Now) -> crate::history::Memory {
    History::open(&config.storage, now.wall).unwrap().memory(now).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(model::clock())
}

#[test]
fn what_happened_is_written_within_a_second_and_is_there_after_a_start() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.up();
    let next = kept.keeper.step(false);
    kept.down();
    assert!(next <= clock.now().instant + secs(60));
    assert_eq!(kept.keeper.step(false), clock.now().instant + SPACING, "one batch a second");
    kept.pass(1);
    kept.keeper.step(false);
    kept.pass(60);
    kept.keeper.step(false);
    let shown = kept.shelf.node(&node(), Range::Day, clock.now().wall).unwrap();
    assert_eq!(shown.incidents.len(), 1);
    assert_eq!(shown.series[0].1.time(Some(Status::Dead)), secs(55));
    drop(kept);
    kept_again_is_dead(&config, &clock);
}

fn kept_again_is_dead(config: &Config, clock: &Arc<ManualClock>) {
    let again = Kept::start(config, clock);
    assert_eq!(again.shared.read(Map::status), Status::Dead);
    let (_, shown) = again.shared.shown();
    assert_eq!(shown.incidents.len(), 1);
    assert_eq!(shown.pasts[&node()].uptime(Window::Week, clock.now().wall).down, secs(55));
    assert!(again.keeper.health().failure.is_none());
}

#[test]
fn a_reading_connection_that_is_gone_is_replaced() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let kept = Kept::start(&config(folder.path()), &clock);
    kept.shelf.put(None);
    assert!(kept.shelf.node(&node(), Range::Day, clock.now().wall).is_err());
    kept.up();
    kept.keeper.step(false);
    assert!(kept.shelf.node(&node(), Range::Day, clock.now().wall).is_ok());
}

#[test]
fn the_end_writes_what_is_left() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.up();
    kept.keeper.step(false);
    kept.down();
    kept.pass(55);
    kept.keeper.step(true);
    drop(kept);
    kept_again_is_dead(&config, &clock);
}

#[test]
fn a_notice_is_stored_with_what_brought_it_about_and_struck_off() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.up();
    kept.keeper.step(false);
    kept.down();
    let id = kept.owe();
    kept.keeper.step(false);
    assert!(kept.outbox.keeps());
    drop(kept);
    let known = memory(&config, clock.now());
    assert_eq!((known.owed.len(), known.owed[0].id, known.owed[0].channels.clone()), (1, id, vec!["slack".to_owned()]));
    assert_eq!(known.told, [(Subject::Page, Status::Dead)]);
    assert_eq!((known.incidents.len(), known.next_notice), (1, id + 1));
    let again = Kept::start(&config, &clock);
    again.outbox.fail(id, "slack", "HTTP 500");
    again.outbox.settle(id, "slack");
    again.keeper.step(false);
    drop(again);
    assert_eq!(memory(&config, clock.now()).owed, []);
}

#[test]
fn a_file_that_is_deleted_is_made_anew_and_told_how_everything_is() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.down();
    kept.owe();
    kept.shared.ignore_reminders(Some(secs(600)));
    kept.keeper.step(false);
    for file in fs::read_dir(folder.path()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    kept.pass(60);
    kept.keeper.step(false);
    let health = kept.keeper.health();
    assert_eq!(health.failures, 1);
    assert!(health.failure.is_some() && !kept.outbox.keeps());
    kept.pass(1);
    kept.keeper.step(false);
    assert_eq!(kept.keeper.health().failure, None);
    assert!(kept.shelf.node(&node(), Range::Day, clock.now().wall).is_ok());
    drop(kept);
    let known = memory(&config, clock.now());
    assert_eq!((known.owed.len(), known.told.len(), known.incidents.len()), (1, 1, 1));
    assert!(known.silence.until.is_some());
    assert_eq!(Kept::start(&config, &clock).shared.read(Map::status), Status::Dead);
}

#[test]
fn while_nothing_can_be_written_it_waits_and_is_tried_less_and_less_often() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let place = folder.path().join("later");
    let config = config(&place);
    let kept = Kept::start(&config, &clock);
    kept.down();
    let mut waits = Vec::new();
    for _ in 0..7 {
        let next = kept.keeper.step(false).saturating_duration_since(clock.now().instant);
        waits.push(next.as_secs());
        clock.advance(next);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(kept.keeper.health().failures, 7);
    assert!(kept.shelf.node(&node(), Range::Day, clock.now().wall).is_err());
    fs::create_dir(&place).unwrap();
    kept.keeper.step(false);
    assert_eq!(kept.keeper.health().failure, None);
    let shown = kept.shelf.node(&node(), Range::Day, clock.now().wall).unwrap();
    assert!(shown.series[0].1.time(Some(Status::Dead)) > secs(50), "{shown:?}");
    drop(kept);
    assert_eq!(Kept::start(&config, &clock).shared.read(Map::status), Status::Dead);
}

#[test]
fn how_far_people_were_reminded_outlives_a_crash_and_so_does_the_window() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let url = format!("sqlite:{}", folder.path().join("vigil.db").display());
    let keys = "reminder_interval = 100\nreminder_backoff_function = \"linear\"";
    let config = fixture::config(&format!("[notify]\n{keys}\n[storage]\nurl = {url:?}\n"), &[TARGET]);
    // What is due is told to nobody; in how many seconds the next notice is due.
    let tell = |kept: &Kept| {
        let next = Teller::new(kept.shared.clone(), Channels::default(), kept.outbox.clone()).step();
        kept.pass(1);
        kept.keeper.step(false);
        next.map(|next| next.saturating_duration_since(clock.now().instant).as_secs() + 1)
    };
    let kept = Kept::start(&config, &clock);
    kept.down();
    kept.pass(2);
    assert_eq!(tell(&kept), Some(100));
    kept.pass(99);
    assert_eq!(tell(&kept), Some(200), "after the first reminder");
    drop(kept);
    clock.advance(secs(49));
    let kept = Kept::start(&config, &clock);
    assert_eq!(tell(&kept), Some(150), "the time of the crash counts, and the reminder does not come again");
    kept.shared.ignore_reminders(Some(secs(400)));
    kept.pass(1);
    kept.keeper.step(false);
    drop(kept);
    clock.advance(secs(9));
    let kept = Kept::start(&config, &clock);
    assert_eq!(kept.shared.reminders_ignored(), Some(secs(390)));
    assert_eq!(tell(&kept), Some(390));
    kept.pass(389);
    assert_eq!(tell(&kept), Some(300), "after the second");
    drop(kept);
    assert_eq!(memory(&config, clock.now()).reminded.count, 2);
    let kept = Kept::start(&config, &clock);
    kept.up();
    kept.pass(20);
    assert_eq!(tell(&kept), None);
    drop(kept);
    assert_eq!(memory(&config, clock.now()).reminded, Reminded::default());
}

#[test]
fn a_notice_is_not_held_by_a_database_that_fails() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(&folder.path().join("nowhere"));
    let kept = Kept::start(&config, &clock);
    kept.down();
    kept.keeper.step(false);
    kept.owe();
    kept.keeper.step(false);
    assert_eq!(kept.keeper.health().failures, 1, "it is not its turn yet, and nobody waits for it");
    assert!(!kept.outbox.keeps());
    fs::create_dir(folder.path().join("nowhere")).unwrap();
    kept.pass(2);
    kept.keeper.step(false);
    drop(kept);
    assert_eq!(memory(&config, clock.now()).owed.len(), 1);
}

#[test]
fn a_program_that_was_stopped_watched_nothing_meanwhile() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.up();
    *kept.keeper.asked.lock().unwrap() = Some(clock.now().instant + secs(5));
    kept.pass(80);
    kept.keeper.thaw();
    kept.pass(2);
    let (_, shown) = kept.shared.shown();
    assert_eq!(shown.pasts[&node()].uptime(Window::Day, clock.now().wall).up, secs(7));
    *kept.keeper.asked.lock().unwrap() = Some(clock.now().instant);
    kept.pass(4);
    kept.keeper.thaw();
    assert_eq!(kept.shared.shown().1.pasts[&node()].uptime(Window::Day, clock.now().wall).up, secs(11));
}

#[test]
fn a_database_that_was_away_at_the_start_gives_back_the_past() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let (file, away) = (folder.path().join("vigil.db"), folder.path().join("away.db"));
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.down();
    kept.shared.ignore_reminders(Some(secs(600)));
    kept.pass(55);
    kept.keeper.step(true);
    drop(kept);
    fs::rename(&file, &away).unwrap();
    fs::create_dir(&file).unwrap();
    let kept = Kept::start(&config, &clock);
    kept.up();
    kept.keeper.step(false);
    assert_eq!(kept.keeper.health().failures, 1);
    fs::remove_dir(&file).unwrap();
    fs::rename(&away, &file).unwrap();
    kept.pass(2);
    kept.keeper.step(false);
    let (_, shown) = kept.shared.shown();
    assert_eq!(shown.pasts[&node()].uptime(Window::Week, clock.now().wall).down, secs(55));
    assert!(shown.incidents[0].closed.is_some(), "nobody saw its end");
    assert_eq!(kept.shared.reminders_ignored(), Some(secs(543)));
    drop(kept);
    assert!(memory(&config, clock.now()).incidents[0].closed.is_some());
}

/// What is stored, looked at beside the program that writes it.
fn stored(config: &Config, now: Now) -> Vec<Announcement> {
    History::look(&config.storage).unwrap().memory(now).unwrap().announcements
}

#[test]
fn announcements_are_stored_at_once_and_are_there_after_a_start() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    kept.keeper.step(false);
    let ids = [kept.announce(1, None), kept.announce(2, Some(60)), kept.announce(3, None)];
    kept.keeper.step(false);
    assert_eq!(stored(&config, clock.now()).len(), 3, "without a wait");
    assert!(kept.shared.withdraw(ids[0]) && !kept.shared.withdraw(ids[0]));
    kept.keeper.step(false);
    drop(kept);
    let kept = Kept::start(&config, &clock);
    assert_eq!(kept.announced(), ids[1..]);
    assert_eq!(kept.shared.shown().1.announcements[0].id, ids[2], "the newest is shown first");
    kept.pass(59);
    let seen = kept.shared.seen();
    assert_eq!(kept.shared.expire(), Some(clock.now().instant + secs(1)));
    assert_eq!((kept.shared.seen(), kept.announced().len()), (seen, 2));
    kept.pass(1);
    assert_eq!(kept.announced(), ids[2..], "even if nobody has taken it down yet");
    assert!(!kept.shared.withdraw(ids[1]));
    kept.announce(4, Some(30));
    kept.pass(30);
    let seen = kept.shared.seen();
    assert_eq!(kept.shared.expire(), None);
    assert!(kept.shared.seen().flips > seen.flips, "pages are made anew");
    kept.keeper.step(false);
    assert_eq!(stored(&config, clock.now()).len(), 1);
}

#[test]
fn an_announcement_that_cannot_be_stored_is_shown_and_stored_later() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    let first = kept.announce(1, None);
    kept.keeper.step(false);
    fs::remove_file(folder.path().join("vigil.db")).unwrap();
    fs::create_dir(folder.path().join("vigil.db")).unwrap();
    let second = kept.announce(2, None);
    kept.keeper.step(false);
    assert!(kept.keeper.health().failure.is_some());
    assert!(kept.shared.withdraw(first));
    let third = kept.announce(3, None);
    kept.keeper.step(false);
    assert_eq!(kept.announced(), [second, third]);
    fs::remove_dir(folder.path().join("vigil.db")).unwrap();
    kept.pass(31);
    kept.keeper.step(false);
    assert_eq!(kept.keeper.health().failure, None);
    let stored: Vec<Uuid> = stored(&config, clock.now()).iter().map(|one| one.id).collect();
    assert_eq!(stored, [second, third]);
}

#[test]
fn announcements_of_a_database_that_was_away_at_the_start_come_back() {
    let (folder, clock) = (TempDir::new().unwrap(), clock());
    let config = config(folder.path());
    let kept = Kept::start(&config, &clock);
    let first = kept.announce(1, None);
    kept.keeper.step(true);
    drop(kept);
    let (file, aside) = (folder.path().join("vigil.db"), folder.path().join("aside.db"));
    fs::rename(&file, &aside).unwrap();
    fs::create_dir(&file).unwrap();
    let kept = Kept::start(&config, &clock);
    let second = kept.announce(2, None);
    kept.keeper.step(false);
    assert_eq!(kept.announced(), [second]);
    fs::remove_dir(&file).unwrap();
    fs::rename(&aside, &file).unwrap();
    kept.pass(31);
    kept.keeper.step(false);
    assert_eq!(kept.announced(), [first, second]);
    let stored: Vec<Uuid> = stored(&config, clock.now()).iter().map(|one| one.id).collect();
    assert_eq!(stored, [first, second]);
}
