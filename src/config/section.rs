//! Reading a section of the tree: what stands in it, and where. Its values are read as [`Field`]s.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use super::document::Entry;
use super::document::Kind;
use super::document::Origin;
use super::document::Table;
use super::document::Value;
use super::error::ConfigError;
use super::error::Place;
use super::error::Warning;
use super::field::Field;
use super::field::Name;
use super::keys;
use super::keys::Shape;
use super::nearest::nearest;

/// What is common to all sections of a file.
pub(super) struct Context<'a> {
    /// The file as it was named.
    pub(super) file: &'a Path,
    /// The address of a socket that is there already and takes the place of `inet`.
    pub(super) listening: Option<SocketAddr>,
    /// The folder that is kept for the service, if there is one.
    pub(super) state_folder: Option<PathBuf>,
    /// What was odd so far.
    pub(super) warnings: RefCell<Vec<Warning>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(file: &'a Path, listening: Option<SocketAddr>) -> Self {
        Self { file, listening, state_folder: None, warnings: RefCell::default() }
    }
}

/// A section, whether the file has it or not.
pub(super) struct Section<'a> {
    /// What it shares with the others.
    pub(super) context: &'a Context<'a>,
    /// Its entry in the catalogue.
    known: &'static keys::Section,
    /// Its name with the ids that lead to it, such as `[[probe.service]] "web" [[node]] "api"`.
    pub(super) title: String,
    /// Its line, when the file has it.
    pub(super) line: Option<usize>,
    table: Option<&'a Table>,
}

impl<'a> Section<'a> {
    /// The file itself, whose sections are its children.
    pub(super) fn root(context: &'a Context<'a>, table: &'a Table) -> Self {
        static ROOT: keys::Section =
            keys::Section { name: "", shape: Shape::Table, support: keys::Support::Honoured, doc: "" };
        Self { context, known: &ROOT, title: String::new(), line: None, table: Some(table) }
    }

    /// Its full name in the catalogue.
    pub(super) fn name(&self) -> &'static str {
        self.known.name
    }

    /// All that stands in it.
    pub(super) fn entries(&self) -> &'a [Entry] {
        self.table.map_or(&[], |table| &table.entries)
    }

    /// The full name of what stands below it as `name`.
    pub(super) fn name_below(&self, name: &str) -> String {
        if self.name().is_empty() { name.to_owned() } else { format!("{}.{name}", self.name()) }
    }

    /// The section below it with this catalogue entry, which is there once or not at all.
    pub(super) fn child(&self, known: &'static keys::Section) -> Result<Self, ConfigError> {
        let (title, context) = (known.to_string(), self.context);
        let Some(entry) = self.entry(last_name(known)) else {
            return Ok(Self { context, known, title, line: None, table: None });
        };
        match &entry.value.kind {
            Kind::Table(table) => Ok(Self { context, known, title, line: Some(entry.value.line), table: Some(table) }),
            other => Err(self.misshapen(entry, other, known)),
        }
    }

    /// The sections below it with this catalogue entry, which is there any number of times.
    pub(super) fn children(&self, known: &'static keys::Section) -> Result<Vec<Self>, ConfigError> {
        let Some(entry) = self.entry(last_name(known)) else { return Ok(Vec::new()) };
        let items = match &entry.value.kind {
            Kind::Array(items) => items,
            Kind::Table(_) if known.shape == Shape::Either => return Ok(vec![self.child(known)?]),
            other => return Err(self.misshapen(entry, other, known)),
        };
        let mut children = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let Kind::Table(table) = &item.kind else { return Err(self.misshapen(entry, &item.kind, known)) };
            let called = Called(table, at + 1);
            let title = if self.known.shape == Shape::Array {
                format!("{} [[{}]] {called}", self.title, last_name(known))
            } else {
                format!("[[{}]] {called}", known.name)
            };
            children.push(Self { context: self.context, known, title, line: Some(item.line), table: Some(table) });
        }
        Ok(children)
    }

    /// The key `name`, if the file has it.
    pub(super) fn field(&self, name: &str) -> Option<Field<'_, 'a>> {
        let key = keys::key(self.name(), name);
        debug_assert!(key.is_some(), "`{name}` of {} is not in the catalogue", self.known);
        Some(Field::new(self, key?, &self.entry(name)?.value))
    }

    /// The key `name` as `read` understands it, if the file has it.
    pub(super) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(Field<'_, 'a>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.field(name).map(read).transpose()
    }

    /// The key `name` as `read` understands it, without which the file is refused.
    pub(super) fn require<T>(
        &self,
        name: &str,
        read: impl FnOnce(Field<'_, 'a>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        self.read(name, read)?.ok_or_else(|| self.missing(name))
    }

    /// That the key `name` is not there, and which misspelled one may have been meant for it.
    fn missing(&self, name: &str) -> ConfigError {
        let takes = keys::key(self.name(), name).map_or("a value", |key| key.takes);
        let hint = self.meant_for(name).unwrap_or_else(|| format!("write {takes}"));
        self.fault(name, format!("is missing; {hint}"))
    }

    /// A question whether a misspelled key was meant for `name`, if there is one.
    pub(super) fn meant_for(&self, name: &str) -> Option<String> {
        let known = || keys::names_of(self.name());
        let entry = self
            .entries()
            .iter()
            .find(|entry| !known().any(|name| name == entry.key) && nearest(&entry.key, known()) == Some(name))?;
        Some(format!("is {} in line {} meant for it?", Name(&entry.key), entry.line))
    }

    /// That the key `name` is wrong for a reason that its value alone does not show.
    pub(super) fn fault(&self, name: &str, what: impl Into<String>) -> ConfigError {
        ConfigError { place: self.place(name), what: what.into() }
    }

    /// That all of it is wrong.
    pub(super) fn fault_of_whole(&self, what: impl Into<String>) -> ConfigError {
        ConfigError { place: self.whole(), what: what.into() }
    }

    /// That the key `name`, present or not, is odd.
    pub(super) fn warn(&self, name: &str, what: impl Into<String>) {
        self.note(self.place(name), what.into(), false);
    }

    /// That all of it is odd.
    pub(super) fn warn_whole(&self, what: impl Into<String>) {
        self.note(self.whole(), what.into(), false);
    }

    /// That something stands here that no version knows.
    pub(super) fn warn_unknown(&self, line: usize, what: String) {
        let place = Place { file: self.context.file.to_owned(), line: Some(line), key: self.title.clone() };
        self.note(place, what, true);
    }

    /// Keeps a warning.
    pub(super) fn note(&self, place: Place, what: String, unknown: bool) {
        self.context.warnings.borrow_mut().push(Warning { place, what, unknown });
    }

    /// Where it is.
    fn whole(&self) -> Place {
        Place { file: self.context.file.to_owned(), line: self.line, key: self.title.clone() }
    }

    /// Where the key `name` is, or would be.
    pub(super) fn place(&self, name: &str) -> Place {
        let line = self.entry(name).map(|entry| entry.line).or(self.line);
        let key = if self.title.is_empty() { name.to_owned() } else { format!("{} {name}", self.title) };
        Place { file: self.context.file.to_owned(), line, key }
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.table?.get(name)
    }

    fn misshapen(&self, entry: &Entry, found: &Kind, known: &keys::Section) -> ConfigError {
        self.fault(&entry.key, format!("is {}; write its keys below a line `{known}`", found.word()))
    }
}

/// How a table of an array is called: by its id or name if it has one that may be shown, else by its number.
struct Called<'a>(&'a Table, usize);

impl fmt::Display for Called<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get("id").or_else(|| self.0.get("name")).map(|entry| &entry.value) {
            Some(Value { kind: Kind::String(id), origin: Origin::Written, .. })
                if !id.is_empty() && id.len() <= 128 && !id.contains(char::is_control) =>
            {
                write!(f, "\"{id}\"")
            }
            _ => write!(f, "#{}", self.1),
        }
    }
}

fn last_name(known: &'static keys::Section) -> &'static str {
    known.name.rsplit('.').next().unwrap_or(known.name)
}
