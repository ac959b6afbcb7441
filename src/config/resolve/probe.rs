//! `[[probe.service]]` and `[[probe.service.node]]`

use std::collections::HashMap;
use std::sync::Arc;

use super::super::Channel;
use super::super::Link;
use super::super::Mode;
use super::super::Node;
use super::super::Script;
use super::super::Service;
use super::super::Target;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::http::Http;
use super::super::keys::keys_of;
use super::super::keys::known_section;
use super::super::nearest::nearest;
use super::super::section::Section;
use super::http;
use super::metrics;
use super::metrics::Layers;
use super::replica::replica;
use super::tls::certificate_left;
use super::web_url::LINKED;
use super::web_url::absolute;
use crate::model::id::Id;
use crate::model::id::ReplicaId;
use crate::secret::Secret;

const NODE: &str = "probe.service.node";

/// What is passed to `sh` as one string may have 128 KiB on Linux.
const LONGEST_SCRIPT: usize = 64 * 1024;

/// Every `[[probe.service]]`; `metrics` speaks where a node is silent, and `channels` are there to be named.
pub(super) fn services(
    sections: &[Section<'_>],
    metrics: &Section<'_>,
    channels: &[Channel],
) -> Result<Vec<Service>, ConfigError> {
    let mut seen = Seen::default();
    sections
        .iter()
        .map(|section| {
            Ok(Service {
                id: section.require("id", |field| seen.id(&field, section.line))?,
                label: label(section)?,
                nodes: nodes(section, metrics, channels)?,
            })
        })
        .collect()
}

/// The title of the first node whose replicas report; none when Vigil takes no reports.
pub(super) fn first_that_reports(sections: &[Section<'_>]) -> Result<Option<String>, ConfigError> {
    for section in sections {
        for node in section.children(known_section(NODE))? {
            if node.read("mode", |field| Ok(matches!(field.text()?, "push" | "local")))? == Some(true) {
                return Ok(Some(node.title));
            }
        }
    }
    Ok(None)
}

fn nodes(service: &Section<'_>, metrics: &Section<'_>, channels: &[Channel]) -> Result<Vec<Node>, ConfigError> {
    let of_service = service.read("notify", |field| route(&field, channels))?;
    let mut seen = Seen::default();
    service
        .children(known_section(NODE))?
        .iter()
        .map(|section| {
            let id = section.require("id", |field| seen.id(&field, section.line))?;
            let label = label(section)?;
            let how = Arc::new(http::http(section)?);
            let mode = mode(section, &how)?;
            http::mind_unused(section, &mode);
            Ok(Node {
                id,
                label,
                notify: section.read("notify", |field| route(&field, channels))?.or_else(|| of_service.clone()),
                mode,
                poll: metrics::poll(Layers::node(section, metrics))?,
                script: metrics::script(Layers::node(section, metrics))?,
                certificate_left: certificate_left(section)?,
                reveal_replica_name: section.read("reveal_replica_name", |field| field.flag())?.unwrap_or(false),
                link: link(section)?,
            })
        })
        .collect()
}

/// The channels that hear of a service or node.
fn route(field: &Field<'_, '_>, channels: &[Channel]) -> Result<Vec<Arc<str>>, ConfigError> {
    let mut route: Vec<Arc<str>> = Vec::new();
    for item in field.items()? {
        let name = item.text()?;
        let Some(known) = channels.iter().find(|channel| &*channel.name == name) else {
            return Err(item.wrong_so(&no_channel(name, channels)));
        };
        if route.contains(&known.name) {
            item.warn("stands here already, ignored");
        } else {
            route.push(known.name.clone());
        }
    }
    Ok(route)
}

/// That nothing has that name, and which names there are.
fn no_channel(name: &str, channels: &[Channel]) -> String {
    let names: Vec<&str> = channels.iter().map(|channel| &*channel.name).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match (names.as_slice(), nearest(name, names.iter().copied())) {
        ([], _) => {
            "is no channel: none is configured; add one such as `[notify.slack]`, or leave the key out".to_owned()
        }
        ([_], _) => format!("is no channel; the only one is {}", quoted.concat()),
        (_, Some(meant)) => format!("is no channel, did you mean `{meant}`? There are {}", quoted.join(", ")),
        (_, None) => format!("is no channel; there are {}", quoted.join(", ")),
    }
}

/// A link without an address leads nowhere.
fn link(section: &Section<'_>) -> Result<Option<Link>, ConfigError> {
    let label = section.read("link_label", |field| field.words().map(str::to_owned))?;
    let url = section.read("link_url", |field| absolute(&field, LINKED))?;
    if url.is_none() && label.is_some() {
        section.warn("link_label", "is not used without `link_url`");
    }
    Ok(url.map(|url| Link { url, label }))
}

fn label(section: &Section<'_>) -> Result<String, ConfigError> {
    section.require("label", |field| field.words().map(str::to_owned))
}

/// The ids so far, with the lines of their sections.
#[derive(Default)]
struct Seen(HashMap<Id, usize>);

impl Seen {
    fn id(&mut self, field: &Field<'_, '_>, line: Option<usize>) -> Result<Id, ConfigError> {
        let id = Id::new(field.text()?).map_err(|error| field.wrong(&error.to_string()))?;
        match self.0.insert(id.clone(), line.unwrap_or_default()) {
            Some(first) => Err(field.wrong_so(&format!("is the id at line {first} already; write another"))),
            None => Ok(id),
        }
    }
}

fn mode(section: &Section<'_>, how: &Arc<Http>) -> Result<Mode, ConfigError> {
    let word = section.require("mode", |field| match field.text()? {
        word @ ("poll" | "push" | "local" | "script") => Ok(word),
        _ => Err(field.wrong("is not a mode")),
    })?;
    for (list, of, keys) in [("replicas", "poll", "poll_"), ("scripts", "script", "script_")] {
        if word == of {
            if section.read(list, |field| Ok(field.items()?.is_empty()))?.unwrap_or(true) {
                section.warn(list, "is missing or empty, so nothing watches this node");
            }
        } else {
            is_not_of(section, list, of, keys)?;
        }
    }
    Ok(match word {
        "poll" => Mode::Poll(section.read("replicas", |field| targets(&field, how))?.unwrap_or_default()),
        "script" => Mode::Script(section.read("scripts", |field| scripts(&field))?.unwrap_or_default()),
        "push" => Mode::Push,
        _ => Mode::Local,
    })
}

/// Refuses the list of another mode, and warns about the keys with its prefix.
fn is_not_of(section: &Section<'_>, list: &str, mode: &str, prefix: &str) -> Result<(), ConfigError> {
    let only = format!("is only for the mode `{mode}`; leave it out");
    if let Some(field) = section.field(list) {
        if !field.items()?.is_empty() {
            return Err(field.fault(format!("{only}, or write `mode = \"{mode}\"`")));
        }
        field.warn(only.clone());
    }
    let timed = keys_of(NODE).filter(|key| key.name.starts_with(prefix));
    timed.filter_map(|key| section.field(key.name)).for_each(|field| field.warn(only.clone()));
    Ok(())
}

/// The scripts that have something to run, each named by its place in the list.
fn scripts(field: &Field<'_, '_>) -> Result<Vec<Script>, ConfigError> {
    let mut scripts = Vec::new();
    for (at, item) in field.items()?.iter().enumerate() {
        let text = item.text()?.trim();
        let replica = ReplicaId::configured(&at.to_string()).map_err(|error| item.wrong(&error.to_string()))?;
        match text {
            "" => item.warn("is empty, ignored"),
            text if text.contains('\0') => {
                return Err(item.fault("has a NUL in it, which no script can have; leave it out"));
            }
            text if text.len() > LONGEST_SCRIPT => {
                let what = "is longer than 64 KiB; write it to a file, and here a script that runs the file";
                return Err(item.fault(what));
            }
            text => scripts.push(Script { replica, text: Secret::new(text) }),
        }
    }
    Ok(scripts)
}

fn targets(field: &Field<'_, '_>, how: &Arc<Http>) -> Result<Vec<Target>, ConfigError> {
    let mut targets: Vec<Target> = Vec::new();
    let mut seen = HashMap::new();
    for (at, item) in field.items()?.iter().enumerate() {
        let text = item.text()?;
        let name = ReplicaId::configured(text).map_err(|error| item.wrong(&error.to_string()))?;
        if let Some(first) = seen.insert(name.clone(), at + 1) {
            item.warn(format!("is the same as replica {first}, ignored"));
            continue;
        }
        let address = replica(text, how).map_err(|problem| item.wrong_so(problem))?;
        targets.push(Target { replica: name, address });
    }
    Ok(targets)
}
