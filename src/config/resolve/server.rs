//! `[server]` and `[assets]`.

use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use log::LevelFilter;

use super::super::Assets;
use super::super::Server;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use crate::secret::Secret;

const DEFAULT_LOG_LEVEL: LevelFilter = LevelFilter::Warn;
const DEFAULT_PORT: u16 = 8080;
const DEFAULT_WORKERS: NonZeroUsize = NonZeroUsize::new(4).unwrap();
const DEFAULT_REPORTER_REPLICAS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
const DEFAULT_ASSETS: &str = "./res/assets/";

/// More threads than any page needs, and few enough to start.
const MOST_WORKERS: u32 = 1_024;
/// Some 100 MB of state.
const MOST_REPORTER_REPLICAS: u32 = 1_000_000;

/// How a token begins that nobody has replaced yet.
const PLACEHOLDER: &str = "REPLACE_THIS";

/// `[server]`
pub(super) fn server(section: &Section<'_>) -> Result<Server, ConfigError> {
    let inet = inet(section)?;
    let reporter_token = token(section, "reporter_token", inet)?;
    let manager_token = token(section, "manager_token", inet)?;
    if let (Some(reporter), Some(manager)) = (&reporter_token, &manager_token)
        && reporter.matches(manager.reveal().as_bytes())
    {
        let line = section.place("reporter_token").line.map(|line| format!(" in line {line}")).unwrap_or_default();
        let what = format!("is the same as `reporter_token`{line}; write one that differs");
        return Err(section.fault("manager_token", what));
    }
    Ok(Server {
        log_level: section.read("log_level", |field| field.parsed("is not a log level"))?.unwrap_or(DEFAULT_LOG_LEVEL),
        inet,
        mcp_server: section.read("mcp_server", |field| field.flag())?.unwrap_or(false),
        workers: section.read("workers", |field| at_least_one(&field, MOST_WORKERS))?.unwrap_or(DEFAULT_WORKERS),
        manager_token,
        reporter_token,
        reporter_replicas_max: section
            .read("reporter_replicas_max", |field| at_least_one(&field, MOST_REPORTER_REPLICAS))?
            .unwrap_or(DEFAULT_REPORTER_REPLICAS_MAX),
    })
}

/// Where the page listens: what the file says, unless there is a socket already.
pub(super) fn inet(section: &Section<'_>) -> Result<SocketAddr, ConfigError> {
    let written = section.read("inet", |field| field.parsed("is not an address with a port"))?;
    let default = || SocketAddr::from((Ipv6Addr::LOCALHOST, DEFAULT_PORT));
    Ok(section.context.listening.or(written).unwrap_or_else(default))
}

/// `[assets]`
pub(super) fn assets(section: &Section<'_>) -> Result<Assets, ConfigError> {
    let given = section.read("path", |field| {
        let path = field.words()?;
        // One of another name may hold files of the operator's own.
        let given = !is_default(path);
        if !given {
            field.old("need not be written any more: the program has its files inside, and looks there in any case; leave it out");
        }
        Ok(Assets { path: PathBuf::from(path), given })
    })?;
    Ok(given.unwrap_or_else(|| Assets { path: PathBuf::from(DEFAULT_ASSETS), given: false }))
}

/// Whether that is the folder which the public Vigil needs, however it is written: old files name it where it is not.
fn is_default(path: &str) -> bool {
    let parts = |path| Path::components(Path::new(path)).filter(|part| *part != Component::CurDir);
    parts(path).eq(parts(DEFAULT_ASSETS))
}

/// A whole number from 1 to `most`.
pub(super) fn at_least_one(field: &Field<'_, '_>, most: u32) -> Result<NonZeroUsize, ConfigError> {
    let number = field.whole(1..=most)?;
    usize::try_from(number).ok().and_then(NonZeroUsize::new).ok_or_else(|| field.wrong("is too large"))
}

/// A token; an empty one is none.
fn token(section: &Section<'_>, name: &str, inet: SocketAddr) -> Result<Option<Secret>, ConfigError> {
    let Some(field) = section.field(name) else { return Ok(None) };
    let text = field.text()?;
    if is_placeholder(text) {
        if !inet.ip().to_canonical().is_loopback() {
            let what = "is still the placeholder, and `inet` lets others in; write a long random string";
            return Err(field.fault(what));
        }
        field.warn("is still the placeholder; write a long random string before others can reach this address");
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

fn is_placeholder(token: &str) -> bool {
    token.starts_with(PLACEHOLDER)
}
