//! What the program's commands do, besides serving.

use std::env;
use std::error::Error;
use std::path::Path;
use std::str;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use vigil_server::clock::Clock;
use vigil_server::clock::SystemClock;
use vigil_server::config;
use vigil_server::config::Loaded;
use vigil_server::config::StorageUrl;
use vigil_server::config::error::Warning;
use vigil_server::config::summary;
use vigil_server::history::store::History;
use vigil_server::model::notice::Kind;
use vigil_server::model::notice::Notice;
use vigil_server::model::observation::Finding;
use vigil_server::model::status::Status;
use vigil_server::model::words;
use vigil_server::net::client::Client;
use vigil_server::net::client::Method;
use vigil_server::net::client::Request;
use vigil_server::net::resolve::Resolver;
use vigil_server::notify::text;
use vigil_server::web;

use crate::parts;

/// How a command ended that did its work.
pub(crate) enum End {
    /// All was well.
    Well,
    /// It found what it was to look for: unknown keys, a channel that fails.
    Failed,
}

/// How long Vigil may take to say how it is.
const HEALTH_LIMIT: Duration = Duration::from_secs(5);

/// Says what was understood of the configuration.
pub(crate) fn check(file: &Path) -> Result<End, Box<dyn Error>> {
    let Loaded { config, warnings, old } = config::load(file, &|name| env::var(name))?;
    warn(&warnings);
    web::check(&config)?;
    say!("{}", summary::describe(&config).trim_end());
    for old in &old {
        say!("old: {old}");
    }
    let unknown = warnings.iter().filter(|warning| warning.unknown).count();
    if unknown > 0 {
        complain!("{unknown} unknown {}", if unknown == 1 { "key" } else { "keys" });
        return Ok(End::Failed);
    }
    let aged = match old.len() {
        0 => String::new(),
        1 => "; 1 thing in it is old".to_owned(),
        count => format!("; {count} things in it are old"),
    };
    match warnings.len() {
        0 => say!("{} is fine{aged}", file.display()),
        1 => say!("{} can be used, with 1 warning{aged}", file.display()),
        count => say!("{} can be used, with {count} warnings{aged}", file.display()),
    }
    Ok(End::Well)
}

/// Sends a test notice through every channel.
pub(crate) fn notify_test(file: &Path) -> Result<End, Box<dyn Error>> {
    let (config, warnings) = parts::load(file, None)?;
    warn(&warnings);
    let page_url = parts::page_url(&config, config.server.inet);
    let tools = parts::tools(&page_url);
    let channels = parts::channels(&config, &page_url, &tools.client);
    if channels.is_empty() {
        complain!("no channel is configured: add one, such as `[notify.slack]`");
        return Ok(End::Failed);
    }
    let notice = test_notice(SystemClock.now().wall);
    let mut failed = false;
    for channel in &channels {
        for (position, target) in channel.targets.iter().enumerate() {
            let label = channel.label(position);
            match target.notifier.send(&notice) {
                Ok(()) => say!("✓ {label}: delivered"),
                Err(error) => {
                    failed = true;
                    say!("✗ {label}: {error}");
                }
            }
        }
    }
    Ok(if failed { End::Failed } else { End::Well })
}

/// Lists what is owed, and what failed last.
pub(crate) fn outbox(file: &Path) -> Result<End, Box<dyn Error>> {
    let (config, warnings) = parts::load(file, None)?;
    warn(&warnings);
    if matches!(config.storage.url, StorageUrl::Memory) {
        complain!("the outbox is in the memory of the Vigil that runs: `[storage] url` is `memory:`");
        return Ok(End::Failed);
    }
    let lines = History::look(&config.storage)?.outbox()?;
    for line in &lines {
        say!("{}: {}", line.channel, text::title(&line.notice));
        if let Some((at, why)) = &line.last {
            let tries = if line.failures == 1 { "once".to_owned() } else { format!("{} times", line.failures) };
            say!("    tried {tries}, last on {}: {why}", words::moment(*at));
        }
    }
    match lines.len() {
        0 => say!("nothing is owed"),
        1 => say!("1 delivery is owed"),
        count => say!("{count} deliveries are owed"),
    }
    Ok(End::Well)
}

/// Asks the Vigil that runs how it is: the one at `url`, or where the configuration says.
pub(crate) fn health(file: &Path, url: Option<&str>) -> Result<End, Box<dyn Error>> {
    let url = match url {
        Some(url) => url.to_owned(),
        // The rest of the file may be in the middle of a change; who runs already does not mind.
        None => parts::url(config::listening(file, &|name| env::var(name))?),
    };
    let client = Client::new("vigil health", Arc::new(Resolver::default()));
    let url = format!("{}/health", url.trim_end_matches('/'));
    let request = Request { url: &url, method: Method::Get, headers: &[], limit: HEALTH_LIMIT };
    let mut body = Vec::new();
    match client.ask_into(&request, &mut body) {
        Ok(answer) if answer.status == 200 => {
            say!("{}", str::from_utf8(&body).unwrap_or_default());
            Ok(End::Well)
        }
        Ok(answer) => {
            complain!("{url} answered HTTP {}", answer.status);
            Ok(End::Failed)
        }
        Err(finding) => {
            let why = match finding {
                Finding::Down(failure) => failure.to_string(),
                Finding::Blind(why) => why,
                Finding::Up(_)
                | Finding::Certified { .. }
                | Finding::Ailing(..)
                | Finding::Queue(_)
                | Finding::Unread(_) => "no answer".to_owned(),
            };
            complain!("{url}: {why}");
            Ok(End::Failed)
        }
    }
}

fn warn(warnings: &[Warning]) {
    for warning in warnings {
        complain!("warning: {warning}");
    }
}

fn test_notice(at: Timestamp) -> Notice {
    let (status, changed, kind) = (Status::Healthy, false, Kind::Test);
    Notice { at, status, changed, sick: false, dead: Vec::new(), more_dead: 0, changes: Vec::new(), kind }
}
