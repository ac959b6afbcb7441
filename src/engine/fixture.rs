//! An engine without threads, whose clock is set and whose steps are called by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::ManualClock;
use crate::config;
use crate::config::Config;
use crate::history::Memory;
use crate::model::id::Id;
use crate::model::id::ReplicaId;
use crate::model::observation::Content;
use crate::model::observation::Load;
use crate::model::observation::Report;
use crate::model::transition::NodeKey;
use crate::net::client::Client;
use crate::net::resolve::Resolver;
use crate::probe::Tools;

use super::shared::Shared;

/// Replicas to poll once in a minute, and a push node `app:push`. `more` goes into `[metrics]`.
pub(super) fn config(more: &str, replicas: &[&str]) -> Config {
    config_every(60, more, replicas)
}

/// The same with another interval, in seconds.
pub(super) fn config_every(interval: u32, more: &str, replicas: &[&str]) -> Config {
    let text = format!(
        "[server]\nreporter_token = \"s3cret\"\n[metrics]\npoll_interval = {interval}\n{more}\n\
         [[probe.service]]\nid = \"web\"\nlabel = \"Web\"\n[[probe.service.node]]\nid = \"api\"\nlabel = \"API\"\n\
         mode = \"poll\"\nreplicas = {replicas:?}\n\
         [[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\nlabel = \"Push\"\n\
         mode = \"push\"\n"
    );
    load(&text)
}

/// What a file with that text says.
pub(super) fn load(text: &str) -> Config {
    let nothing = |_: &str| Err(std::env::VarError::NotPresent);
    config::load_bytes(Path::new("test.cfg"), text.as_bytes(), &nothing).unwrap().config
}

/// The shared state of that configuration, and its clock.
pub(super) fn shared(config: &Config) -> (Shared, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
    (Shared::new(config, clock.clone(), &Memory::default()).0, clock)
}

/// What probes share, for probes that ask nobody.
pub(super) fn tools() -> Tools {
    let resolver = Arc::new(Resolver::default());
    Tools { client: Client::new("test", resolver.clone()), resolver, at_a_time: 4 }
}

pub(super) fn push_node() -> NodeKey {
    NodeKey { service: Id::new("app").unwrap(), node: Id::new("push").unwrap() }
}

pub(super) fn report(interval: u64) -> Report {
    let (replica, interval) = (ReplicaId::reported("worker").unwrap(), Duration::from_secs(interval));
    Report { replica, interval, content: Content::Load(Load { cpu: 0.1, ram: 0.1 }) }
}
