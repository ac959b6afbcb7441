//! `[[probe.service]]` and `[[probe.service.node]]`

use std::collections::HashMap;

use super::super::Link;
use super::super::Mode;
use super::super::Node;
use super::super::Service;
use super::super::Target;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::keys::known_section;
use super::super::section::Section;
use super::replica::Kind;
use super::replica::replica;
use super::web_url::LINKED;
use super::web_url::absolute;
use crate::model::id::Id;
use crate::model::id::ReplicaId;

const NODE: &str = "probe.service.node";

/// Every `[[probe.service]]`.
pub(super) fn services(sections: &[Section<'_>]) -> Result<Vec<Service>, ConfigError> {
    let mut seen = Seen::default();
    sections
        .iter()
        .map(|section| {
            Ok(Service {
                id: section.require("id", |field| seen.id(&field, section.line))?,
                label: label(section)?,
                nodes: nodes(&section.children(known_section(NODE))?)?,
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

fn nodes(sections: &[Section<'_>]) -> Result<Vec<Node>, ConfigError> {
    let mut seen = Seen::default();
    sections
        .iter()
        .map(|section| {
            Ok(Node {
                id: section.require("id", |field| seen.id(&field, section.line))?,
                label: label(section)?,
                mode: mode(section)?,
                reveal_replica_name: section.read("reveal_replica_name", |field| field.flag())?.unwrap_or(false),
                link: link(section)?,
            })
        })
        .collect()
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

fn mode(section: &Section<'_>) -> Result<Mode, ConfigError> {
    let mode = section.require("mode", |field| match field.text()? {
        "poll" => Ok(Mode::Poll(Vec::new())),
        "push" => Ok(Mode::Push),
        "local" => Ok(Mode::Local),
        "script" => {
            field.warn("`script` is not supported yet, so nothing watches this node");
            Ok(Mode::Script)
        }
        _ => Err(field.wrong("is not a mode")),
    })?;
    match (mode, section.field("replicas")) {
        (Mode::Poll(_), replicas) => {
            let targets = replicas.map_or_else(|| Ok(Vec::new()), |field| targets(&field))?;
            if section.read("replicas", |field| Ok(field.items()?.is_empty()))?.unwrap_or(true) {
                section.warn("replicas", "is missing or empty, so nothing watches this node");
            }
            Ok(Mode::Poll(targets))
        }
        (mode, None) => Ok(mode),
        (mode, Some(replicas)) => {
            if !replicas.items()?.is_empty() {
                return Err(replicas.fault("is only for the mode `poll`; leave it out, or write `mode = \"poll\"`"));
            }
            replicas.warn("is only for the mode `poll`; leave it out");
            Ok(mode)
        }
    }
}

fn targets(field: &Field<'_, '_>) -> Result<Vec<Target>, ConfigError> {
    let mut targets: Vec<Target> = Vec::new();
    let mut seen = HashMap::new();
    for (at, item) in field.items()?.iter().enumerate() {
        let text = item.text()?;
        let name = ReplicaId::configured(text).map_err(|error| item.wrong(&error.to_string()))?;
        if let Some(first) = seen.insert(name.clone(), at + 1) {
            item.warn(format!("is the same as replica {first}, ignored"));
            continue;
        }
        match replica(text).map_err(|problem| item.wrong_so(problem))? {
            Kind::Asked(address) => targets.push(Target { replica: name, address }),
            Kind::NotYet(kind) => item.warn(format!("`{kind}` is not supported yet, ignored")),
        }
    }
    Ok(targets)
}
