//! Pages of so many replicas. There are no threads: a clock is set, and what happens is done by hand.

use std::cell::Cell;
use std::env::VarError;
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use vigil_server::clock::Clock;
use vigil_server::clock::ManualClock;
use vigil_server::clock::Now;
use vigil_server::config;
use vigil_server::config::Config;
use vigil_server::engine::Engine;
use vigil_server::history::store::History;
use vigil_server::model::cause::Failure;
use vigil_server::model::map::Map;
use vigil_server::model::observation::Content;
use vigil_server::model::observation::Finding;
use vigil_server::model::observation::Load;
use vigil_server::model::observation::Outcome;
use vigil_server::model::observation::Report;
use vigil_server::model::past::Past;
use vigil_server::model::span::Span;
use vigil_server::model::status::Status;
use vigil_server::model::tier::Tier;
use vigil_server::model::transition::NodeKey;
use vigil_server::model::transition::ReplicaKey;
use vigil_server::net::client::Client;
use vigil_server::net::resolve::Resolver;
use vigil_server::probe::Tools;

/// The token of reports.
pub(crate) const TOKEN: &str = "s3cret";

/// How often replicas report.
const INTERVAL: Duration = Duration::from_secs(30);

/// How long a check takes, and an answer.
const TOOK: Duration = Duration::from_millis(12);

/// On how many of a node's last days it was dead for a while, one in so many, and for how long.
const BAD_DAY: usize = 30;
const OUTAGE: Duration = Duration::from_mins(20);

/// Replicas are looked at in steps of this prime, so that the caches of the processor cannot hold what comes next.
const STRIDE: usize = 7_919;

/// How large a page is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// How many replicas there are.
    pub(crate) replicas: usize,
    /// How many of them a node has.
    a_node: usize,
    /// How many nodes a service has.
    nodes_a_service: usize,
}

impl Size {
    /// The sizes that are measured.
    pub(crate) const ALL: [Self; 5] =
        [Self::of(10, 10), Self::of(100, 10), Self::of(1_000, 10), Self::of(10_000, 10), Self::of(100_000, 500)];

    const fn of(replicas: usize, a_node: usize) -> Self {
        Self { replicas, a_node, nodes_a_service: 10 }
    }

    /// The same with all nodes in one service.
    pub(crate) const fn in_one_service(self) -> Self {
        Self { nodes_a_service: self.replicas, ..self }
    }

    /// The same with all replicas in one node.
    pub(crate) const fn in_one_node(self) -> Self {
        Self { a_node: self.replicas, ..self }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.replicas)
    }
}

/// A page on which all is well.
pub(crate) struct Page {
    pub(crate) size: Size,
    /// The text of its configuration.
    pub(crate) text: String,
    pub(crate) config: Config,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Engine,
    replicas: Vec<ReplicaKey>,
    at: Cell<usize>,
    is_unwell: Cell<bool>,
}

impl Page {
    /// A page whose replicas are checked, each node with 90 days behind it.
    pub(crate) fn checked(size: Size) -> Self {
        let mut page = Self::new(size, true);
        page.replicas = page.engine.handle().shared.read(keys);
        page.restore_pasts();
        page.check_all();
        page.forget_entries();
        page
    }

    /// A page whose replicas report.
    pub(crate) fn reported(size: Size) -> Self {
        let mut page = Self::new(size, false);
        let nodes = page.engine.handle().shared.read(nodes);
        for (node, first) in nodes.into_iter().zip((0..).step_by(size.a_node)) {
            for number in (first..size.replicas).take(size.a_node) {
                let replica = format!("worker-{number}").try_into().unwrap();
                page.replicas.push(ReplicaKey { node: node.clone(), replica });
            }
        }
        for key in &page.replicas {
            page.report(key, WELL);
        }
        page.restore_pasts();
        page.forget_entries();
        page
    }

    fn new(size: Size, is_checked: bool) -> Self {
        let text = text(size, is_checked);
        let config = read(&text);
        let resolver = Arc::new(Resolver::default());
        let tools = Tools { client: Client::new("benchmark", resolver.clone()), resolver, at_a_time: 1 };
        // 24 Nov 2026, 01:12:05 UTC.
        let clock = Arc::new(ManualClock::at(Timestamp::constant(1_795_482_725, 0)));
        let history = History::open(&config.storage, clock.now().wall).unwrap();
        let engine = Engine::new(&config, &tools, Vec::new(), clock.clone(), Some(history));
        let (at, is_unwell) = (Cell::new(0), Cell::new(false));
        Self { size, text, config, clock, engine, replicas: Vec::new(), at, is_unwell }
    }

    /// Each node has a past, in which it was well but for a few outages.
    fn restore_pasts(&self) {
        let now = self.clock.now().wall;
        let mut pasts = Vec::new();
        for node in self.engine.handle().shared.read(nodes) {
            for (tier, count) in [(Tier::Day, Past::DAYS), (Tier::Hour, 24)] {
                for ago in 1..=count {
                    let length = tier.length();
                    let at = tier.start_of(now - length * u32::try_from(ago).unwrap());
                    let dead = if ago % BAD_DAY == 0 { OUTAGE } else { Duration::ZERO };
                    let mut span = Span::of(Some(Status::Healthy), length.saturating_sub(dead));
                    span.spend(Some(Status::Dead), dead);
                    pasts.push((node.clone(), tier, at, span));
                }
            }
        }
        self.engine.restore(pasts);
    }

    /// What time it is on the page.
    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    /// The next replica; all of them, in turn.
    pub(crate) fn next(&self) -> &ReplicaKey {
        self.at.set((self.at.get() + STRIDE) % self.replicas.len());
        self.present()
    }

    fn present(&self) -> &ReplicaKey {
        &self.replicas[self.at.get()]
    }

    /// Checks each replica once, which is well.
    pub(crate) fn check_all(&self) {
        for key in &self.replicas {
            self.engine.record_check(key, up());
        }
    }

    /// One replica of each node is dead.
    pub(crate) fn break_all_nodes(&self) {
        for key in self.replicas.iter().step_by(self.size.a_node) {
            self.engine.record_check(key, dead());
        }
    }

    /// The next replica dies, and with it its node, service and page; or the one that did is well again.
    pub(crate) fn turn_dead(&self) {
        self.turn(dead());
    }

    /// The same for a replica that is sick, which is no incident.
    pub(crate) fn turn_sick(&self) {
        self.turn(outcome(Finding::Up(Duration::from_mins(1))));
    }

    fn turn(&self, unwell: Outcome) {
        if self.is_unwell.replace(!self.is_unwell.get()) {
            self.engine.record_check(self.present(), up());
        } else {
            self.engine.record_check(self.next(), unwell);
        }
    }

    /// The next replica reports that it has too much to do, or the one that did reports that it has not any more.
    pub(crate) fn turn_sick_by_report(&self) {
        if self.is_unwell.replace(!self.is_unwell.get()) {
            self.report(self.present(), WELL);
        } else {
            self.report(self.next(), Load { cpu: 5.0, ..WELL });
        }
    }

    /// The last of the replicas that [`Page::break_all_nodes`] has dead is well, or dead again.
    pub(crate) fn turn_last_dead(&self) {
        let key = self.replicas.iter().step_by(self.size.a_node).next_back().unwrap();
        let is_unwell = self.is_unwell.replace(!self.is_unwell.get());
        self.engine.record_check(key, if is_unwell { dead() } else { up() });
    }

    /// A replica of the first node that has not reported yet.
    pub(crate) fn newcomer(&self) -> ReplicaKey {
        let replica = "newcomer".to_owned().try_into().unwrap();
        ReplicaKey { replica, ..self.replicas[0].clone() }
    }

    /// What is to be written is not.
    pub(crate) fn forget_entries(&self) {
        let _ = self.engine.entries();
    }

    /// A replica reports that load.
    pub(crate) fn report(&self, key: &ReplicaKey, load: Load) {
        let report = Report { replica: key.replica.clone(), interval: INTERVAL, content: Content::Load(load) };
        self.engine.handle().shared.record_report(&key.node, report).unwrap();
    }
}

/// A load that is not too much.
pub(crate) const WELL: Load = Load { cpu: 0.3, ram: 0.4 };

/// A check found that a replica is well.
pub(crate) fn up() -> Outcome {
    outcome(Finding::Up(TOOK))
}

fn dead() -> Outcome {
    outcome(Finding::Down(Failure::Refused))
}

fn outcome(finding: Finding) -> Outcome {
    Outcome { finding, attempts: 1, took: TOOK }
}

/// What a file with that text says.
pub(crate) fn read(text: &str) -> Config {
    let nothing = |_: &str| Err(VarError::NotPresent);
    config::load_bytes(Path::new("vigil.cfg"), text.as_bytes(), &nothing).unwrap().config
}

fn text(size: Size, is_checked: bool) -> String {
    let mut text = format!(
        "[server]\nreporter_token = \"{TOKEN}\"\nreporter_replicas_max = 1000000\n\
         [storage]\nurl = \"memory:\"\n[notify]\ngroup_wait = 0\ngroup_interval = 1\n"
    );
    for (node, first) in (0..size.replicas).step_by(size.a_node).enumerate() {
        if node % size.nodes_a_service == 0 {
            let service = node / size.nodes_a_service;
            let _ = write!(text, "[[probe.service]]\nid = \"service-{service}\"\nlabel = \"Service {service}\"\n");
        }
        let _ = write!(text, "[[probe.service.node]]\nid = \"node-{node}\"\nlabel = \"Node {node}\"\n");
        if is_checked {
            let replicas = (first..size.replicas).take(size.a_node).map(url);
            let _ = write!(text, "mode = \"poll\"\nreplicas = {:?}\n", replicas.collect::<Vec<_>>());
        } else {
            text.push_str("mode = \"push\"\n");
        }
    }
    text
}

fn url(number: usize) -> String {
    format!("http://10.{}.{}.{}/health", number >> 16, (number >> 8) & 255, number & 255)
}

fn nodes(map: &Map) -> Vec<NodeKey> {
    let mut keys = Vec::new();
    for (service, in_service) in &map.services {
        keys.extend(in_service.nodes.keys().map(|node| NodeKey { service: service.clone(), node: node.clone() }));
    }
    keys
}

fn keys(map: &Map) -> Vec<ReplicaKey> {
    let mut keys = Vec::new();
    for node in nodes(map) {
        let found = map.node(node.service.as_str(), node.node.as_str()).unwrap();
        keys.extend(found.replicas.keys().map(|id| ReplicaKey { node: node.clone(), replica: id.clone() }));
    }
    keys
}
