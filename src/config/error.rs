//! Why a file was refused, and what was odd about one that was not.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// Where in the file something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: PathBuf,
    /// The line, from 1; none when the file itself is meant, or a key that is missing from it.
    pub line: Option<usize>,
    /// The path of the key, such as `[notify.slack] hook_url`; empty when the file itself is meant.
    pub key: String,
}

/// Why a file was refused: one line that says where, what, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// What is wrong and what would be right; never a secret.
    pub what: String,
}

/// Something odd in a file that is used all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What is odd.
    pub what: String,
    /// Whether it is a key that no version knows, which `vigil check` counts as an error.
    pub unknown: bool,
}

/// Something that works as it stands in a file, and that is said another way today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// Where.
    pub place: Place,
    /// What is old, and how the same is said today.
    pub what: String,
}

impl ConfigError {
    pub(super) fn new(file: &Path, line: Option<usize>, key: &str, what: impl Into<String>) -> Self {
        Self { place: Place { file: file.to_owned(), line, key: key.to_owned() }, what: what.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        Ok(())
    }
}

impl fmt::Display for Old {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
