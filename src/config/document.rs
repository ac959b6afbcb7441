//! TOML text into a tree that knows its lines and has its variables filled in. What the keys mean is left to others.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use super::error::ConfigError;
use super::keys;
use super::keys::Shape;
use super::variables;
use super::variables::Lookup;

/// A table, its entries in file order.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The line of the key, from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A value.
#[derive(Debug)]
pub(super) struct Value {
    /// Its line, from 1; of a table its header.
    pub(super) line: usize,
    pub(super) kind: Kind,
    pub(super) origin: Origin,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// It is written there.
    Written,
    /// The environment, all of it or a part; the whole text, which must not be shown.
    Variable(String),
    /// A file that another key names; it must not be shown either.
    File,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime,
    Array(Vec<Value>),
    Table(Table),
}

impl Table {
    /// The entry of `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Kind {
    /// What it is, for people.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "a boolean",
            Self::Datetime => "a date or a time",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads `text`, which `file` holds.
///
/// # Errors
/// Where it is not TOML, where a number does not fit 64 bits, and where a variable cannot be filled in.
pub(super) fn parse(file: &Path, text: &str, lookup: Lookup<'_>) -> Result<Table, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fault = |line, what: String| ConfigError::new(file, Some(line), "", what);
    let prepared = variables::prepare(text)
        .map_err(|misplaced| fault(Lines::of(text).at(misplaced.at), misplaced.what.to_owned()))?;
    let lines = Lines::of(&prepared.text);
    let root = DeTable::parse(&prepared.text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let line = prepared
            .text
            .get(..span.start)
            .and_then(|before| prepared.text.get(before.rfind('\n').map_or(0, |end| end + 1)..));
        let hint = line.and_then(|rest| unquoted(rest.lines().next()?));
        fault(
            lines.at(span.start),
            match (hint, line.and_then(|rest| twice(error.message(), rest.lines().next()?))) {
                (Some(hint), _) => hint.to_owned(),
                (None, Some(twice)) => twice,
                (None, None) => syntax_error(error.message(), prepared.text.get(span)),
            },
        )
    })?;
    let reader = Reader { file, lines, lookup, bare: prepared.bare };
    reader.table(&mut Vec::new(), root.into_inner())
}

/// The bare message, never the source line: that may hold a secret. A duplicate key is named.
fn syntax_error(message: &str, found: Option<&str>) -> String {
    match found {
        Some(key) if message == "duplicate key" && key.len() <= 64 && !key.contains(char::is_control) => {
            format!("invalid TOML: `{key}` stands here for a second time; write it once")
        }
        _ => format!("invalid TOML: {message}"),
    }
}

/// What would be right where a channel stands for a second time.
fn twice(message: &str, line: &str) -> Option<String> {
    let name = line.trim().trim_start_matches('[').split(']').next()?.trim();
    let known = keys::section(name).filter(|known| known.shape == Shape::Either && message == "duplicate key")?;
    let name = known.name;
    Some(format!(
        "invalid TOML: `{name}` stands here for a second time; write it once, or each as `[[{name}]]` with a `name`"
    ))
}

/// What would be right on a line whose value is a bare word, the commonest slip: quotes, or another word.
fn unquoted(line: &str) -> Option<&'static str> {
    let (key, value) = line.split_once('=')?;
    let is_key = key.trim().chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.'));
    let value = value.trim();
    let bare = value.starts_with(char::is_alphabetic) || value.starts_with(['/', '.', '#']) || value.starts_with("[:");
    if !is_key || key.trim().is_empty() || !bare {
        return None;
    }
    Some(match value.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => "invalid TOML: write `true`, in lower case",
        "no" | "off" | "false" => "invalid TOML: write `false`, in lower case",
        _ => "invalid TOML: a text stands without quotes; write it as `key = \"text\"`",
    })
}

struct Reader<'a> {
    file: &'a Path,
    lines: Lines,
    lookup: Lookup<'a>,
    bare: BTreeSet<usize>,
}

impl Reader<'_> {
    fn table(&self, path: &mut Vec<String>, table: DeTable<'_>) -> Result<Table, ConfigError> {
        // The parser keeps keys in alphabetical order.
        let mut found: Vec<_> = table.into_iter().collect();
        found.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::with_capacity(found.len());
        for (key, value) in found {
            let line = self.lines.at(key.span().start);
            path.push(key.into_inner().into_owned());
            let value = self.value(path, value)?;
            entries.extend(path.pop().map(|key| Entry { key, line, value }));
        }
        Ok(Table { entries })
    }

    fn value(&self, path: &mut Vec<String>, value: Spanned<DeValue<'_>>) -> Result<Value, ConfigError> {
        let start = value.span().start;
        let line = self.lines.at(start);
        let fault = |path: &[String], what: String| ConfigError::new(self.file, Some(line), &title(path), what);
        let plain = |kind| Ok(Value { line, kind, origin: Origin::Written });
        match value.into_inner() {
            DeValue::String(text) if self.bare.contains(&start) => {
                let (kind, text) = variables::whole(&text, self.lookup).map_err(|what| fault(path, what))?;
                Ok(Value { line, kind, origin: Origin::Variable(text) })
            }
            DeValue::String(text) => match variables::fill(&text, self.lookup).map_err(|what| fault(path, what))? {
                Some(text) => Ok(Value { line, kind: Kind::String(text.clone()), origin: Origin::Variable(text) }),
                None => plain(Kind::String(text.into_owned())),
            },
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => plain(Kind::Integer(number)),
                Err(_) => Err(fault(path, "is too large; write a number of at most 18 digits".to_owned())),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => plain(Kind::Float(number)),
                Err(_) => Err(fault(path, "is not a number; write one such as `0.5`".to_owned())),
            },
            DeValue::Boolean(flag) => plain(Kind::Boolean(flag)),
            DeValue::Datetime(_) => plain(Kind::Datetime),
            DeValue::Array(items) => {
                let items = items.into_iter().map(|item| self.value(path, item)).collect::<Result<_, _>>()?;
                plain(Kind::Array(items))
            }
            DeValue::Table(table) => plain(Kind::Table(self.table(path, table)?)),
        }
    }
}

/// The path of a key as people write it: `[notify.slack] hook_url`.
fn title(path: &[String]) -> String {
    match path {
        [] => String::new(),
        [key] => key.clone(),
        [sections @ .., key] => format!("[{}] {key}", sections.join(".")),
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at + 1).collect())
    }

    /// The line that holds a place in the text, from 1.
    fn at(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at) + 1
    }
}

#[cfg(test)]
mod tests {
    use std::env::VarError;

    use super::*;

    fn lookup(name: &str) -> Result<String, VarError> {
        match name {
            "NUMBER" => Ok("42".to_owned()),
            "FLAG" => Ok("true".to_owned()),
            "FLOAT" => Ok("0.5".to_owned()),
            "QUOTED" => Ok("\"in quotes\"".to_owned()),
            "TABLE" => Ok("1\n[evil]\nx = 1".to_owned()),
            "LIST" => Ok("[1]".to_owned()),
            _ => Err(VarError::NotPresent),
        }
    }

    fn read(text: &str) -> Table {
        parse(Path::new("vigil.cfg"), text, &lookup).unwrap()
    }

    fn error(text: &str) -> String {
        parse(Path::new("vigil.cfg"), text, &lookup).unwrap_err().to_string()
    }

    #[test]
    fn every_value_knows_its_line() {
        let root = read("\u{feff}b = 1\r\n\r\n[t]\r\na = [\r\n  \"x\",\r\n  \"y\",\r\n]\r\n[[s]]\n[[s.n]]\n[[s.n]]\n");
        let keys: Vec<_> = root.entries.iter().map(|entry| (entry.key.as_str(), entry.line)).collect();
        assert_eq!(keys, [("b", 1), ("t", 3), ("s", 8)]);
        let Kind::Table(t) = &root.get("t").unwrap().value.kind else { panic!("not a table") };
        let Kind::Array(items) = &t.get("a").unwrap().value.kind else { panic!("not a list") };
        assert_eq!(items.iter().map(|item| item.line).collect::<Vec<_>>(), [5, 6]);
        let Kind::Array(services) = &root.get("s").unwrap().value.kind else { panic!("not a list") };
        let Kind::Table(service) = &services[0].kind else { panic!("not a table") };
        let Kind::Array(nodes) = &service.get("n").unwrap().value.kind else { panic!("not a list") };
        assert_eq!(nodes.iter().map(|node| node.line).collect::<Vec<_>>(), [9, 10]);
    }

    #[test]
    fn a_bare_variable_becomes_one_scalar_and_never_structure() {
        let check = |name: &str, wanted: &str| {
            let root = read(&format!("a = ${{{name}}} # comment\nb = 2"));
            assert_eq!(format!("{:?}", root.entries[0].value.kind), wanted, "{name}");
            assert!(matches!(root.entries[0].value.origin, Origin::Variable(_)));
            assert_eq!((root.entries.len(), root.entries[1].line), (2, 2), "{name}");
        };
        check("NUMBER", "Integer(42)");
        check("FLAG", "Boolean(true)");
        check("FLOAT", "Float(0.5)");
        check("QUOTED", "String(\"in quotes\")");
        check("TABLE", "String(\"1\\n[evil]\\nx = 1\")");
        check("LIST", "String(\"[1]\")");
    }

    #[test]
    fn faults_name_their_line_and_never_the_text() {
        for (text, wanted) in [
            (
                "a = 1\nb = hunter2",
                "vigil.cfg:2: invalid TOML: a text stands without quotes; write it as `key = \"text\"`",
            ),
            ("a = 1\na = 2", "vigil.cfg:2: invalid TOML: `a` stands here for a second time; write it once"),
            ("[a]\nb = 99999999999999999999", "vigil.cfg:2: [a] b: is too large; write a number of at most 18 digits"),
        ] {
            assert_eq!(error(text), wanted);
        }
        assert!(error("a = 1\n[b]\nc = \"${NONE}\"").starts_with("vigil.cfg:3: [b] c: `${NONE}` is not in"));
        assert!(error("a = 1\n[${NUMBER}]").starts_with("vigil.cfg:2: `${NAME}` without quotes"));
    }
}
