//! Addresses of XMPP (RFC 7622): `local@domain`, with a `/resource` if it is to be that one.

use std::fmt;
use std::str::FromStr;

/// The longest part of an address, in bytes (RFC 7622, 3).
const PART_MAX: usize = 1023;

/// What the part before the `@` cannot have (RFC 7622, 3.3.1).
const NOT_LOCAL: &[char] = &['"', '&', '\'', '/', ':', '<', '>', '@'];

/// An address of XMPP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jid {
    /// The user.
    pub local: String,
    /// The server's domain, in lower case.
    pub domain: String,
    /// One of the user's devices.
    pub resource: Option<String>,
}

/// The text is not such an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an XMPP address")]
pub struct NotAJid;

impl FromStr for Jid {
    type Err = NotAJid;

    fn from_str(text: &str) -> Result<Self, NotAJid> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = bare.split_once('@').ok_or(NotAJid)?;
        for part in [Some(local), Some(domain), resource].into_iter().flatten() {
            if part.is_empty() || part.len() > PART_MAX || part.chars().any(char::is_control) {
                return Err(NotAJid);
            }
        }
        let has_space = bare.chars().any(char::is_whitespace);
        if has_space || local.contains(NOT_LOCAL) || url::Host::parse(domain).is_err() {
            return Err(NotAJid);
        }
        let (local, domain) = (local.to_owned(), domain.to_lowercase());
        Ok(Self { local, domain, resource: resource.map(str::to_owned) })
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)?;
        self.resource.as_ref().map_or(Ok(()), |resource| write!(f, "/{resource}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_put_together() {
        for (text, local, domain, resource) in [
            ("ops@example.org", "ops", "example.org", None),
            ("ops@Example.org/desk", "ops", "example.org", Some("desk")),
            ("ops@localhost/a/b@c d", "ops", "localhost", Some("a/b@c d")),
            ("äö@müller.example", "äö", "müller.example", None),
            ("ops@[::1]", "ops", "[::1]", None),
        ] {
            let jid: Jid = text.parse().unwrap();
            assert_eq!((jid.local.as_str(), jid.domain.as_str(), jid.resource.as_deref()), (local, domain, resource));
            assert_eq!(jid.to_string(), text.replace("Example", "example"));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!("{}@example.org", "x".repeat(PART_MAX + 1));
        for text in [
            "",
            "@",
            "ops",
            "ops@",
            "@example.org",
            "ops@example.org/",
            "a b@example.org",
            "a@b@c",
            "a&b@c",
            "a@b c",
            "a\n@b",
            &long,
        ] {
            assert_eq!(text.parse::<Jid>(), Err(NotAJid), "{text}");
        }
    }
}
