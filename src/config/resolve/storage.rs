//! `[storage]`

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::Host;
use tokio_postgres::config::SslMode;

use super::super::Retention;
use super::super::Storage;
use super::super::StorageUrl;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use crate::model::tier::Tier;

/// What the database is called unless the file says otherwise.
const DEFAULT_NAME: &str = "vigil.db";
/// Where it is without a folder of the service's own.
const DEFAULT_FOLDER: &str = "./";

/// A century; more is `retention_1d` left out.
const MOST_DAYS: u32 = 36_500;

const DAY: Duration = Duration::from_hours(24);

/// `[storage]`
pub(super) fn storage(section: &Section<'_>) -> Result<Storage, ConfigError> {
    let url = section.read("url", |field| url(&field))?;
    Ok(Storage { url: url.unwrap_or_else(|| default(section)), retention: retention(section)? })
}

/// In the folder that systemd keeps for a service (`StateDirectory=`, systemd.exec(5)), or where Vigil was started.
fn default(section: &Section<'_>) -> StorageUrl {
    let folder = section.context.state_folder.clone();
    StorageUrl::Sqlite(folder.unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER)).join(DEFAULT_NAME))
}

fn url(field: &Field<'_, '_>) -> Result<StorageUrl, ConfigError> {
    let text = field.words()?;
    match text.split_once(':') {
        Some(("sqlite", path)) => sqlite(field, path),
        Some(("memory", "")) => Ok(StorageUrl::Memory),
        Some(("postgres" | "postgresql", _)) => postgres(field, text),
        _ => Err(field.wrong("is no URL of a database")),
    }
}

fn sqlite(field: &Field<'_, '_>, path: &str) -> Result<StorageUrl, ConfigError> {
    // Others write `sqlite:///path`, in which a host could stand.
    let path = match path.strip_prefix("//") {
        None => path,
        Some(absolute) if absolute.starts_with('/') => absolute,
        Some(_) => return Err(field.wrong("has a host in it, where a path belongs")),
    };
    if path.trim().is_empty() || path.ends_with('/') {
        return Err(field.wrong("names no file"));
    }
    Ok(StorageUrl::Sqlite(PathBuf::from(path)))
}

fn postgres(field: &Field<'_, '_>, text: &str) -> Result<StorageUrl, ConfigError> {
    let mut config: tokio_postgres::Config =
        text.parse().map_err(|_| field.wrong("is no URL of a PostgreSQL database"))?;
    if config.get_hosts().is_empty() {
        return Err(field.wrong("names no host"));
    }
    if !text.contains("sslmode=") {
        let near = config.get_hosts().iter().all(is_near);
        config.ssl_mode(if near { SslMode::Disable } else { SslMode::Require });
    }
    Ok(StorageUrl::Postgres(Box::new(config)))
}

/// Whether what is said to a host does not leave this one.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        Host::Unix(_) => true,
    }
}

fn retention(section: &Section<'_>) -> Result<Retention, ConfigError> {
    let defaults = Tier::ALL.map(Tier::retention);
    let names = ["retention_1m", "retention_5m", "retention_1h", "retention_1d"];
    let mut kept = [None; 4];
    let mut finer: Option<(&str, Duration)> = None;
    for ((kept, name), default) in kept.iter_mut().zip(names).zip(defaults) {
        let days = |field: Field<'_, '_>| field.whole(1..=MOST_DAYS).map(|days| DAY.saturating_mul(days));
        let given = section.read(name, days)?;
        *kept = given.or(default);
        if let (Some(time), Some((finer, least))) = (*kept, finer)
            && time < least
        {
            let least = least.as_secs() / DAY.as_secs();
            // A default cannot be wrong: then the finer one is too long for it.
            let what = format!("is less than `{finer}`; write a whole number of days, {least} or more");
            return Err(section.fault(name, what));
        }
        finer = kept.map(|time| (name, time));
    }
    Ok(Retention(kept))
}
