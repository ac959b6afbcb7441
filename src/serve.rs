//! Serving: from a configuration to an engine and a server, and again whenever the configuration changes, until a signal
//! ends it.

use std::error::Error;
use std::future::Future;
use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use actix_web::rt;
use actix_web::rt::System;
use actix_web::rt::signal::unix::Signal;
use actix_web::rt::signal::unix::SignalKind;
use actix_web::rt::signal::unix::signal;
use actix_web::rt::task::JoinHandle;
use listenfd::ListenFd;
use vigil_server::clock::Clock;
use vigil_server::clock::SystemClock;
use vigil_server::config::Config;
use vigil_server::config::StorageUrl;
use vigil_server::config::error::Warning;
use vigil_server::config::summary;
use vigil_server::engine::Engine;
use vigil_server::history::error::HistoryError;
use vigil_server::history::store::History;
use vigil_server::notify::Channel;
use vigil_server::probe;
use vigil_server::web;
use vigil_server::web::WebError;
use vigil_server::web::exit::Exit;
use vigil_server::web::site::Live;
use vigil_server::web::site::Site;

use crate::logging;
use crate::logging::Log;
use crate::parts;
use crate::run::End;
use crate::supervisor::Supervisor;

/// Serves the page until SIGTERM, SIGINT or SIGQUIT.
pub(crate) fn serve(file: &Path) -> Result<End, Box<dyn Error>> {
    let passed_on = passed_on()?;
    let (config, warnings) = parts::load(file, address(passed_on.as_ref())?)?;
    let log = logging::start(config.server.log_level);
    warn(&warnings);
    warn_of_obstacles(&config);
    let door = Door::open(&config, passed_on)?;
    let page_url = parts::page_url(&config, door.address);
    let tools = parts::tools(&page_url);
    let channels = parts::channels(&config, &page_url, &tools.client);
    say!("vigil-server {} with {}", env!("CARGO_PKG_VERSION"), file.display());
    say!("watching {}", summary::watched(&config));
    say!("telling {}", told(&channels));
    let history = history(&config)?;
    let mut engine = Engine::new(&config, &tools, channels, Arc::new(SystemClock), history);
    // A page that cannot be made is refused before anything is watched and anybody told.
    let site = Site::new(&config, &page_url, engine.handle())?;
    site.warm_up()?;
    let live = Live::new(site);
    let supervisor = Supervisor::new(engine.handle().shared);
    engine.start()?;
    let (storage, replaced) = (config.storage.url, Vec::new());
    let mut service = Service { file, log, supervisor, engine, live, door, storage, replaced };
    let ended = System::new().block_on(service.run(config.server.workers));
    log::info!("ending: delivering what is queued");
    service.engine.stop();
    log::info!("ended");
    service.log.flush();
    ended.map(|()| End::Well)
}

/// All that runs.
struct Service<'a> {
    file: &'a Path,
    log: Log,
    supervisor: Supervisor,
    engine: Engine,
    live: Live,
    door: Door,
    /// Where history is kept, for as long as the program runs.
    storage: StorageUrl,
    /// Servers that were replaced on the same socket, and still answer those who are connected to them.
    replaced: Vec<(Exit, JoinHandle<()>)>,
}

/// Where the page listens.
struct Door {
    listener: TcpListener,
    /// Where that is; the system may have chosen the port.
    address: SocketAddr,
    /// Where it was asked to be.
    inet: SocketAddr,
    /// Whether the socket was there before the program, and its address is not ours to change.
    passed_on: bool,
}

/// A server that runs.
struct Running {
    exit: Exit,
    task: JoinHandle<io::Result<()>>,
    workers: NonZeroUsize,
}

/// What a signal asks for.
enum Asked {
    Reload,
    End,
}

impl Service<'_> {
    /// Serves, and follows signals, until one of them ends it.
    async fn run(&mut self, workers: NonZeroUsize) -> Result<(), Box<dyn Error>> {
        let mut signals = Signals::new()?;
        let mut running = Running::start(&self.live, &self.door, workers)?;
        say!("serving the status page on {}", shown(self.door.address));
        self.supervisor.ready();
        while let Asked::Reload = signals.next(&mut running.task).await? {
            self.reload(&mut running).await;
        }
        self.supervisor.stopping();
        // What is seen from now on is no longer judged: the page's own port is about to close.
        self.engine.handle().shared.end();
        self.end_replaced().await;
        running.exit.end().await;
        Ok(())
    }

    /// Ends at once what holds the socket beside the server that runs.
    async fn end_replaced(&mut self) {
        for (exit, _) in self.replaced.drain(..) {
            exit.end().await;
        }
    }

    /// Reads the configuration again, and follows it if it can be followed; else the old one goes on.
    async fn reload(&mut self, running: &mut Running) {
        self.supervisor.reloading();
        let refused = self.try_reload(running).await.err().map(|error| error.to_string());
        if let Some(why) = &refused {
            self.engine.refuse();
            log::error!("reload refused: {why}");
        }
        self.supervisor.reloaded(refused);
    }

    /// Everything that can fail comes before anything is changed.
    async fn try_reload(&mut self, running: &mut Running) -> Result<(), Box<dyn Error>> {
        let passed_on = self.door.passed_on.then_some(self.door.address);
        let (config, warnings) = parts::load(self.file, passed_on)?;
        if config.storage.url != self.storage {
            return Err(format!("`[storage] url` changes to {}; that takes a restart", config.storage.url).into());
        }
        let moved = if config.server.inet == self.door.inet { None } else { Some(self.door.move_to(&config)?) };
        let door = moved.as_ref().unwrap_or(&self.door);
        let page_url = parts::page_url(&config, door.address);
        let tools = parts::tools(&page_url);
        let channels = parts::channels(&config, &page_url, &tools.client);
        let told = told(&channels);
        let site = Site::new(&config, &page_url, self.engine.handle())?;
        let again = moved.is_some() || config.server.workers != running.workers;
        let next = if again { Some(Running::start(&self.live, door, config.server.workers)?) } else { None };
        if let Err(error) = self.engine.reload(&config, &tools, channels) {
            if let Some(next) = next {
                next.exit.end().await;
            }
            return Err(error.into());
        }
        // The page was made of samples already; whatever else hinders it, visitors are told.
        let _ = site.warm_up();
        self.live.replace(site);
        self.log.set_level(config.server.log_level);
        // The new server listens already, so nobody is turned away.
        if let Some(replaced) = next.map(|next| std::mem::replace(running, next).exit) {
            self.replaced.retain(|(_, task)| !task.is_finished());
            self.replaced.push((replaced.clone(), rt::spawn(replaced.hand_over())));
        }
        if let Some(moved) = moved {
            // The old address is free when this is over.
            self.end_replaced().await;
            self.door = moved;
            log::info!("serving the status page on {}", shown(self.door.address));
        }
        warn(&warnings);
        warn_of_obstacles(&config);
        log::info!("reloaded {}: watching {}; telling {told}", self.file.display(), summary::watched(&config));
        Ok(())
    }
}

impl Door {
    fn open(config: &Config, passed_on: Option<TcpListener>) -> Result<Self, WebError> {
        let inet = config.server.inet;
        let (listener, passed_on) = match passed_on {
            Some(listener) => (listener, true),
            None => (web::listen(config)?, false),
        };
        Ok(Self { address: listener.local_addr()?, inet, listener, passed_on })
    }

    /// One at another address, while this one is still open.
    fn move_to(&self, config: &Config) -> Result<Self, Box<dyn Error>> {
        let (from, to) = (self.address, config.server.inet);
        match Self::open(config, None) {
            Err(WebError::Listen { error, .. }) if error.kind() == ErrorKind::AddrInUse && from.port() == to.port() => {
                Err(format!("`inet` moves from {from} to {to}, on the same port; that takes a restart").into())
            }
            opened => Ok(opened?),
        }
    }
}

impl Running {
    /// Starts a server, which listens when this is over.
    fn start(live: &Live, door: &Door, workers: NonZeroUsize) -> Result<Self, WebError> {
        let (server, exit) = web::serve(live, door.listener.try_clone()?, workers, parts::visitors())?;
        Ok(Self { exit, task: rt::spawn(server), workers })
    }
}

/// The signals that the program follows.
struct Signals {
    end: Vec<Signal>,
    reload: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let end = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::quit()];
        Ok(Self { end: end.into_iter().map(signal).collect::<Result<_, _>>()?, reload: signal(SignalKind::hangup())? })
    }

    /// The next one.
    ///
    /// # Errors
    /// When `server`, which is to go on until then, ends before.
    async fn next(&mut self, server: &mut JoinHandle<io::Result<()>>) -> Result<Asked, Box<dyn Error>> {
        poll_fn(|context| {
            if self.end.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
                return Poll::Ready(Ok(Asked::End));
            }
            if self.reload.poll_recv(context).is_ready() {
                return Poll::Ready(Ok(Asked::Reload));
            }
            Pin::new(&mut *server).poll(context).map(|ended| {
                ended??;
                Err("the web server ended by itself".into())
            })
        })
        .await
    }
}

/// The database that is configured. Without it the page is served and people are told all the same, unless somebody must
/// act: it is of a later Vigil, or not one of ours at all.
fn history(config: &Config) -> Result<Option<History>, HistoryError> {
    match History::open(&config.storage, SystemClock.now().wall) {
        Ok(history) => Ok(Some(history)),
        Err(error) if error.forbids_start() => Err(error),
        // Whoever keeps it tries again, and says what is wrong.
        Err(_) => Ok(None),
    }
}

/// The socket that systemd passes to a service that it starts on demand.
fn passed_on() -> Result<Option<TcpListener>, Box<dyn Error>> {
    let listener = ListenFd::from_env().take_tcp_listener(0);
    listener.map_err(|error| format!("the socket that was passed on cannot be used: {error}").into())
}

fn address(listener: Option<&TcpListener>) -> io::Result<Option<SocketAddr>> {
    listener.map(TcpListener::local_addr).transpose()
}

fn told(channels: &[Channel]) -> String {
    let names: Vec<&str> = channels.iter().map(|channel| &*channel.name).collect();
    if names.is_empty() { "nobody, no channel is configured".to_owned() } else { names.join(", ") }
}

fn shown(address: SocketAddr) -> String {
    format!("http://{address}/")
}

fn warn(warnings: &[Warning]) {
    for warning in warnings {
        log::warn!("{warning}");
    }
}

/// Says what this host does not let Vigil do.
fn warn_of_obstacles(config: &Config) {
    for obstacle in probe::obstacles(config) {
        log::warn!("{obstacle}");
    }
}
