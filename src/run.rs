//! What the program's commands do. The only code that prints.

use std::env;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::io::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use actix_web::rt::System;
use actix_web::rt::signal::unix::Signal;
use actix_web::rt::signal::unix::SignalKind;
use actix_web::rt::signal::unix::signal;
use jiff::Timestamp;
use vigil_server::clock::Clock;
use vigil_server::clock::SystemClock;
use vigil_server::config;
use vigil_server::config::Config;
use vigil_server::config::error::Warning;
use vigil_server::config::summary;
use vigil_server::engine::Engine;
use vigil_server::engine::Handle;
use vigil_server::model::notice::Notice;
use vigil_server::model::status::Status;
use vigil_server::net::client::Client;
use vigil_server::net::resolve::Resolver;
use vigil_server::notify::CHANNELS;
use vigil_server::notify::Channel;
use vigil_server::notify::Notifier;
use vigil_server::notify::Page;
use vigil_server::probe::Tools;
use vigil_server::web;

use crate::logging;

/// Says a line on stdout. That nobody listens any more is no reason to end.
macro_rules! say {
    ($($part:tt)*) => {{
        let _ = writeln!(io::stdout(), $($part)*);
    }};
}

/// Says a line on stderr, likewise.
macro_rules! complain {
    ($($part:tt)*) => {{
        let _ = writeln!(io::stderr(), $($part)*);
    }};
}

/// How a command ended that did its work.
pub(crate) enum End {
    /// All was well.
    Well,
    /// It found what it was to look for: unknown keys, a channel that fails.
    Failed,
}

/// What part of the file descriptors checks may use, and what part visitors may: the rest is for notices, files, and for
/// Vigil to stay in command whatever either does.
const CHECKS_SHARE: usize = 4;
const VISITORS_SHARE: usize = 2;

/// How many file descriptors this process may have; as many as the system allows it.
fn descriptors() -> usize {
    let allowed = rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap_or(1_024);
    usize::try_from(allowed).unwrap_or(usize::MAX)
}

/// The notifiers that are configured, with their kinds.
type Notifiers = Vec<(Channel, Box<dyn Notifier>)>;

/// Serves the page until SIGTERM or SIGINT.
pub(crate) fn serve(file: &Path) -> Result<End, Box<dyn Error>> {
    let (config, warnings) = load(file)?;
    let log = logging::start(config.server.log_level);
    for warning in &warnings {
        log::warn!("{warning}");
    }
    let listener = web::listen(&config)?;
    let address = listener.local_addr()?;
    let page_url = page_url(&config, address);
    let tools = tools(&page_url);
    let notifiers = notifiers(&config, &page_url, &tools.client);
    let names: Vec<&str> = notifiers.iter().map(|(channel, _)| channel.name).collect();
    let told = if names.is_empty() { "nobody, no channel is configured".to_owned() } else { names.join(", ") };
    say!("vigil-server {} with {}", env!("CARGO_PKG_VERSION"), file.display());
    say!("watching {}", summary::watched(&config));
    say!("telling {told}");
    let mut engine = Engine::new(&config, &tools, notifiers, Arc::new(SystemClock));
    let system = System::new();
    // A page that cannot be made is refused before anything is watched and anybody told.
    let server =
        system.block_on(async { web::serve(&config, engine.handle(), listener, descriptors() / VISITORS_SHARE) })?;
    engine.start()?;
    let ended = system.block_on(async {
        rt::spawn(outlive_hangups());
        rt::spawn(end_in_order(engine.handle(), server.handle()));
        let server = rt::spawn(server);
        // Once the server has run for the first time, it listens to signals too.
        rt::task::yield_now().await;
        say!("serving the status page on http://{address}/");
        Ok::<_, Box<dyn Error>>(server.await??)
    });
    log::info!("ending: delivering what is queued");
    engine.stop();
    log::info!("ended");
    log.flush();
    ended.map(|()| End::Well)
}

/// Waits for a signal to end. What is seen from then on is no longer judged: the page's own port is about to close.
async fn end_in_order(engine: Handle, server: ServerHandle) {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::quit()];
    let mut signals: Vec<Signal> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    poll_fn(|context| {
        let told = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if told { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    engine.shared.end();
    server.stop(true).await;
}

/// Other services read their configuration anew on SIGHUP; here it must at least not end the watch.
async fn outlive_hangups() {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        log::warn!("SIGHUP is ignored: a changed configuration takes effect with a restart");
    }
}

/// Says what was understood of the configuration.
pub(crate) fn check(file: &Path) -> Result<End, Box<dyn Error>> {
    let (config, warnings) = load(file)?;
    warn(&warnings);
    web::check(&config)?;
    say!("{}", summary::describe(&config).trim_end());
    let unknown = warnings.iter().filter(|warning| warning.unknown).count();
    if unknown > 0 {
        complain!("{unknown} unknown {}", if unknown == 1 { "key" } else { "keys" });
        return Ok(End::Failed);
    }
    match warnings.len() {
        0 => say!("{} is fine", file.display()),
        1 => say!("{} can be used, with 1 warning", file.display()),
        count => say!("{} can be used, with {count} warnings", file.display()),
    }
    Ok(End::Well)
}

/// Sends a test notice through every channel.
pub(crate) fn notify_test(file: &Path) -> Result<End, Box<dyn Error>> {
    let (config, warnings) = load(file)?;
    warn(&warnings);
    let page_url = page_url(&config, config.server.inet);
    let tools = tools(&page_url);
    let notifiers = notifiers(&config, &page_url, &tools.client);
    if notifiers.is_empty() {
        complain!("no channel is configured: add `[notify.email]` or `[notify.slack]`");
        return Ok(End::Failed);
    }
    let notice = test_notice(SystemClock.now().wall);
    let mut failed = false;
    for (channel, notifier) in &notifiers {
        match notifier.send(&notice) {
            Ok(()) => say!("✓ {}: delivered", channel.name),
            Err(error) => {
                failed = true;
                say!("✗ {}: {error}", channel.name);
            }
        }
    }
    Ok(if failed { End::Failed } else { End::Well })
}

fn warn(warnings: &[Warning]) {
    for warning in warnings {
        complain!("warning: {warning}");
    }
}

/// Tells, on one line, why a command did not do its work.
pub(crate) fn complain(error: &dyn Error) {
    complain!("vigil: {error}");
}

fn load(file: &Path) -> Result<(Config, Vec<Warning>), Box<dyn Error>> {
    let loaded = config::load(file, &|name| env::var(name))?;
    Ok((loaded.config, loaded.warnings))
}

/// Where the public finds the page; when that was not said, the address as the host itself can open it.
fn page_url(config: &Config, address: SocketAddr) -> String {
    let local = || match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}/", address.port()),
        IpAddr::V4(ip) => format!("http://{ip}:{}/", address.port()),
        IpAddr::V6(ip) => format!("http://[{ip}]:{}/", address.port()),
    };
    config.branding.page_url.as_ref().map_or_else(local, ToString::to_string)
}

fn tools(page_url: &str) -> Tools {
    let resolver = Arc::new(Resolver::default());
    let client = Client::new(&format!("vigil (+{page_url})"), resolver.clone());
    Tools { resolver, client, at_a_time: descriptors() / CHECKS_SHARE }
}

fn notifiers(config: &Config, page_url: &str, client: &Client) -> Notifiers {
    let page = Arc::new(Page { title: config.branding.page_title.clone(), url: page_url.to_owned() });
    let build = |channel: &Channel| Some((*channel, (channel.build)(&config.notify, &page, client)?));
    CHANNELS.iter().filter_map(build).collect()
}

fn test_notice(at: Timestamp) -> Notice {
    let (status, changed, test) = (Status::Healthy, false, true);
    Notice { at, status, changed, dead: Vec::new(), more_dead: 0, changes: Vec::new(), test }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn without_a_page_url_notices_lead_to_where_the_page_listens() {
        let nothing = |_: &str| Err(env::VarError::NotPresent);
        let url = |text: &str, address: &str| {
            let loaded = config::load_bytes(Path::new("test.cfg"), text.as_bytes(), &nothing).unwrap();
            page_url(&loaded.config, address.parse().unwrap())
        };
        for (address, wanted) in [
            ("[::1]:8080", "http://[::1]:8080/"),
            ("127.0.0.1:80", "http://127.0.0.1:80/"),
            ("[fe80::1%3]:8080", "http://[fe80::1]:8080/"),
            ("[::]:8080", "http://localhost:8080/"),
            ("0.0.0.0:8080", "http://localhost:8080/"),
        ] {
            assert_eq!(url("", address), wanted);
        }
        let given = "[branding]\npage_url = \"https://status.example.com\"";
        assert_eq!(url(given, "[::]:8080"), "https://status.example.com/");
    }
}
