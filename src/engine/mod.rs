//! The engine: the only threads besides the web server's, and the only shared state.
//!
//! | loop | thread | waits for | does |
//! | --- | --- | --- | --- |
//! | `poll` | `vigil-poll`, workers `vigil-check`, `vigil-script`, `vigil-queue` | the next due check | asks targets, records outcomes |
//! | `expire` | `vigil-expire` | the next deadline of a replica that reports | judges silence |
//! | `tell` | `vigil-tell` | the next notice, the next moment at which maintenance begins or ends | makes notices, hands them to the channels |
//! | `deliver` | one a target of a channel | a notice, or the next try | delivers, in order |
//! | `keep` | `vigil-keep` | something to write, the end of a minute | writes history, and what is owed |

mod announce;
mod archive;
mod channels;
mod deliver;
mod expire;
#[cfg(test)]
mod fixture;
mod guard;
pub mod keep;
pub mod metrics;
mod outbox;
mod plan;
mod poll;
mod pool;
pub mod pulse;
mod recall;
mod routes;
mod schedule;
pub mod shared;
mod state;
mod steps;
mod tell;
mod upkeep;

use std::io;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::history::store::History;
use crate::model::shown::Archive;
use crate::model::transition::Transition;
use crate::notify;
use crate::probe::Tools;

use self::archive::Shelf;
use self::channels::Channel;
use self::channels::Channels;
use self::deliver::Deliverer;
use self::deliver::End;
use self::expire::Expirer;
use self::keep::Keeper;
use self::keep::KeeperHealth;
use self::metrics::Figures;
use self::outbox::Outbox;
use self::poll::Poller;
use self::recall::Recalled;
use self::shared::Shared;
use self::tell::Teller;

/// How long deliveries may go on once the program ends.
const DRAIN: Duration = Duration::from_secs(3);

/// How long the last of history may be written once all else has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The engine.
pub struct Engine {
    shared: Shared,
    /// What there is to say about history when the loops start.
    words: Option<String>,
    /// What changed while the program was down.
    resumed: Vec<Transition>,
    outbox: Outbox,
    shelf: Shelf,
    keeper: Arc<Keeper>,
    poller: Arc<Poller>,
    teller: Arc<Teller>,
    channels: Channels,
    /// Targets that are not configured any more and may still be owed something.
    former: Vec<Arc<Deliverer>>,
    /// Of those that end at once when they are told to.
    loops: Vec<JoinHandle<()>>,
    /// Of those that may hang in a check or a delivery.
    patient: Vec<JoinHandle<()>>,
}

impl Engine {
    /// An engine that has not begun yet: nothing is watched, and nobody is told. It goes on from what that database
    /// remembers; without one it knows nothing, and looks for the database that is configured later.
    #[must_use]
    pub fn new(
        config: &Config,
        tools: &Tools,
        notify: Vec<notify::Channel>,
        clock: Arc<dyn Clock>,
        history: Option<History>,
    ) -> Self {
        let now = clock.now();
        let recalled = Recalled::from(history, now);
        let words = recalled.words();
        let (next, owed) = (recalled.memory.next_notice, recalled.memory.owed.clone());
        let (shared, resumed) = Shared::new(config, clock.clone(), &recalled.memory);
        shared.restore(recalled.pasts);
        let shelf = Shelf::new(clock.clone());
        let outbox = Outbox::new(next, &owed, clock, shared.keep_pulse().bell.clone());
        let channels = Channels::default();
        channels.replace(channels.next(notify, &[], &shared, &outbox));
        let storage = config.storage.clone();
        let (writer, reader, told) = (outbox.clone(), shelf.clone(), channels.clone());
        let keeper = Keeper::new(shared.clone(), writer, reader, told, storage, recalled.history);
        for owed in owed {
            channels.resume(&owed, &outbox, now);
        }
        let poller = Arc::new(Poller::new(config, tools, shared.clone()));
        let teller = Arc::new(Teller::new(shared.clone(), channels.clone(), outbox.clone()));
        let (former, loops, patient) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            shared,
            words,
            resumed,
            outbox,
            shelf,
            keeper: Arc::new(keeper),
            poller,
            teller,
            channels,
            former,
            loops,
            patient,
        }
    }

    /// Starts every loop.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(&mut self) -> io::Result<()> {
        if let Some(words) = self.words.take() {
            log::info!("{words}");
        }
        self.shared.changed(&std::mem::take(&mut self.resumed), false);
        let keeper = self.keeper.clone();
        self.patient.push(spawn("vigil-keep", move || keeper.run())?);
        for deliverer in self.channels.deliverers() {
            self.patient.push(deliver(&deliverer)?);
        }
        let (teller, poller) = (self.teller.clone(), self.poller.clone());
        let expirer = Expirer::new(self.shared.clone());
        self.loops.push(spawn("vigil-tell", move || teller.run())?);
        self.loops.push(spawn("vigil-expire", move || expirer.run())?);
        self.patient.push(spawn("vigil-poll", move || poller.run())?);
        Ok(())
    }

    /// Follows another configuration from now on, all of it or, after an error, nothing of it. What is in both keeps its
    /// state: replicas their status and their turn, targets of channels what they are owed.
    ///
    /// # Errors
    /// When the thread of a new channel cannot be started.
    pub fn reload(&mut self, config: &Config, tools: &Tools, notify: Vec<notify::Channel>) -> io::Result<()> {
        let next = self.channels.next(notify, &self.former, &self.shared, &self.outbox);
        let fresh = next.fresh.clone();
        let mut started = Vec::with_capacity(fresh.len());
        for deliverer in &fresh {
            match deliver(deliverer) {
                Ok(thread) => started.push(thread),
                Err(error) => {
                    // Those that were started already have nothing to do, and what was taken out is not back.
                    for deliverer in fresh.iter().chain(&next.back) {
                        deliverer.drain(End::TakenOut);
                    }
                    return Err(error);
                }
            }
        }
        self.patient.retain(|thread| !thread.is_finished());
        self.patient.append(&mut started);
        self.former.retain(|former| !former.has_finished() && !next.back.iter().any(|back| Arc::ptr_eq(back, former)));
        // What is made from now on they get by the new list.
        let owed = self.outbox.owed();
        for gone in self.channels.replace(next) {
            gone.drain(End::TakenOut);
            self.former.push(gone);
        }
        self.channels.take_over(&fresh, owed);
        // The map first: a new target has its place there before anything is found out about it.
        self.shared.reconfigure(config);
        self.poller.reconfigure(config, tools);
        self.keeper.follow(config.storage.retention);
        self.shared.metrics().follow(self.shared.now().wall);
        Ok(())
    }

    /// Notes that there is another configuration which cannot be followed.
    pub fn refuse(&self) {
        self.shared.metrics().refuse();
    }

    /// What the web server reads and writes.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            shared: self.shared.clone(),
            archive: Arc::new(self.shelf.clone()),
            channels: self.channels.clone(),
            keeper: self.keeper.clone(),
            poller: self.poller.clone(),
        }
    }

    /// Ends every loop in order: no more checks, the last notice made, what is queued delivered or named in the log.
    /// Takes at most a few seconds: a check or a delivery that hangs is left behind.
    pub fn stop(self) {
        self.shared.stop();
        self.poller.stop();
        for thread in self.loops {
            // One that panicked has said so; a notice that it was handing out has left it.
            let _ = thread.join();
        }
        self.teller.flush();
        let deliverers = [self.channels.deliverers(), self.former].concat();
        for deliverer in &deliverers {
            deliverer.drain(End::Program);
        }
        let end = self.shared.now().instant + DRAIN;
        for deliverer in &deliverers {
            deliverer.finish(end.saturating_duration_since(self.shared.now().instant));
        }
        self.shared.keep_pulse().bell.stop();
        self.keeper.finish(LAST_WORDS);
        for thread in self.patient {
            // The process ends without one that hangs.
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

/// The engine, for whoever serves the public. Clones share it.
#[derive(Clone)]
pub struct Handle {
    /// The state.
    pub shared: Shared,
    /// What is kept for longer than the state remembers.
    pub archive: Arc<dyn Archive>,
    channels: Channels,
    keeper: Arc<Keeper>,
    poller: Arc<Poller>,
}

/// How a channel does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelHealth {
    /// Its name.
    pub channel: Arc<str>,
    /// How its targets do, in the order of the configuration.
    pub targets: Vec<TargetHealth>,
}

/// How a target of a channel does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetHealth {
    /// How many notices it is owed.
    pub owed: usize,
    /// What the last try failed with, while it fails.
    pub failure: Option<String>,
}

impl Handle {
    /// What Vigil has to say of its own work.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let metrics = self.shared.metrics();
        Figures { checks: self.poller.figures(), reports: metrics.reports(), followed: metrics.followed() }
    }

    /// How the keeping of history does.
    #[must_use]
    pub fn keeper(&self) -> KeeperHealth {
        self.keeper.health()
    }

    /// How each channel does.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelHealth> {
        let target = |one: &Arc<Deliverer>| TargetHealth { owed: one.owed(), failure: one.failure() };
        let health = |channel: &Channel| ChannelHealth {
            channel: channel.name.clone(),
            targets: channel.targets.iter().map(target).collect(),
        };
        self.channels.all().iter().map(health).collect()
    }
}

/// Starts the loop of a target.
fn deliver(deliverer: &Arc<Deliverer>) -> io::Result<JoinHandle<()>> {
    let deliverer = deliverer.clone();
    let name = deliverer.thread().to_owned();
    spawn(&name, move || deliverer.run())
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(run)
}
