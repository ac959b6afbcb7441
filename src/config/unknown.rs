//! What the file says and nobody reads: keys that no version knows, with the known one that was probably meant, and
//! keys that are known but not supported yet.

use super::document::Entry;
use super::document::Kind;
use super::error::ConfigError;
use super::field::Name;
use super::keys;
use super::keys::Key;
use super::keys::SECTIONS;
use super::keys::Shape;
use super::keys::Support;
use super::nearest::nearest;
use super::section::Section;

/// Keys of every channel, which belong to none in particular.
const EVERYWHERE: [&str; 2] = ["name", "reminders_only"];

const NOT_YET: &str = "not supported yet, ignored";

/// Warns about all in `section`, and below it, that has no effect.
///
/// # Errors
/// A section that is not a table.
pub(super) fn warn(section: &Section<'_>) -> Result<(), ConfigError> {
    for entry in section.entries() {
        if let Some(known) = keys::section(&section.name_below(&entry.key)) {
            below(section, known)?;
        } else if let Some(key) = known(section.name(), &entry.key) {
            // False is what a version without the feature does.
            if key.support == Support::NotYet && !matches!(entry.value.kind, Kind::Boolean(false)) {
                section.warn(&entry.key, NOT_YET);
            }
        } else {
            section.warn_unknown(entry.line, unknown(section, entry));
        }
    }
    Ok(())
}

/// The key of that name, or the one whose value stands in the file that a key of that name names.
fn known(section: &str, name: &str) -> Option<&'static Key> {
    keys::key(section, name).or_else(|| keys::key_in_file(section, name))
}

fn below(section: &Section<'_>, known: &'static keys::Section) -> Result<(), ConfigError> {
    // One warning for a whole channel; `[plugins]` alone says nothing.
    let ignored = known.support == Support::NotYet && known.name.contains('.');
    let children = if known.shape == Shape::Table { vec![section.child(known)?] } else { section.children(known)? };
    children.iter().try_for_each(|child| {
        if ignored {
            child.warn_whole(NOT_YET);
            return Ok(());
        }
        warn(child)
    })
}

fn unknown(section: &Section<'_>, entry: &Entry) -> String {
    let name = entry.key.as_str();
    let is_section = match &entry.value.kind {
        Kind::Table(_) => true,
        Kind::Array(items) => items.iter().any(|item| matches!(item.kind, Kind::Table(_))),
        _ => false,
    };
    if is_section {
        let full = section.name_below(name);
        let meant = nearest(&full, SECTIONS.iter().map(|one| one.name)).and_then(keys::section);
        return match meant {
            Some(meant) => format!("unknown section {}, did you mean `{meant}`?", Name(&full)),
            None => format!("unknown section {}", Name(&full)),
        };
    }
    let elsewhere = keys::all().find(|key| key.name == name || key.file == Some(name));
    let elsewhere = elsewhere.filter(|key| !EVERYWHERE.contains(&key.name));
    match (nearest(name, keys::names_of(section.name())), elsewhere.and_then(|key| keys::section(key.section))) {
        // The very name, elsewhere, is nearer than a similar one here.
        (_, Some(elsewhere)) => format!("unknown key {}, it belongs to `{elsewhere}`", Name(name)),
        (Some(meant), None) => format!("unknown key {}, did you mean `{meant}`?", Name(name)),
        (None, None) => format!("unknown key {}", Name(name)),
    }
}
