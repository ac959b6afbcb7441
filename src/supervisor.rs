//! What systemd hears of Vigil (`sd_notify(3)`): that it is ready, reloads or stops, how its page is, and, as long as
//! the loops of the engine turn, that it is not stuck. Without systemd all of this is silence.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use sd_notify::NotifyState;
use vigil_server::clock::Bell;
use vigil_server::clock::Wake;
use vigil_server::engine::pulse::Watch;
use vigil_server::engine::shared::Shared;
use vigil_server::model::map::Map;

/// How far apart two lines about the page are, however fast it changes.
const SPACING: Duration = Duration::from_secs(1);

/// How often within the period of the watchdog the loops are looked at: one look that comes late is then no harm.
const LOOKS: u32 = 4;

/// Tells systemd. Clones tell the same one.
#[derive(Clone)]
pub(crate) struct Supervisor(Option<Arc<Inner>>);

struct Inner {
    shared: Shared,
    bell: Bell,
    /// Why the configuration that is there now is not the one that is followed.
    refused: Mutex<Option<String>>,
    /// What was last said about the page.
    said: Mutex<String>,
    outcome: Option<Outcome>,
}

impl Supervisor {
    /// One for whoever started this program; nobody listens when that was not systemd.
    pub(crate) fn new(shared: Shared) -> Self {
        let listens = env::var_os("NOTIFY_SOCKET").is_some();
        let (refused, said) = (Mutex::default(), Mutex::default());
        let inner = || Inner { bell: shared.follower(), shared, refused, said, outcome: Outcome::from_environment() };
        Self(listens.then(|| Arc::new(inner())))
    }

    /// Says that the page is served, and goes on telling how it is.
    pub(crate) fn ready(&self) {
        let Some(inner) = self.0.clone() else { return };
        inner.write_outcome();
        inner.say_ready();
        let started = thread::Builder::new().name("vigil-systemd".to_owned()).spawn(move || inner.run());
        if let Err(error) = started {
            log::error!("systemd will not hear how Vigil is: no thread could be started: {error}");
        }
    }

    /// Says that another configuration is being read.
    pub(crate) fn reloading(&self) {
        if self.0.is_some() {
            let now = NotifyState::monotonic_usec_now();
            tell(&[NotifyState::Reloading, now.unwrap_or(NotifyState::Custom("MONOTONIC_USEC=0"))]);
        }
    }

    /// Says that this is over: the new configuration is followed, or refused for a reason.
    pub(crate) fn reloaded(&self, refused: Option<String>) {
        let Some(inner) = &self.0 else { return };
        *lock(&inner.refused) = refused;
        inner.write_outcome();
        inner.say_ready();
    }

    /// Says that the end has begun.
    pub(crate) fn stopping(&self) {
        let Some(inner) = &self.0 else { return };
        inner.bell.stop();
        tell(&[NotifyState::Stopping, NotifyState::Status("ending: delivering what is queued")]);
    }
}

impl Inner {
    /// Tells how the page is whenever that changes, and feeds the watchdog while the loops turn.
    fn run(&self) {
        let look = sd_notify::watchdog_enabled().map(|period| period / LOOKS);
        let mut watch = Watch::new(self.shared.clone());
        let mut status_at = self.shared.now().instant;
        let mut look_at = look.map(|_| status_at);
        let mut changed = false;
        loop {
            let now = self.shared.now().instant;
            if changed && now >= status_at {
                self.say_what_is_new();
                (changed, status_at) = (false, now + SPACING);
            }
            if let (Some(look), Some(at)) = (look, look_at)
                && now >= at
            {
                match watch.stuck().as_slice() {
                    [] => tell(&[NotifyState::Watchdog]),
                    stuck => log::error!("{} made no step for {look:?}", stuck.join(" and ")),
                }
                look_at = Some(now + look);
            }
            let due = [changed.then_some(status_at), look_at].into_iter().flatten().min();
            match self.bell.wait(due.map(|due| due.saturating_duration_since(self.shared.now().instant))) {
                Wake::Rung => changed = true,
                Wake::Due => {}
                Wake::Stopped => return,
            }
        }
    }

    fn write_outcome(&self) {
        if let Some(outcome) = &self.outcome {
            outcome.write(lock(&self.refused).as_deref());
        }
    }

    /// Says that the page is served, and how it is.
    fn say_ready(&self) {
        let mut said = lock(&self.said);
        *said = self.status();
        tell(&[NotifyState::Ready, NotifyState::Status(&said)]);
    }

    /// Says how the page is, if it was not said already.
    fn say_what_is_new(&self) {
        let mut said = lock(&self.said);
        let status = self.status();
        if *said != status {
            *said = status;
            tell(&[NotifyState::Status(&said)]);
        }
    }

    /// The page in a line: `3 services, 12 replicas, healthy`.
    fn status(&self) -> String {
        let page = self.shared.read(in_a_line);
        match &*lock(&self.refused) {
            None => page,
            Some(why) => format!("{page}; reload refused: {why}"),
        }
    }
}

/// What came of the last reload, for the command that asked systemd for it: systemd itself cannot be told that one failed.
struct Outcome {
    file: PathBuf,
    /// How often it was written.
    written: AtomicU64,
}

impl Outcome {
    /// In the folder that systemd keeps for the service while it runs (`RuntimeDirectory=`, systemd.exec(5)).
    fn from_environment() -> Option<Self> {
        let folder = env::split_paths(&env::var_os("RUNTIME_DIRECTORY")?).next()?;
        Some(Self { file: folder.join("reload"), written: AtomicU64::new(0) })
    }

    /// Writes a line that was not there before, at once: `3 followed`, or `4 refused: ..`.
    fn write(&self, refused: Option<&str>) {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let line = match refused {
            None => format!("{number} followed\n"),
            Some(why) => format!("{number} refused: {why}\n"),
        };
        let new = self.file.with_extension("new");
        if let Err(error) = fs::write(&new, line).and_then(|()| fs::rename(&new, &self.file)) {
            log::warn!("what came of a reload could not be written to {}: {error}", self.file.display());
        }
    }
}

fn in_a_line(map: &Map) -> String {
    let nodes = map.services.values().flat_map(|service| service.nodes.values());
    let (services, replicas) = (map.services.len(), nodes.map(|node| node.replicas.len()).sum());
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let status = map.standing.map_or("not checked yet", |standing| standing.status.word());
    format!("{}, {}, {status}", count(services, "service"), count(replicas, "replica"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What systemd does not hear, it finds out by itself.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::debug!("systemd was not told: {error}");
    }
}
