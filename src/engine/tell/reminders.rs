//! Reminders, and the notice after a start, as each channel hears them: the clock is set, and deliveries are made by
//! hand.

use std::sync::Mutex;
use std::time::Duration;

use crate::clock::Bell;
use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::clock::Wake;
use crate::config::Config;
use crate::model::cause::Failure;
use crate::model::fixture::key;
use crate::model::fixture::secs;
use crate::model::notice::Kind;
use crate::model::notice::Urgent;
use crate::model::observation::Finding;
use crate::model::observation::Outcome;
use crate::model::status::Status;
use crate::notify;
use crate::notify::Notifier;
use crate::notify::SendError;
use crate::notify::Target;

use super::super::deliver::End;
use super::super::fixture;
use super::*;

/// One end of a channel: what it got.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<Notice>>>);

impl Notifier for Ear {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.0.lock().unwrap().push(notice.clone());
        Ok(())
    }
}

/// A teller that is led by hand.
struct Desk {
    shared: Shared,
    clock: Arc<ManualClock>,
    channels: Channels,
    teller: Teller,
    ears: Vec<(Arc<str>, Ear)>,
    start: jiff::Timestamp,
}

/// The channels `all`, `oncall` (reminders only) and `ops`, and the nodes `web:api` and `web:site`, of which `ops` hears
/// only of the latter.
fn config(keys: &str) -> Config {
    let channel = |name: &str, keys: &str| {
        format!("[[notify.slack]]\nname = \"{name}\"\nhook_url = \"http://{name}/\"\n{keys}\n")
    };
    let node = |id: &str, more: &str| {
        let replica = replica(id);
        format!(
            "[[probe.service.node]]\nid = \"{id}\"\nlabel = \"{id}\"\nmode = \"poll\"\n\
             replicas = [\"{replica}\"]\n{more}\n"
        )
    };
    let parts = [
        format!("[notify]\n{keys}\n"),
        channel("all", ""),
        channel("oncall", "reminders_only = true"),
        channel("ops", ""),
        "[[probe.service]]\nid = \"web\"\nlabel = \"Web\"\n".to_owned(),
        node("api", "notify = [\"all\", \"oncall\"]"),
        node("site", ""),
    ];
    fixture::load(&parts.concat())
}

fn replica(node: &str) -> String {
    format!("tcp://{node}:80")
}

impl Desk {
    fn new(config: &Config) -> Self {
        let (shared, clock) = fixture::shared(config);
        let outbox = Outbox::new(1, &[], clock.clone(), Bell::default());
        outbox.hurry();
        let ears: Vec<_> = config.notify.channels.iter().map(|one| (one.name.clone(), Ear::default())).collect();
        let list = config.notify.channels.iter().zip(&ears).map(|(channel, (name, ear))| notify::Channel {
            name: name.clone(),
            reminders_only: channel.reminders_only,
            keeps_alerts: channel.kind.keeps_alerts(),
            targets: vec![Target { name: String::new(), notifier: Box::new(ear.clone()) }],
        });
        let channels = Channels::default();
        channels.replace(channels.next(list.collect(), &[], &shared, &outbox));
        let teller = Teller::new(shared.clone(), channels.clone(), outbox);
        let start = clock.now().wall;
        Self { shared, clock, channels, teller, ears, start }
    }

    fn found(&self, node: &str, finding: Finding) {
        let outcome = Outcome { finding, attempts: 1, took: Duration::ZERO };
        self.shared.record_check(&key("web", node, &replica(node)), outcome);
    }

    fn up(&self, node: &str) {
        self.found(node, Finding::Up(Duration::from_millis(5)));
    }

    fn down(&self, node: &str) {
        self.found(node, Finding::Down(Failure::Refused));
    }

    /// Lets time pass, and the teller do its work whenever it wants to.
    fn pass(&self, seconds: u64) {
        let end = self.clock.now().instant + secs(seconds);
        while let Some(due) = self.teller.step().filter(|due| *due <= end) {
            self.clock.advance(due.saturating_duration_since(self.clock.now().instant));
        }
        self.clock.advance(end.saturating_duration_since(self.clock.now().instant));
    }

    /// What a channel got since it was last asked: the second, the kind, and the nodes.
    fn heard(&self, channel: &str) -> Vec<String> {
        for deliverer in self.channels.deliverers() {
            deliverer.drain(End::Program);
            deliverer.run();
        }
        let (_, ear) = self.ears.iter().find(|(name, _)| &**name == channel).unwrap();
        let heard = std::mem::take(&mut *ear.0.lock().unwrap());
        heard.iter().map(|notice| self.in_words(notice)).collect()
    }

    fn in_words(&self, notice: &Notice) -> String {
        let kind = match notice.kind {
            Kind::Reminder { number, urgent: Urgent::All } => format!("reminder {number}"),
            Kind::Reminder { number, urgent: Urgent::First(first) } => format!("reminder {number} for {first}"),
            other => format!("{other:?}"),
        };
        let nodes: Vec<String> = notice
            .changes
            .iter()
            .map(|change| format!("{} {}", change.key.node, change.to.map_or("?", Status::word)))
            .collect();
        format!("{} {kind}: {}", notice.at.duration_since(self.start).as_secs(), nodes.join(", "))
    }
}

const REMINDERS: &str = "reminder_interval = 60\nreminder_escalate = true";

#[test]
fn each_channel_is_reminded_of_the_nodes_that_it_hears_of() {
    let desk = Desk::new(&config(REMINDERS));
    desk.up("api");
    desk.up("site");
    desk.down("api");
    desk.pass(70);
    desk.down("site");
    desk.pass(100);
    assert_eq!(
        desk.heard("all"),
        [
            "2 Change: api dead",
            "62 reminder 1 for 1: api dead",
            "72 Change: site dead",
            "132 reminder 2 for 2: api dead, site dead"
        ]
    );
    assert_eq!(desk.heard("oncall"), ["62 reminder 1 for 1: api dead", "132 reminder 2 for 2: api dead, site dead"]);
    assert_eq!(desk.heard("ops"), ["72 Change: site dead", "132 reminder 2 for 2: site dead"]);
    desk.up("api");
    desk.up("site");
    desk.pass(300);
    assert_eq!(desk.heard("all"), ["172 Change: api healthy, site healthy"]);
    assert_eq!(desk.heard("oncall"), [""; 0]);
}

#[test]
fn without_an_interval_nobody_is_reminded() {
    let desk = Desk::new(&config(""));
    desk.down("api");
    desk.pass(86_400);
    assert_eq!(desk.heard("all"), ["2 Change: api dead"]);
    assert_eq!(desk.heard("oncall"), [""; 0]);
    desk.shared.reconfigure(&config(REMINDERS));
    desk.pass(1);
    assert_eq!(desk.heard("oncall"), ["86400 reminder 1 for 1: api dead"], "another configuration is followed at once");
}

#[test]
fn reminders_are_ignored_for_whole_seconds() {
    let desk = Desk::new(&config(REMINDERS));
    let bell = &desk.shared.tell_pulse().bell;
    desk.down("api");
    desk.pass(2);
    assert_eq!(bell.wait(Some(Duration::ZERO)), Wake::Rung);
    assert_eq!(desk.shared.reminders_ignored(), None);
    desk.shared.ignore_reminders(Some(secs(100)));
    assert_eq!(bell.wait(Some(Duration::ZERO)), Wake::Rung, "the next notice is due at another time");
    assert_eq!(desk.shared.reminders_ignored(), Some(secs(100)));
    desk.clock.advance(Duration::from_millis(500));
    assert_eq!(desk.shared.reminders_ignored(), Some(secs(100)));
    desk.clock.advance(Duration::from_millis(500));
    assert_eq!(desk.shared.reminders_ignored(), Some(secs(99)));
    desk.shared.ignore_reminders(Some(secs(10)));
    assert_eq!(desk.shared.reminders_ignored(), Some(secs(10)), "the last word counts");
    desk.shared.ignore_reminders(None);
    assert_eq!(desk.shared.reminders_ignored(), None);
    desk.pass(60);
    assert_eq!(desk.heard("oncall"), ["62 reminder 1 for 1: api dead"]);
    desk.shared.ignore_reminders(Some(secs(200)));
    desk.pass(201);
    assert_eq!(desk.shared.reminders_ignored(), None);
    assert_eq!(desk.heard("oncall"), ["263 reminder 2 for 2: api dead"]);
}

#[test]
fn after_a_start_all_is_told_once_the_last_check_is_made() {
    let desk = Desk::new(&config("startup_notification = true"));
    let bell = &desk.shared.tell_pulse().bell;
    // Two tries of 30 s that are 2 s apart, and some.
    assert_eq!(desk.teller.step(), Some(desk.clock.now().instant + secs(65)));
    desk.down("api");
    desk.pass(20);
    assert_eq!(desk.heard("all"), [""; 0]);
    let _ = bell.wait(Some(Duration::ZERO));
    desk.found("site", Finding::Blind("as the test wants it".to_owned()));
    assert_eq!(bell.wait(Some(Duration::ZERO)), Wake::Rung, "though nothing changed");
    desk.pass(100);
    assert_eq!(desk.heard("all"), ["20 Startup: api dead, site ?"]);
    assert_eq!(desk.heard("oncall"), [""; 0]);
    assert_eq!(desk.heard("ops"), ["20 Startup: site ?"]);
    desk.shared.reconfigure(&config("startup_notification = true"));
    desk.up("site");
    desk.pass(100);
    assert_eq!(desk.heard("all"), [""; 0]);
}

#[test]
fn a_script_may_take_its_time_before_all_is_told() {
    let notify = "[notify]\nstartup_notification = true\n[notify.slack]\nhook_url = \"http://a/\"\n";
    let script = "[[probe.service]]\nid = \"web\"\nlabel = \"Web\"\n[[probe.service.node]]\nid = \"disk\"\n\
                  label = \"Disk\"\nmode = \"script\"\nscripts = [\"exit 0\"]\n\
                  script_interval = 120\nscript_timeout = 90\n";
    let desk = Desk::new(&fixture::load(&[notify, script].concat()));
    desk.pass(92);
    assert_eq!(desk.heard("slack"), [""; 0]);
    desk.pass(2);
    assert_eq!(desk.heard("slack"), ["93 Startup: disk ?"]);
    let nothing = Desk::new(&fixture::load(notify));
    nothing.pass(1);
    assert_eq!(nothing.heard("slack"), ["0 Startup: "]);
}
