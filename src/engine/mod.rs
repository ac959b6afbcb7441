//! The engine: the only threads besides the web server's, and the only shared state.
//!
//! | loop | thread | waits for | does |
//! | --- | --- | --- | --- |
//! | `poll` | `vigil-poll`, workers `vigil-check` | the next due check | asks targets, records outcomes |
//! | `expire` | `vigil-expire` | the next deadline of a replica that reports | judges silence |
//! | `tell` | `vigil-tell` | the next notice | makes notices, hands them to the channels |
//! | `deliver` | one a channel | a notice, or the next try | delivers, in order |

mod deliver;
mod expire;
#[cfg(test)]
mod fixture;
mod guard;
mod poll;
mod pool;
mod schedule;
pub mod shared;
mod state;
mod tell;

use std::io;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::notify::Channel;
use crate::notify::Notifier;
use crate::probe::Tools;

use self::deliver::Deliverer;
use self::expire::Expirer;
use self::poll::Poller;
use self::shared::Shared;
use self::tell::Teller;

/// How long deliveries may go on once the program ends.
const DRAIN: Duration = Duration::from_secs(3);

/// The running engine.
pub struct Engine {
    shared: Shared,
    poller: Arc<Poller>,
    teller: Arc<Teller>,
    deliverers: Vec<Arc<Deliverer>>,
    /// Of those that end at once when they are told to.
    loops: Vec<JoinHandle<()>>,
    /// Of those that may hang in a check or a delivery.
    patient: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Starts every loop.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        config: &Config,
        tools: &Tools,
        notifiers: Vec<(Channel, Box<dyn Notifier>)>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let shared = Shared::new(config, clock);
        let deliverers: Vec<Arc<Deliverer>> = notifiers
            .into_iter()
            .map(|(channel, notifier)| Arc::new(Deliverer::new(channel.name, notifier, shared.clone())))
            .collect();
        let poller = Arc::new(Poller::new(config, tools, shared.clone()));
        let expirer = Expirer::new(shared.clone());
        let teller = Arc::new(Teller::new(shared.clone(), deliverers.clone()));
        let (mut loops, mut patient) = (Vec::new(), Vec::new());
        for deliverer in &deliverers {
            let deliverer = deliverer.clone();
            patient.push(spawn(&format!("vigil-{}", deliverer.channel()), move || deliverer.run())?);
        }
        let (telling, polling) = (teller.clone(), poller.clone());
        loops.push(spawn("vigil-tell", move || telling.run())?);
        loops.push(spawn("vigil-expire", move || expirer.run())?);
        patient.push(spawn("vigil-poll", move || polling.run())?);
        Ok(Self { shared, poller, teller, deliverers, loops, patient })
    }

    /// What the web server reads and writes.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: self.shared.clone(), deliverers: self.deliverers.clone().into() }
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
        for deliverer in &self.deliverers {
            deliverer.drain();
        }
        let end = self.shared.now().instant + DRAIN;
        for deliverer in &self.deliverers {
            deliverer.finish(end.saturating_duration_since(self.shared.now().instant));
        }
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
    deliverers: Arc<[Arc<Deliverer>]>,
}

/// How a channel does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelHealth {
    /// Its name.
    pub channel: &'static str,
    /// How many notices it owes.
    pub owed: usize,
    /// What its last try failed with, while it fails.
    pub failure: Option<String>,
}

impl Handle {
    /// How each channel does.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelHealth> {
        let health = |deliverer: &Arc<Deliverer>| ChannelHealth {
            channel: deliverer.channel(),
            owed: deliverer.owed(),
            failure: deliverer.failure(),
        };
        self.deliverers.iter().map(health).collect()
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(run)
}
