//! Asking targets how they are. One file a kind; [`build`] makes the probe of an address; a script and a
//! queue of RabbitMQ are one themselves.

pub mod dns;
pub mod http;
pub mod icmp;
pub mod rabbitmq;
pub mod script;
pub mod ssh;
pub mod tcp;
pub mod tls;

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use crate::clock::Clock;
use crate::config::Address;
use crate::config::Config;
use crate::config::Mode;
use crate::config::Poll;
use crate::config::Target;
use crate::config::tls::Trust;
use crate::model::map;
use crate::model::observation::Finding;
use crate::net;
use crate::net::client::Client;
use crate::net::resolve::Resolver;

/// A way to ask one target.
pub trait Probe: Send + Sync {
    /// Asks once. Returns within `limit`, whatever the target does: a target that does not answer is a finding, too.
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding;
}

/// What probes share: the HTTP client and the name resolver.
#[derive(Clone)]
pub struct Tools {
    /// Resolves host names.
    pub resolver: Arc<Resolver>,
    /// Speaks HTTP.
    pub client: Client,
    /// How many may ask at a time, as far as the system's limits go.
    pub at_a_time: usize,
}

/// Makes the probe of a target.
#[must_use]
pub fn build(address: &Address, poll: &Poll, tools: &Tools) -> Arc<dyn Probe> {
    match address {
        Address::Http { url, how } => {
            let client = match &*how.trust {
                Trust::System => tools.client.clone(),
                other => tools.client.over(settings(other, tools)),
            };
            Arc::new(http::Http::new(url, how.clone(), poll.http_status.clone(), client))
        }
        Address::Tcp { host, port } => Arc::new(tcp::Tcp::new(host, *port, tools.resolver.clone())),
        Address::Tls { host, port, starttls, trust } => {
            let settings = settings(trust, tools);
            Arc::new(tls::Tls::new(host, *port, *starttls, settings, tools.resolver.clone()))
        }
        Address::Ssh { host, port } => Arc::new(ssh::Ssh::new(host, *port, tools.resolver.clone())),
        Address::Icmp { host } => Arc::new(icmp::Icmp::new(host, tools.resolver.clone())),
        Address::Dns(query) => Arc::new(dns::Dns::new(query.clone(), tools.resolver.clone())),
    }
}

/// The settings of TLS for a target whose certificates are so to be accepted.
fn settings(trust: &Trust, tools: &Tools) -> Arc<ClientConfig> {
    match trust {
        Trust::System => tools.client.tls().clone(),
        Trust::Also(pem) => net::tls::verifying(tools.client.roots(), Some(pem)),
        Trust::Anybody => net::tls::accepting_all(),
    }
}

/// How the page says that a target is asked.
#[must_use]
pub fn kind(address: &Address) -> map::Kind {
    match address {
        Address::Http { url, .. } if url.scheme() == "https" => map::Kind::Https,
        Address::Http { .. } => map::Kind::Http,
        Address::Tcp { .. } => map::Kind::Tcp,
        Address::Tls { .. } => map::Kind::Tls,
        Address::Ssh { .. } => map::Kind::Ssh,
        Address::Icmp { .. } => map::Kind::Icmp,
        Address::Dns(_) => map::Kind::Dns,
    }
}

/// What of the configuration cannot be done on this host, each in a sentence that says why.
#[must_use]
pub fn obstacles(config: &Config) -> Vec<String> {
    let modes = || config.services.iter().flat_map(|service| &service.nodes).map(|node| &node.mode);
    let is_icmp = |target: &Target| matches!(target.address, Address::Icmp { .. });
    let pings = modes().any(|mode| matches!(mode, Mode::Poll(targets) if targets.iter().any(is_icmp)));
    let scripts = modes().any(|mode| matches!(mode, Mode::Script(scripts) if !scripts.is_empty()));
    let of_pings = || icmp::obstacle().map(|why| format!("hosts of `icmp://` cannot be checked: {why}"));
    let of_scripts = || script::obstacle().map(|why| format!("scripts cannot be run: {why}"));
    pings.then(of_pings).flatten().into_iter().chain(scripts.then(of_scripts).flatten()).collect()
}
