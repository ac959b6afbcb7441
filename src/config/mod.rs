//! One TOML file in, a [`Config`] out in which no value can be wrong: nothing later parses a string.

mod channel;
mod credentials;
pub mod dns;
mod document;
pub mod error;
mod field;
mod file;
pub mod http;
mod jid;
pub mod keys;
mod nearest;
pub mod rabbitmq;
mod resolve;
mod secret_files;
mod section;
pub mod summary;
pub mod template;
pub mod tls;
mod unknown;
pub mod variables;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use url::Url;

pub use crate::config::channel::Channel;
pub use crate::config::channel::ChannelKind;
pub use crate::config::channel::Discord;
pub use crate::config::channel::Email;
pub use crate::config::channel::Encryption;
pub use crate::config::channel::GoogleChat;
pub use crate::config::channel::Gotify;
pub use crate::config::channel::Held;
pub use crate::config::channel::HttpMethod;
pub use crate::config::channel::HttpRequest;
pub use crate::config::channel::Matrix;
pub use crate::config::channel::MatrixAccount;
pub use crate::config::channel::Mattermost;
pub use crate::config::channel::Notify;
pub use crate::config::channel::Ntfy;
pub use crate::config::channel::Opsgenie;
pub use crate::config::channel::Pagerduty;
pub use crate::config::channel::Priority;
pub use crate::config::channel::Pushover;
pub use crate::config::channel::Slack;
pub use crate::config::channel::Teams;
pub use crate::config::channel::Telegram;
pub use crate::config::channel::Twilio;
pub use crate::config::channel::TwilioSender;
pub use crate::config::channel::Webex;
pub use crate::config::channel::Webhook;
pub use crate::config::channel::Xmpp;
pub use crate::config::channel::Zulip;
pub use crate::config::credentials::Credentials;
pub use crate::config::credentials::Hook;
use crate::config::dns::Dns;
use crate::config::document::Table;
use crate::config::error::ConfigError;
use crate::config::error::Old;
use crate::config::error::Warning;
use crate::config::http::Http;
pub use crate::config::jid::Jid;
use crate::config::rabbitmq::Queue;
use crate::config::rabbitmq::RabbitMq;
use crate::config::section::Context;
use crate::config::section::Section;
use crate::config::tls::StartTls;
use crate::config::tls::Trust;
use crate::config::variables::Lookup;
use crate::model::id::Id;
use crate::model::id::ReplicaId;
use crate::model::tier::Tier;
use crate::secret::Secret;

/// A file that was understood.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// What is odd in it, in the order of its lines.
    pub warnings: Vec<Warning>,
    /// What works in it and is said another way today, in the order of its lines.
    pub old: Vec<Old>,
}

/// Reads and understands a file; `lookup` finds the variables that it names, as [`std::env::var`] does.
///
/// # Errors
/// The first thing that is wrong with it, in one line that never holds a secret.
pub fn load(path: &Path, lookup: Lookup<'_>) -> Result<Loaded, ConfigError> {
    load_for(path, lookup, None)
}

/// The same for one who listens already, at an address that takes the place of `inet`.
///
/// # Errors
/// As [`load`].
pub fn load_for(path: &Path, lookup: Lookup<'_>, listening: Option<SocketAddr>) -> Result<Loaded, ConfigError> {
    let document = read(path, &file::read(path).map_err(|what| ConfigError::new(path, None, "", what))?, lookup)?;
    understand(path, document, lookup, listening)
}

/// Where the page of the file at `path` listens, whatever else the file says.
///
/// # Errors
/// When it is not TOML, or the address is wrong.
pub fn listening(path: &Path, lookup: Lookup<'_>) -> Result<SocketAddr, ConfigError> {
    let document = read(path, &file::read(path).map_err(|what| ConfigError::new(path, None, "", what))?, lookup)?;
    resolve::listening(&Section::root(&Context::new(path, None), &document))
}

/// Understands `bytes` as the content of the file at `path`, which is named in messages and beside which other files
/// are looked for.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(path: &Path, bytes: &[u8], lookup: Lookup<'_>) -> Result<Loaded, ConfigError> {
    understand(path, read(path, bytes, lookup)?, lookup, None)
}

fn read(path: &Path, bytes: &[u8], lookup: Lookup<'_>) -> Result<Table, ConfigError> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        ConfigError::new(path, Some(line), "", "is not UTF-8; save the file as UTF-8")
    })?;
    document::parse(path, text, lookup)
}

fn understand(
    path: &Path,
    mut document: Table,
    lookup: Lookup<'_>,
    listening: Option<SocketAddr>,
) -> Result<Loaded, ConfigError> {
    secret_files::read_in(&mut document, path, lookup)?;
    let context = Context { state_folder: state_folder(lookup), ..Context::new(path, listening) };
    let root = Section::root(&context, &document);
    let config = resolve::resolve(&root)?;
    unknown::warn(&root)?;
    let mut warnings = context.warnings.take();
    warnings.sort_by_key(|warning| warning.place.line);
    let mut old = context.old.take();
    old.sort_by_key(|old| old.place.line);
    Ok(Loaded { config, warnings, old })
}

/// The folder that systemd keeps for a service: the first of `StateDirectory=`.
fn state_folder(lookup: Lookup<'_>) -> Option<PathBuf> {
    let folders = lookup("STATE_DIRECTORY").ok()?;
    folders.split(':').next().filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// All that the file says, with the defaults where it says nothing.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[assets]`
    pub assets: Assets,
    /// `[branding]`
    pub branding: Branding,
    /// `[metrics]`
    pub metrics: Metrics,
    /// `[plugins.rabbitmq]`
    pub rabbitmq: Option<RabbitMq>,
    /// `[notify]`
    pub notify: Notify,
    /// `[[probe.service]]`, in file order.
    pub services: Vec<Service>,
    /// `[storage]`
    pub storage: Storage,
}

/// `[server]`: the listening side.
#[derive(Clone, Debug)]
pub struct Server {
    /// How much is logged, unless `RUST_LOG` says otherwise.
    pub log_level: LevelFilter,
    /// Where the page listens.
    pub inet: SocketAddr,
    /// Whether the report is offered to language models, too.
    pub mcp_server: bool,
    /// Threads that serve pages and reports.
    pub workers: NonZeroUsize,
    /// What whoever manages the page must give; without it the page is not managed by HTTP.
    pub manager_token: Option<Secret>,
    /// What reports must carry; none only when no node takes reports.
    pub reporter_token: Option<Secret>,
    /// How many replicas one node may be reported to have.
    pub reporter_replicas_max: NonZeroUsize,
}

/// `[assets]`: files that win over the built-in ones.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The folder; it need not exist.
    pub path: PathBuf,
    /// Whether the file names another one than the usual, so that a missing one deserves a warning.
    pub given: bool,
}

/// `[branding]`: how the page presents its owner.
#[derive(Clone, Debug)]
pub struct Branding {
    /// The page's title.
    pub page_title: String,
    /// Where the public finds the page; without it, notices lead to the listening address.
    pub page_url: Option<Url>,
    /// The company, in the footer.
    pub company_name: Option<String>,
    /// The icon's background.
    pub icon_color: Option<Color>,
    /// The favicon.
    pub icon_url: Option<Url>,
    /// The logo's primary colour.
    pub logo_color: Option<Color>,
    /// The header's logo.
    pub logo_url: Option<Url>,
    /// The company's website.
    pub website_url: Option<Url>,
    /// Where users find help.
    pub support_url: Option<Url>,
    /// HTML that goes into the page's head as it is; never empty.
    pub custom_html: Option<String>,
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
}

/// `[metrics]`: how checks and reports are judged.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// For nodes that Vigil polls, unless they say otherwise.
    pub poll: Poll,
    /// The most checks at a time; none lets the pool grow with need.
    pub poll_parallelism: Option<NonZeroUsize>,
    /// For nodes that scripts tell of, unless they say otherwise.
    pub script: ScriptTimes,
    /// The most scripts at a time.
    pub script_parallelism: NonZeroUsize,
    /// For nodes whose applications report their load.
    pub push: Push,
    /// How long after its interval a silent replica of a local node is dead.
    pub local_delay_dead: Duration,
}

/// The `poll_*` keys that a node may have as well.
#[derive(Clone, Debug, PartialEq)]
pub struct Poll {
    /// From one check of a replica to its next.
    pub interval: Duration,
    /// What follows a failed try.
    pub retry: Retry,
    /// The HTTP statuses that are healthy.
    pub http_status: Range<u16>,
    /// The deadline of a try, over everything.
    pub delay_dead: Duration,
    /// The latency from which a replica is sick.
    pub delay_sick: Duration,
}

/// The `script_*` keys that a node may have as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptTimes {
    /// From one run of a script to its next.
    pub interval: Duration,
    /// How long a run may take; at most the interval.
    pub timeout: Duration,
}

/// Tries after the first one of a check, and the wait before each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many tries may follow a failed first one.
    pub tries: u32,
    /// The wait before each of them.
    pub wait: Duration,
    /// Which of the two meanings of `poll_retry` is in force.
    pub meaning: RetryMeaning,
}

/// The two meanings that `poll_retry` has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryMeaning {
    /// Without `poll_retry_wait`: the seconds before the second, and last, try.
    Seconds,
    /// With `poll_retry_wait`: the number of further tries.
    Count,
}

/// The `push_*` keys.
#[derive(Clone, Debug)]
pub struct Push {
    /// How long after its interval a silent replica is dead.
    pub delay_dead: Duration,
    /// The CPU load, 1 for all cores busy, above which a replica is sick.
    pub cpu_sick_above: f64,
    /// The share of RAM in use, 0 to 1, above which a replica is sick.
    pub ram_sick_above: f64,
}

/// `[storage]`: where history is kept, and for how long.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The database.
    pub url: StorageUrl,
    /// For how long.
    pub retention: Retention,
}

/// A database. `Debug` shows no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageUrl {
    /// `sqlite:PATH`: a file, relative to the folder in which Vigil was started.
    Sqlite(PathBuf),
    /// `memory:`: as long as the program runs.
    Memory,
    /// `postgres://...`: a server, with all that is needed to reach it.
    Postgres(Box<tokio_postgres::Config>),
}

/// For how long history is kept, by [`Tier`]; none is for ever. No tier is kept for less than a finer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(pub [Option<Duration>; 4]);

impl Retention {
    /// For how long that tier is kept; none is for ever.
    #[must_use]
    pub fn of(&self, tier: Tier) -> Option<Duration> {
        self.0[tier as usize]
    }
}

/// `[[probe.service]]`
#[derive(Clone, Debug)]
pub struct Service {
    /// Unique on the page.
    pub id: Id,
    /// What people read.
    pub label: String,
    /// `[[probe.service.node]]`, in file order.
    pub nodes: Vec<Node>,
}

/// `[[probe.service.node]]`
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique in its service.
    pub id: Id,
    /// What people read.
    pub label: String,
    /// The names of the channels that hear of it, in its words or its service's; none for all of them.
    pub notify: Option<Vec<Arc<str>>>,
    /// How its replicas are known.
    pub mode: Mode,
    /// How it is polled: what it says itself, and `[metrics]` where it says nothing.
    pub poll: Poll,
    /// How its scripts run, likewise.
    pub script: ScriptTimes,
    /// The queue that it works off.
    pub queue: Option<Queue>,
    /// The time for which a certificate has to be valid, below which its replica is sick; zero for any.
    pub certificate_left: Duration,
    /// Whether the page names its replicas.
    pub reveal_replica_name: bool,
    /// Where its name may lead visitors further.
    pub link: Option<Link>,
}

/// Where visitors find more about a node.
#[derive(Clone, Debug)]
pub struct Link {
    /// The address.
    pub url: Url,
    /// Its words; without them the address stands for itself.
    pub label: Option<String>,
}

/// How the replicas of a node are known.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Vigil asks them.
    Poll(Vec<Target>),
    /// They report their load.
    Push,
    /// A vigil-local daemon reports their health.
    Local,
    /// Scripts tell.
    Script(Vec<Script>),
}

/// A script whose exit code says how a replica is.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its name: its place in the list, from 0.
    pub replica: ReplicaId,
    /// What `sh` runs. It may hold a password.
    pub text: Secret,
}

/// A replica that Vigil asks.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name: the URL as written.
    pub replica: ReplicaId,
    /// Where it is and how it is asked.
    pub address: Address,
}

/// Where a target is and how it is asked.
#[derive(Clone, Debug)]
pub enum Address {
    /// `http://` or `https://`
    Http {
        /// The URL.
        url: Url,
        /// How it is asked.
        how: Arc<Http>,
    },
    /// `tcp://host:port`
    Tcp {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `tls://host:port`
    Tls {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
        /// What is spoken before the handshake, if anything.
        starttls: Option<StartTls>,
        /// Whose certificates are accepted.
        trust: Arc<Trust>,
    },
    /// `ssh://host:port`
    Ssh {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `icmp://host`
    Icmp {
        /// A name or an address, without brackets.
        host: String,
    },
    /// `dns://server/name`
    Dns(Box<Dns>),
}
