//! The names by which things are found: of services, nodes and replicas.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde_derive::Deserialize;
use serde_derive::Serialize;

/// The identifier of a service (unique on the page) or of a node (unique in its service). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(Arc<str>);

/// The name of a replica, unique in its node: the URL as configured, or what its application reports. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReplicaId(Arc<str>);

/// Why a text cannot be an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing at all.
    #[error("is empty")]
    Empty,
    /// More bytes than the limit, which it carries.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character.
    #[error("has a control character")]
    Control,
}

impl Id {
    /// The longest id, in bytes of UTF-8: it stands in paths and log lines.
    pub const LONGEST: usize = 128;

    /// An id.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, too long or has a control character.
    pub fn new(text: &str) -> Result<Self, IdError> {
        bounded(text, Self::LONGEST).map(Self)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ReplicaId {
    /// The longest name that a report may carry, in bytes of UTF-8: it is kept in memory and shown in tooltips.
    pub const LONGEST: usize = 256;
    /// The longest URL that a configuration may name: what browsers and proxies take without trouble.
    pub const LONGEST_URL: usize = 2_048;

    /// The name of a replica that reports.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, longer than [`ReplicaId::LONGEST`], or has a control character.
    pub fn reported(text: &str) -> Result<Self, IdError> {
        bounded(text, Self::LONGEST).map(Self)
    }

    /// The name of a replica that is polled: its URL as it was written.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, longer than [`ReplicaId::LONGEST_URL`], or has a control character.
    pub fn configured(text: &str) -> Result<Self, IdError> {
        bounded(text, Self::LONGEST_URL).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn bounded(text: &str, longest: usize) -> Result<Arc<str>, IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > longest {
        return Err(IdError::TooLong(longest));
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control);
    }
    Ok(Arc::from(text))
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl TryFrom<String> for ReplicaId {
    type Error = IdError;

    /// By the wider limit: what was stored may be of either kind.
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::configured(&text)
    }
}

macro_rules! reads_as_text {
    ($name:ident) => {
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\"{self}\"")
            }
        }
    };
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ReplicaId {
    /// The name as people may see it: a URL without its user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.split_once("://").and_then(|(scheme, rest)| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let at = rest.get(..end)?.rfind('@')?;
            Some((scheme, rest.get(at + 1..)?))
        });
        match shown {
            Some((scheme, rest)) => write!(f, "{scheme}://[..]@{rest}"),
            None => f.write_str(&self.0),
        }
    }
}

reads_as_text!(Id);
reads_as_text!(ReplicaId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_of_a_url_are_not_shown() {
        for (name, shown) in [
            ("https://user:pass@host/path", "https://[..]@host/path"),
            ("http://user@host", "http://[..]@host"),
            ("http://host/a@b?c@d", "http://host/a@b?c@d"),
            ("tcp://[::1]:80", "tcp://[::1]:80"),
            ("worker@host", "worker@host"),
        ] {
            assert_eq!(ReplicaId::configured(name).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn ids_have_limits() {
        for (text, wanted) in [
            ("web", Ok(())),
            ("Bücher & 本", Ok(())),
            ("", Err(IdError::Empty)),
            ("a\nb", Err(IdError::Control)),
            ("\u{7f}", Err(IdError::Control)),
        ] {
            assert_eq!(Id::new(text).map(|_| ()), wanted, "{text:?}");
            assert_eq!(ReplicaId::reported(text).map(|_| ()), wanted, "{text:?}");
        }
        assert!(Id::new(&"a".repeat(128)).is_ok());
        assert_eq!(Id::new(&"a".repeat(129)).unwrap_err(), IdError::TooLong(128));
        assert!(ReplicaId::reported(&"é".repeat(128)).is_ok());
        assert_eq!(ReplicaId::reported(&"é".repeat(129)).unwrap_err(), IdError::TooLong(256));
        assert!(ReplicaId::configured(&"a".repeat(2_048)).is_ok());
    }
}
