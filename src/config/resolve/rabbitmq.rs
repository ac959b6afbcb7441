//! `[plugins.rabbitmq]`, and the `rabbitmq_*` keys of a node.

use std::num::NonZeroUsize;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use super::super::Credentials;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::rabbitmq::Queue;
use super::super::rabbitmq::RabbitMq;
use super::super::section::Section;
use super::metrics::LONGEST_S;
use super::metrics::MOST_PARALLEL;
use super::server::at_least_one;
use super::web_url::called;
use crate::model::id::ReplicaId;
use crate::model::queue::Bounds;
use crate::model::queue::QueueLimits;
use crate::secret::Secret;

const DEFAULT_VIRTUAL_HOST: &str = "/";
/// As often as reporters report by default: then it was that upstream looked at queues.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
/// All queues are asked of one server, which has other work to do.
const DEFAULT_PARALLELISM: NonZeroUsize = NonZeroUsize::new(4).unwrap();
/// AMQP 0-9-1 sends names of queues and of virtual hosts as short strings.
const LONGEST_NAME: usize = 255;

const QUEUE: &str = "rabbitmq_queue";
const READY: [&str; 2] = ["queue_ready_healthy_below", "queue_ready_dead_above"];
const NACK: [&str; 2] = ["queue_nack_healthy_below", "queue_nack_dead_above"];
const OWN_NACK: [&str; 2] = ["rabbitmq_queue_nack_healthy_below", "rabbitmq_queue_nack_dead_above"];

/// `[plugins.rabbitmq]`
pub(super) fn rabbitmq(section: &Section<'_>) -> Result<Option<RabbitMq>, ConfigError> {
    if !section.is_given() {
        return Ok(None);
    }
    // They are looked at here as well, so that they are right even if no node has a queue.
    limits(section)?;
    let text = |name| section.require(name, |field| field.text());
    Ok(Some(RabbitMq {
        api_url: section.require("api_url", |field| api_url(&field))?,
        username: text("auth_username")?.to_owned(),
        password: Secret::new(text("auth_password")?),
        virtual_host: section
            .read("virtualhost", |field| name(&field))?
            .unwrap_or_else(|| DEFAULT_VIRTUAL_HOST.to_owned()),
        second_look: section.read("queue_loaded_retry_delay", |field| {
            Ok(Duration::from_millis(field.whole(0..=LONGEST_S * 1_000)?.into()))
        })?,
        interval: section
            .read("queue_interval", |field| Ok(Duration::from_secs(field.whole(1..=LONGEST_S)?.into())))?
            .unwrap_or(DEFAULT_INTERVAL),
        parallelism: section
            .read("queue_parallelism", |field| at_least_one(&field, MOST_PARALLEL))?
            .unwrap_or(DEFAULT_PARALLELISM),
    }))
}

/// The queue of a node; `plugin` is the section that says where queues are, and how long they may be.
pub(super) fn queue(node: &Section<'_>, plugin: &Section<'_>) -> Result<Option<Queue>, ConfigError> {
    let unacknowledged = own_nack(node, plugin)?;
    let Some(name) = node.read(QUEUE, |field| name(&field))? else {
        let unused = OWN_NACK.into_iter().filter(|key| node.field(key).is_some());
        unused.for_each(|key| node.warn(key, format!("is not used without `{QUEUE}`")));
        return Ok(None);
    };
    let replica = ReplicaId::configured(&format!("rabbitmq:{name}"));
    let replica = replica.map_err(|error| node.fault(QUEUE, format!("{error}; write the name of a queue")))?;
    let limits = QueueLimits { unacknowledged, ..limits(plugin)? };
    if !plugin.is_given() {
        node.warn(QUEUE, "is not used without `[plugins.rabbitmq]`, which says where queues are");
        return Ok(None);
    }
    if limits == QueueLimits::default() {
        let what = "has no limit, so it is never sick or dead; write `queue_ready_healthy_below` into \
            `[plugins.rabbitmq]`, for example";
        node.warn(QUEUE, what);
    }
    Ok(Some(Queue { replica, name, limits }))
}

fn limits(plugin: &Section<'_>) -> Result<QueueLimits, ConfigError> {
    Ok(QueueLimits { ready: bounds(plugin, READY)?, unacknowledged: bounds(plugin, NACK)? })
}

/// What the node says of messages that are not acknowledged, and the plugin where it says nothing.
fn own_nack(node: &Section<'_>, plugin: &Section<'_>) -> Result<Bounds, ConfigError> {
    let (own, usual) = (read(node, OWN_NACK)?, read(plugin, NACK)?);
    let bounds = Bounds {
        healthy_below: own.healthy_below.or(usual.healthy_below),
        dead_above: own.dead_above.or(usual.dead_above),
    };
    // Where it is the plugin's alone, the plugin was refused for it.
    let [below, above] = OWN_NACK;
    let name = if own.healthy_below.is_some() { below } else { above };
    refuse_overlap(node, name, bounds, [below, above])?;
    Ok(bounds)
}

fn bounds(section: &Section<'_>, keys: [&'static str; 2]) -> Result<Bounds, ConfigError> {
    let bounds = read(section, keys)?;
    refuse_overlap(section, keys[0], bounds, keys)?;
    Ok(bounds)
}

/// Both bounds as they stand in the section: where healthy ends, and where dead begins.
fn read(section: &Section<'_>, [below, above]: [&'static str; 2]) -> Result<Bounds, ConfigError> {
    let bound = |name, least: u32| section.read(name, |field| Ok(u64::from(field.whole(least..=u32::MAX)?)));
    Ok(Bounds { healthy_below: bound(below, 1)?, dead_above: bound(above, 0)? })
}

/// No number may be healthy and dead. The two may meet: then nothing is sick.
fn refuse_overlap(
    section: &Section<'_>,
    name: &str,
    bounds: Bounds,
    [below, above]: [&str; 2],
) -> Result<(), ConfigError> {
    match (bounds.healthy_below, bounds.dead_above) {
        (Some(healthy), Some(dead)) if healthy > dead.saturating_add(1) => {
            let what = format!(
                "a queue with {} messages would be healthy, being below {healthy}, and dead, being above {dead}; write \
                 a lower `{below}` or a higher `{above}`",
                dead.saturating_add(1),
            );
            Err(section.fault(name, what))
        }
        _ => Ok(()),
    }
}

/// The API without what does not belong to it: upstream took the host alone, so that anything may stand behind it.
fn api_url(field: &Field<'_, '_>) -> Result<Url, ConfigError> {
    let mut url = called(field)?;
    if Credentials::take(&mut url).is_some() {
        field.warn("has a user name in it, which is not used: `auth_username` and `auth_password` are");
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The name of a queue or of a virtual host, as it is called or as it stands in a path.
fn name(field: &Field<'_, '_>) -> Result<String, ConfigError> {
    let name = percent_decode_str(field.text()?).decode_utf8();
    let name = name.map_err(|_| field.wrong("is not UTF-8 once it is decoded"))?;
    if name.is_empty() {
        return Err(field.wrong("is empty"));
    }
    if name.len() > LONGEST_NAME {
        return Err(field.wrong("is longer than 255 bytes, which no such name is"));
    }
    if name.contains(char::is_control) {
        return Err(field.wrong("has a line break or another control character in it"));
    }
    Ok(name.into_owned())
}

#[cfg(test)]
mod tests {
    use std::env::VarError;
    use std::path::Path;

    use super::super::super::Config;
    use super::super::super::load_bytes;

    /// A configuration with a queue and these lines of the plugin, or why it is refused.
    fn load(plugin: &str, node: &str) -> Result<Config, String> {
        let text = format!(
            "[plugins.rabbitmq]\nauth_username = \"u\"\nauth_password = \"hunter2\"\n{plugin}\n[[probe.service]]\n\
             id = \"s\"\nlabel = \"S\"\n[[probe.service.node]]\nid = \"n\"\nlabel = \"N\"\nmode = \"poll\"\n{node}\n"
        );
        let loaded = load_bytes(Path::new("test.cfg"), text.as_bytes(), &|_| Err(VarError::NotPresent));
        loaded.map(|loaded| loaded.config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_api_is_what_stands_before_its_path() {
        for (written, wanted) in [
            ("http://127.0.0.1:15672", "http://127.0.0.1:15672"),
            ("http://127.0.0.1:15672/", "http://127.0.0.1:15672"),
            ("http://127.0.0.1:15672/api/", "http://127.0.0.1:15672"),
            ("http://127.0.0.1:15672/#/queues", "http://127.0.0.1:15672"),
            ("https://example.com/rabbit/?a=b", "https://example.com/rabbit"),
            ("https://example.com/rabbit/api", "https://example.com/rabbit"),
            ("https://user:hunter2@example.com/", "https://example.com"),
        ] {
            let config = load(&format!("api_url = \"{written}\""), "").unwrap();
            assert_eq!(config.rabbitmq.unwrap().base(), wanted, "{written}");
        }
    }

    #[test]
    fn names_are_taken_as_they_are_called_and_as_they_stand_in_a_path() {
        for (written, wanted) in
            [("/", "/"), ("%2F", "/"), ("%2f", "/"), ("crisp", "crisp"), ("a b/ü", "a b/ü"), ("100%", "100%")]
        {
            let plugin = format!("api_url = \"http://127.0.0.1\"\nvirtualhost = \"{written}\"");
            let config = load(&plugin, &format!("rabbitmq_queue = \"{written}\"")).unwrap();
            assert_eq!(config.rabbitmq.unwrap().virtual_host, wanted);
            let queue = config.services[0].nodes[0].queue.clone().unwrap();
            assert_eq!((queue.name.as_str(), queue.replica.as_str()), (wanted, &*format!("rabbitmq:{wanted}")));
        }
        let config = load("api_url = \"http://127.0.0.1\"", "").unwrap();
        assert_eq!(config.rabbitmq.unwrap().virtual_host, "/");
    }

    #[test]
    fn limits_that_files_of_old_do_not_have_are_never_reached() {
        let old = "api_url = \"http://127.0.0.1\"\nqueue_ready_healthy_below = 500\nqueue_nack_healthy_below = 100";
        for (more, ready_dead) in [("", None), ("queue_ready_dead_above = 20000", Some(20_000))] {
            let config = load(&format!("{old}\n{more}"), "rabbitmq_queue = \"client\"").unwrap();
            let limits = config.services[0].nodes[0].queue.clone().unwrap().limits;
            assert_eq!((limits.ready.healthy_below, limits.ready.dead_above), (Some(500), ready_dead));
            assert_eq!((limits.unacknowledged.healthy_below, limits.unacknowledged.dead_above), (Some(100), None));
        }
    }

    #[test]
    fn no_number_is_healthy_and_dead_and_the_two_may_meet() {
        for (below, above, is_right) in
            [(1, 0, true), (2, 0, false), (500, 500, true), (501, 500, true), (502, 500, false)]
        {
            for name in ["ready", "nack"] {
                let plugin = format!(
                    "api_url = \"http://127.0.0.1\"\nqueue_{name}_healthy_below = {below}\nqueue_{name}_dead_above = {above}"
                );
                assert_eq!(load(&plugin, "").is_ok(), is_right, "{plugin}");
            }
        }
    }

    #[test]
    fn what_a_node_says_of_unacknowledged_messages_wins_each_for_itself() {
        let plugin = "api_url = \"http://127.0.0.1\"\nqueue_nack_healthy_below = 10\nqueue_nack_dead_above = 100";
        for (own, below, above) in [
            ("", 10, 100),
            ("rabbitmq_queue_nack_healthy_below = 50", 50, 100),
            ("rabbitmq_queue_nack_dead_above = 9", 10, 9),
            ("rabbitmq_queue_nack_healthy_below = 200\nrabbitmq_queue_nack_dead_above = 200", 200, 200),
        ] {
            let config = load(plugin, &format!("rabbitmq_queue = \"q\"\n{own}")).unwrap();
            let limits = config.services[0].nodes[0].queue.clone().unwrap().limits;
            assert_eq!(limits.unacknowledged.healthy_below, Some(below), "{own}");
            assert_eq!(limits.unacknowledged.dead_above, Some(above), "{own}");
            assert_eq!((limits.ready.healthy_below, limits.ready.dead_above), (None, None));
        }
    }
}
