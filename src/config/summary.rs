//! What was understood, in words: the text that `vigil check` prints.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use tokio_postgres::config::Host;
use url::Url;

use super::Address;
use super::Config;
use super::Mode;
use super::Notify;
use super::Retry;
use super::RetryMeaning;
use super::Service;
use super::StorageUrl;
use super::dns::Expected;
use super::tls::StartTls;

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
    let poll = &config.metrics.poll;
    format!("{}, each every {}; {}", counts(config), Seconds(poll.interval), retry(&poll.retry))
}

fn counts(config: &Config) -> String {
    let nodes: usize = config.services.iter().map(|service| service.nodes.len()).sum();
    let targets: usize =
        config.services.iter().flat_map(|service| &service.nodes).map(|node| targets(&node.mode)).sum();
    let services = Count(config.services.len(), "service");
    format!("{services}, {}, {}", Count(nodes, "node"), Count(targets, "replica to check"))
}

fn write(out: &mut String, config: &Config) -> fmt::Result {
    let (server, branding) = (&config.server, &config.branding);
    let linked = branding.page_url.as_ref().map_or_else(
        || "without `page_url`, so notices link to the listening address".to_owned(),
        |url| format!("linked as {}", Shown(url)),
    );
    writeln!(out, "page \"{}\" on {}, {linked}", branding.page_title, server.inet)?;
    writeln!(
        out,
        "each target is checked every {}; {}",
        Seconds(config.metrics.poll.interval),
        retry(&config.metrics.poll.retry)
    )?;
    notify(out, &config.notify)?;
    writeln!(out, "history in {}", config.storage.url)?;
    writeln!(out, "{}", counts(config))?;
    config.services.iter().try_for_each(|one| service(out, one))
}

fn notify(out: &mut String, notify: &Notify) -> fmt::Result {
    if notify.email.is_none() && notify.slack.is_none() {
        return writeln!(out, "nobody is told of outages: no channel is configured");
    }
    if let Some(email) = &notify.email {
        writeln!(out, "email to {}, through {}:{}", email.to, email.smtp_host, email.smtp_port)?;
    }
    if let Some(slack) = &notify.slack {
        writeln!(out, "Slack{}", if slack.mention_channel { ", for everyone in the channel" } else { "" })?;
    }
    Ok(())
}

fn service(out: &mut String, service: &Service) -> fmt::Result {
    writeln!(out, "  {} \"{}\"", service.id, service.label)?;
    for node in &service.nodes {
        write!(out, "    {} \"{}\": ", node.id, node.label)?;
        match &node.mode {
            Mode::Poll(targets) if targets.is_empty() => writeln!(out, "nothing to check")?,
            Mode::Poll(_) => writeln!(out, "checked at")?,
            Mode::Push => writeln!(out, "reports its load")?,
            Mode::Local => writeln!(out, "reported by vigil-local")?,
            Mode::Script => writeln!(out, "scripts, not supported yet")?,
        }
        if let Mode::Poll(targets) = &node.mode {
            for target in targets {
                match &target.address {
                    Address::Http { url, .. } => writeln!(out, "      {}", Shown(url))?,
                    Address::Tcp { host, port } => writeln!(out, "      tcp://{}:{port}", Bracketed(host))?,
                    Address::Dns(dns) => {
                        let expected = dns.expected.as_ref().map(Expected::as_str);
                        let expected = expected.map(|text| format!("&expect={text}")).unwrap_or_default();
                        let (host, port, name, kind) = (Bracketed(&dns.host), dns.port, &dns.name, dns.kind);
                        writeln!(out, "      dns://{host}:{port}/{name}?type={kind}{expected}")?;
                    }
                    Address::Tls { host, port, starttls, .. } => {
                        let before = match starttls {
                            None => "",
                            Some(StartTls::Smtp) => "?starttls=smtp",
                            Some(StartTls::Imap) => "?starttls=imap",
                        };
                        writeln!(out, "      tls://{}:{port}{before}", Bracketed(host))?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn targets(mode: &Mode) -> usize {
    match mode {
        Mode::Poll(targets) => targets.len(),
        Mode::Push | Mode::Local | Mode::Script => 0,
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

/// A host as it stands in a URL.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
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
