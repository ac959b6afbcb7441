//! The rules: from the sections of a file to a [`Config`], or to the reason why not.

mod branding;
mod channels;
mod dns;
mod http;
mod metrics;
mod notify;
mod pem;
mod probe;
mod replica;
mod server;
mod storage;
mod tls;
mod web_url;

use std::net::SocketAddr;

use super::Config;
use super::error::ConfigError;
use super::keys::known_section;
use super::section::Section;

/// Applies every rule to the file whose root is `root`.
///
/// # Errors
/// The first rule that is broken, in the order of the sections.
pub(super) fn resolve(root: &Section<'_>) -> Result<Config, ConfigError> {
    let file = Sections::of(root)?;
    let server = server::server(&file.server)?;
    let assets = server::assets(&file.assets)?;
    let branding = branding::branding(&file.branding)?;
    let metrics = metrics::metrics(&file.metrics)?;
    let notify = notify::notify(&file.notify)?;
    let services = probe::services(&file.services, &file.metrics, &notify.channels)?;
    channels::warn_of_idle(&file.notify, &notify.channels, &services)?;
    let storage = storage::storage(&file.storage)?;
    let config = Config { server, assets, branding, metrics, notify, services, storage };
    match probe::first_that_reports(&file.services)? {
        Some(node) if config.server.reporter_token.is_none() => {
            let meant = file.server.meant_for("reporter_token");
            let hint = meant.unwrap_or_else(|| "write a long random string".to_owned());
            let what = format!("is missing or empty, yet {node} takes reports; {hint}");
            Err(file.server.fault("reporter_token", what))
        }
        _ => Ok(config),
    }
}

/// Where the page listens.
///
/// # Errors
/// When the address is wrong.
pub(super) fn listening(root: &Section<'_>) -> Result<SocketAddr, ConfigError> {
    server::inet(&root.child(known_section("server"))?)
}

struct Sections<'a> {
    server: Section<'a>,
    assets: Section<'a>,
    branding: Section<'a>,
    metrics: Section<'a>,
    notify: Section<'a>,
    storage: Section<'a>,
    services: Vec<Section<'a>>,
}

impl<'a> Sections<'a> {
    fn of(root: &Section<'a>) -> Result<Self, ConfigError> {
        Ok(Self {
            server: root.child(known_section("server"))?,
            assets: root.child(known_section("assets"))?,
            branding: root.child(known_section("branding"))?,
            metrics: root.child(known_section("metrics"))?,
            notify: root.child(known_section("notify"))?,
            storage: root.child(known_section("storage"))?,
            services: root.child(known_section("probe"))?.children(known_section("probe.service"))?,
        })
    }
}
