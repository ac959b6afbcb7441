//! What was understood, in words: the text that `vigil check` prints.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use tokio_postgres::config::Host;
use url::Url;

use super::Address;
use super::Channel;
use super::Config;
use super::Metrics;
use super::Mode;
use super::Node;
use super::Notify;
use super::Retry;
use super::RetryMeaning;
use super::Service;
use super::StorageUrl;
use super::dns::Dns;
use super::rabbitmq::RabbitMq;
use super::tls::StartTls;
use crate::model::queue::QueueLimits;

/// All that matters of `config`, a line each; no secret is in it.
#[must_use]
pub fn describe(config: &Config) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut out, config);
    out
}

/// What happens after a failed try, in a sentence, and which meaning of `poll_retry` says so.
#[must_use]
pub fn retry(retry: &Retry) -> String {
    let wait = Seconds(retry.wait);
    match (retry.meaning, retry.tries) {
        (RetryMeaning::Seconds, _) if retry.wait.is_zero() => {
            "a failed check is tried once more at once (`poll_retry` is in seconds)".to_owned()
        }
        (RetryMeaning::Seconds, _) => {
            format!("a failed check is tried once more after {wait} (`poll_retry` is in seconds)")
        }
        (RetryMeaning::Count, 0) => "a failed check is not tried again (`poll_retry` is a number of tries)".to_owned(),
        (RetryMeaning::Count, 1) => {
            format!("a failed check is tried once more after {wait} (`poll_retry` is a number of tries)")
        }
        (RetryMeaning::Count, tries) => {
            format!("a failed check is tried {tries} times more, {wait} apart (`poll_retry` is a number of tries)")
        }
    }
}

/// What is watched, counted, and how often: for the start-up line.
#[must_use]
pub fn watched(config: &Config) -> String {
    format!("{}; {}", counts(config), pace(config))
}

/// How often all is checked that says nothing else.
fn pace(config: &Config) -> String {
    let (poll, script) = (&config.metrics.poll, &config.metrics.script);
    let polled = format!("each target is checked every {}; {}", Seconds(poll.interval), retry(&poll.retry));
    let is_script = |node: &Node| matches!(node.mode, Mode::Script(_));
    if !config.services.iter().flat_map(|service| &service.nodes).any(is_script) {
        return polled;
    }
    format!("{polled}; each script runs every {}, for at most {}", Seconds(script.interval), Seconds(script.timeout))
}

fn counts(config: &Config) -> String {
    let nodes = || config.services.iter().flat_map(|service| &service.nodes);
    let targets: usize = nodes().map(|node| targets(&node.mode)).sum();
    let scripts: usize = nodes().map(|node| scripts(&node.mode)).sum();
    let services = Count(config.services.len(), "service");
    let queues = nodes().filter(|node| node.queue.is_some()).count();
    let all = [services, Count(nodes().count(), "node"), Count(targets, "replica to check")];
    let some = [Count(scripts, "script to run"), Count(queues, "queue to look at")].into_iter();
    let counted = all.into_iter().chain(some.filter(|Count(count, _)| *count > 0));
    counted.map(|count| count.to_string()).collect::<Vec<_>>().join(", ")
}

fn write(out: &mut String, config: &Config) -> fmt::Result {
    let (server, branding) = (&config.server, &config.branding);
    let linked = branding.page_url.as_ref().map_or_else(
        || "without `page_url`, so notices link to the listening address".to_owned(),
        |url| format!("linked as {}", Shown(url)),
    );
    writeln!(out, "page \"{}\" on {}, {linked}", branding.page_title, server.inet)?;
    writeln!(out, "{}", pace(config))?;
    if let Some(server) = &config.rabbitmq {
        queues(out, server)?;
    }
    notify(out, &config.notify)?;
    unasked(out, &config.notify)?;
    writeln!(out, "history in {}", config.storage.url)?;
    writeln!(out, "{}", counts(config))?;
    config.services.iter().try_for_each(|one| service(out, one, &config.metrics))
}

/// Where the lengths of queues come from.
fn queues(out: &mut String, server: &RabbitMq) -> fmt::Result {
    let again = server.second_look.map_or_else(String::new, |delay| {
        format!("; one that is too long is looked at once more after {}", Seconds(delay))
    });
    let (url, host, interval) = (server.base(), &server.virtual_host, Seconds(server.interval));
    writeln!(out, "queues of RabbitMQ at {url}, virtual host \"{host}\", are looked at every {interval}{again}")
}

fn notify(out: &mut String, notify: &Notify) -> fmt::Result {
    if notify.channels.is_empty() {
        return writeln!(out, "nobody is told of outages: no channel is configured");
    }
    for Channel { name, reminders_only, kind } in &notify.channels {
        let only = match (reminders_only, kind.keeps_alerts()) {
            (false, _) => "",
            (true, false) => "; only reminders",
            (true, true) => "; only reminders, and what ends an alert",
        };
        writeln!(out, "channel {name}: {kind}{only}")?;
    }
    Ok(())
}

/// What is told besides changes.
fn unasked(out: &mut String, notify: &Notify) -> fmt::Result {
    if notify.startup {
        writeln!(out, "a notice after each start, once all was checked")?;
    }
    let Some(rules) = &notify.reminders else { return Ok(()) };
    let waits = [1, 2, 3].map(|number| rules.wait(number));
    let last = Seconds(rules.wait(rules.limit.into()));
    let [first, second, third] = waits.map(Seconds);
    if waits[0] == waits[1] {
        write!(out, "reminders every {first}")?;
    } else if waits[1] == waits[2] {
        write!(out, "reminders after {first}, then every {second}")?;
    } else if rules.limit == 3 {
        write!(out, "reminders after {first}, {second}, then every {third}")?;
    } else {
        write!(out, "reminders after {first}, {second}, {third} and so on, up to every {last}")?;
    }
    writeln!(out, "{}", if rules.escalate { ", each urgent for one more target" } else { "" })
}

fn service(out: &mut String, service: &Service, metrics: &Metrics) -> fmt::Result {
    writeln!(out, "  {} \"{}\"", service.id, service.label)?;
    for node in &service.nodes {
        write!(out, "    {} \"{}\": ", node.id, node.label)?;
        match &node.mode {
            Mode::Poll(targets) if targets.is_empty() && node.queue.is_some() => writeln!(out, "its queue tells")?,
            Mode::Poll(targets) if targets.is_empty() => writeln!(out, "nothing to check")?,
            Mode::Poll(_) => writeln!(out, "checked at")?,
            Mode::Push => writeln!(out, "reports its load")?,
            Mode::Local => writeln!(out, "reported by vigil-local")?,
            Mode::Script(scripts) if scripts.is_empty() => writeln!(out, "no script to run")?,
            Mode::Script(scripts) => writeln!(out, "{}", Count(scripts.len(), "script"))?,
        }
        if let Mode::Poll(targets) = &node.mode {
            targets.iter().try_for_each(|target| writeln!(out, "      {}", target.address))?;
        }
        if let Some(queue) = &node.queue {
            writeln!(out, "      queue \"{}\": {}", queue.name, Bounded(&queue.limits))?;
        }
        let own = own(node, metrics);
        if !own.is_empty() {
            writeln!(out, "      {}", own.join("; "))?;
        }
    }
    Ok(())
}

/// What is other for that node than for those that say nothing.
fn own(node: &Node, metrics: &Metrics) -> Vec<String> {
    let mut own = Vec::new();
    own.extend(node.notify.as_ref().map(|channels| match channels.as_slice() {
        [] => "nobody is told of it".to_owned(),
        channels => format!("told to {}", channels.join(", ")),
    }));
    let mut tell = |is_own: bool, words: String| own.extend(is_own.then_some(words));
    match &node.mode {
        Mode::Poll(_) => {
            let (poll, usual, status) = (&node.poll, &metrics.poll, &node.poll.http_status);
            tell(poll.interval != usual.interval, format!("every {}", Seconds(poll.interval)));
            tell(poll.delay_sick != usual.delay_sick, format!("sick from {} on", Seconds(poll.delay_sick)));
            tell(poll.delay_dead != usual.delay_dead, format!("dead after {}", Seconds(poll.delay_dead)));
            let (lowest, highest) = (status.start, status.end.saturating_sub(1));
            tell(*status != usual.http_status, format!("HTTP {lowest} to {highest} is healthy"));
            tell(poll.retry != usual.retry, retry(&poll.retry));
        }
        Mode::Script(_) => {
            let (script, usual) = (&node.script, &metrics.script);
            tell(script.interval != usual.interval, format!("every {}", Seconds(script.interval)));
            tell(script.timeout != usual.timeout, format!("for at most {}", Seconds(script.timeout)));
        }
        Mode::Push | Mode::Local => {}
    }
    own
}

fn targets(mode: &Mode) -> usize {
    match mode {
        Mode::Poll(targets) => targets.len(),
        Mode::Push | Mode::Local | Mode::Script(_) => 0,
    }
}

fn scripts(mode: &Mode) -> usize {
    match mode {
        Mode::Script(scripts) => scripts.len(),
        Mode::Push | Mode::Local | Mode::Poll(_) => 0,
    }
}

/// As it is written, without what may be a secret.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => Shown(url).fmt(f),
            Self::Tcp { host, port } => write!(f, "tcp://{}:{port}", Bracketed(host)),
            Self::Tls { host, port, starttls, .. } => {
                let before = match starttls {
                    None => "",
                    Some(StartTls::Smtp) => "?starttls=smtp",
                    Some(StartTls::Imap) => "?starttls=imap",
                };
                write!(f, "tls://{}:{port}{before}", Bracketed(host))
            }
            Self::Ssh { host, port } => write!(f, "ssh://{}:{port}", Bracketed(host)),
            Self::Icmp { host } => write!(f, "icmp://{}", Bracketed(host)),
            Self::Dns(dns) => {
                let Dns { host, port, name, kind, expected } = &**dns;
                write!(f, "dns://{}:{port}/{name}?type={kind}", Bracketed(host))?;
                expected.as_ref().map_or(Ok(()), |expected| write!(f, "&expect={}", expected.as_str()))
            }
        }
    }
}

/// How long a queue may be.
struct Bounded<'a>(&'a QueueLimits);

impl fmt::Display for Bounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueueLimits { ready, unacknowledged } = self.0;
        let either = |ready: Option<u64>, unacknowledged: Option<u64>| {
            let parts = [
                ready.map(|most| format!("{most} ready")),
                unacknowledged.map(|most| format!("{most} unacknowledged")),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" or ")
        };
        let sick = either(ready.healthy_below, unacknowledged.healthy_below);
        let dead = either(ready.dead_above, unacknowledged.dead_above);
        match (sick.as_str(), dead.as_str()) {
            ("", "") => f.write_str("of any length"),
            (sick, "") => write!(f, "sick from {sick} on, never dead"),
            ("", dead) => write!(f, "dead above {dead}"),
            (sick, dead) => write!(f, "sick from {sick} on, dead above {dead}"),
        }
    }
}

/// A host as it stands in a URL.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0;
        if host.contains(':') { write!(f, "[{host}]") } else { f.write_str(host) }
    }
}

impl fmt::Display for StorageUrl {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Memory => f.write_str("memory, for as long as Vigil runs"),
            Self::Postgres(config) => {
                let port = config.get_ports().first().copied().unwrap_or_default();
                match config.get_hosts().first() {
                    Some(Host::Tcp(name)) if name.contains(':') => write!(f, "PostgreSQL at [{name}]:{port}"),
                    Some(Host::Tcp(name)) => write!(f, "PostgreSQL at {name}:{port}"),
                    Some(Host::Unix(folder)) => write!(f, "PostgreSQL at {}", folder.display()),
                    None => f.write_str("PostgreSQL"),
                }?;
                let database = config.get_dbname().or(config.get_user());
                database.map_or(Ok(()), |database| write!(f, ", database {database}"))
            }
        }
    }
}

/// A URL without the parts that may be a secret: user and password, and what follows the path.
struct Shown<'a>(&'a Url);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0;
        write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())?;
        f.write_str(if url.query().is_some() { "?…" } else { "" })
    }
}

/// A duration in seconds, with a fraction where it has one.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

/// A number of things; the first word of `what` takes the plural.
struct Count(usize, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, rest) = self.1.split_once(' ').map_or((self.1, None), |(noun, rest)| (noun, Some(rest)));
        write!(f, "{} {noun}{}", self.0, if self.0 == 1 { "" } else { "s" })?;
        rest.map_or(Ok(()), |rest| write!(f, " {rest}"))
    }
}
