//! Reading a value: with its place, and with errors that say what would be right.
//! What a key takes comes from the catalogue, so that an error and the documentation say the same.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use super::document::Entry;
use super::document::Kind;
use super::document::Origin;
use super::document::Value;
use super::error::ConfigError;
use super::error::Place;
use super::keys::Key;
use super::section::Section;

/// How many characters of the name of a part a message has room for.
const PART_LONGEST: usize = 80;

/// A key that the file has, or a part of its value.
pub(super) struct Field<'s, 'a> {
    section: &'s Section<'a>,
    key: &'static Key,
    /// Which part of its value, such as `[2]` of a list or `.name` of a table; empty for all of it.
    part: String,
    value: &'a Value,
}

impl<'s, 'a> Field<'s, 'a> {
    /// The value of `key` in `section`.
    pub(super) fn new(section: &'s Section<'a>, key: &'static Key, value: &'a Value) -> Self {
        Self { section, key, part: String::new(), value }
    }

    /// Its text, if it is a string.
    pub(super) fn text(&self) -> Result<&'a str, ConfigError> {
        match (&self.value.kind, &self.value.origin) {
            // A variable may hold a token that happens to be all digits.
            (Kind::String(text), _)
            | (Kind::Integer(_) | Kind::Float(_) | Kind::Boolean(_), Origin::Variable(text)) => Ok(text),
            (other, _) => Err(self.mistyped(other)),
        }
    }

    /// A text for people: not empty, without control characters.
    pub(super) fn words(&self) -> Result<&'a str, ConfigError> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return Err(self.wrong("is empty"));
        }
        if text.contains(char::is_control) {
            return Err(self.wrong("has a line break or another control character in it"));
        }
        Ok(text)
    }

    /// What its text means to `T`; `problem` is what is said when it means nothing.
    pub(super) fn parsed<T: FromStr>(&self, problem: &str) -> Result<T, ConfigError> {
        self.text()?.parse().map_err(|_| self.wrong(problem))
    }

    /// Whether it is `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, ConfigError> {
        match &self.value.kind {
            Kind::Boolean(flag) => Ok(*flag),
            other => Err(self.mistyped(other)),
        }
    }

    /// A whole number within `range`.
    pub(super) fn whole<T: TryFrom<i64> + Copy + Into<i64>>(&self, range: RangeInclusive<T>) -> Result<T, ConfigError> {
        match self.value.kind {
            Kind::Integer(number) if number < (*range.start()).into() => Err(self.wrong("is too small")),
            Kind::Integer(number) if number > (*range.end()).into() => Err(self.wrong("is too large")),
            Kind::Integer(number) => T::try_from(number).map_err(|_| self.wrong("is too large")),
            ref other => Err(self.mistyped(other)),
        }
    }

    /// A number, with a fraction or without.
    pub(super) fn number(&self) -> Result<f64, ConfigError> {
        match self.value.kind {
            #[expect(clippy::cast_precision_loss, reason = "a limit this large is absurd, and refused as such")]
            Kind::Integer(number) => Ok(number as f64),
            Kind::Float(number) => Ok(number),
            ref other => Err(self.mistyped(other)),
        }
    }

    /// A text, a number or a boolean, as JSON has it.
    pub(super) fn json(&self) -> Result<serde_json::Value, ConfigError> {
        Ok(match &self.value.kind {
            Kind::String(text) => text.as_str().into(),
            Kind::Integer(number) => (*number).into(),
            Kind::Float(number) if !number.is_finite() => return Err(self.wrong("does not exist in JSON")),
            Kind::Float(number) => (*number).into(),
            Kind::Boolean(flag) => (*flag).into(),
            other => return Err(self.mistyped(other)),
        })
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<Field<'s, 'a>>, ConfigError> {
        match &self.value.kind {
            Kind::Array(items) => {
                Ok(items.iter().enumerate().map(|(at, value)| self.part(&format!("[{}]", at + 1), value)).collect())
            }
            other => Err(self.mistyped(other)),
        }
    }

    /// The entries of a table, with their names.
    pub(super) fn pairs(&self) -> Result<Vec<(&'a str, Field<'s, 'a>)>, ConfigError> {
        match &self.value.kind {
            Kind::Table(table) => {
                let pair = |entry: &'a Entry| (entry.key.as_str(), self.part(&format!(".{}", entry.key), &entry.value));
                Ok(table.entries.iter().map(pair).collect())
            }
            other => Err(self.mistyped(other)),
        }
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.value.kind, Kind::Array(_))
    }

    fn part(&self, name: &str, value: &'a Value) -> Field<'s, 'a> {
        Field { section: self.section, key: self.key, part: format!("{}{name}", self.part), value }
    }

    /// That its value is wrong, after which the catalogue says what would be right.
    pub(super) fn wrong(&self, problem: &str) -> ConfigError {
        self.fault(format!("{} {problem}; write {}", Shown(self), self.takes()))
    }

    /// That its value is wrong, and what would be right, in the caller's words.
    pub(super) fn wrong_so(&self, what: &str) -> ConfigError {
        self.fault(format!("{} {what}", Shown(self)))
    }

    /// That it is wrong, all in words of the caller's own.
    pub(super) fn fault(&self, what: impl Into<String>) -> ConfigError {
        ConfigError { place: self.place(), what: what.into() }
    }

    /// That it is odd.
    pub(super) fn warn(&self, what: impl Into<String>) {
        self.section.note(self.place(), what.into(), false);
    }

    /// That it is written as in old files, and how it is written today.
    pub(super) fn old(&self, what: impl Into<String>) {
        self.section.note_old(self.place(), what.into());
    }

    fn takes(&self) -> &'static str {
        if self.part.is_empty() { self.key.takes } else { self.key.takes_each }
    }

    fn place(&self) -> Place {
        let mut place = self.section.place(self.key.name);
        if !self.part.is_empty() {
            let part = self.part.chars().map(|one| if one.is_control() { '?' } else { one });
            place.key.extend(part.take(PART_LONGEST));
            place.line = Some(self.value.line);
        }
        place
    }

    /// The folder of the file.
    pub(super) fn folder(&self) -> &'a Path {
        self.section.context.file.parent().unwrap_or(Path::new(""))
    }

    fn mistyped(&self, found: &Kind) -> ConfigError {
        self.fault(format!("is {}; write {}", found.word(), self.takes()))
    }
}

/// The value of a field in a message, unless it is a secret or may hold one.
struct Shown<'f>(&'f Field<'f, 'f>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.value.origin {
            Origin::Written => {}
            Origin::Variable(_) => return f.write_str("the value from the environment"),
            Origin::File => return f.write_str("the value in the file"),
        }
        match &self.0.value.kind {
            _ if self.0.key.secret => f.write_str("the value"),
            // A password may stand before the `@` of a URL, and a token behind its `?`.
            Kind::String(text) if text.contains(':') && text.contains(['@', '?']) => f.write_str("the value"),
            Kind::String(text) if text.is_empty() => f.write_str("the value"),
            Kind::String(text) => Name(text).fmt(f),
            Kind::Integer(number) => write!(f, "`{number}`"),
            Kind::Float(number) => write!(f, "`{number}`"),
            Kind::Boolean(flag) => write!(f, "`{flag}`"),
            Kind::Datetime | Kind::Array(_) | Kind::Table(_) => f.write_str("the value"),
        }
    }
}

/// A text of the file in a message: in backticks, on one line, of bounded length.
pub(super) struct Name<'a>(pub(super) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        let shown: String = self.0.chars().take(LONGEST).map(|one| if one.is_control() { '?' } else { one }).collect();
        write!(f, "`{shown}{}`", if self.0.chars().nth(LONGEST).is_some() { "…" } else { "" })
    }
}
