//! `dns://server[:port]/name?type=A&expect=192.0.2.1`: what a name server is asked, and what it should say.

use std::net::IpAddr;

use domain::base::Name;
use domain::base::Rtype;

/// A query to a name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// The server: a name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name that is asked for.
    pub name: Name<Vec<u8>>,
    /// The type of the records that are asked for.
    pub kind: Rtype,
    /// The record that has to be among the answers; without it, any will do.
    pub expected: Option<Expected>,
}

/// The data of a record, in the form in which two that are the same are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    kind: Rtype,
    data: String,
}

impl Expected {
    /// What a record of that type has, as it is written in a zone file; none when no such record can have it.
    #[must_use]
    pub fn new(kind: Rtype, text: &str) -> Option<Self> {
        let possible = match kind {
            Rtype::A => text.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()),
            Rtype::AAAA => text.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()),
            Rtype::TXT => true,
            _ => !text.trim().is_empty(),
        };
        possible.then(|| Self { kind, data: normal(kind, text) })
    }

    /// Whether a record of the type has that; of an MX its host alone is enough.
    #[must_use]
    pub fn is(&self, found: &str) -> bool {
        let found = normal(self.kind, found);
        let host = if self.kind == Rtype::MX { found.split(' ').nth(1) } else { None };
        found == self.data || host == Some(self.data.as_str())
    }

    /// As it is compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.data
    }
}

/// Texts are as they are. All else is words, whose case and whose dot at the end of a name mean nothing.
fn normal(kind: Rtype, text: &str) -> String {
    match kind {
        Rtype::TXT => text.to_owned(),
        Rtype::A | Rtype::AAAA => text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |ip| ip.to_string()),
        _ => {
            let bare = |word: &str| word.strip_suffix('.').unwrap_or(word).to_ascii_lowercase();
            text.split_whitespace().map(bare).collect::<Vec<_>>().join(" ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_the_expected_one_however_it_is_written() {
        for (kind, expected, found, wanted) in [
            (Rtype::A, "192.0.2.1", "192.0.2.1", true),
            (Rtype::A, "192.0.2.1", "192.0.2.11", false),
            (Rtype::AAAA, "2001:DB8:0::1", "2001:db8::1", true),
            (Rtype::CNAME, "Example.COM", "example.com.", true),
            (Rtype::CNAME, "example.com", "www.example.com", false),
            (Rtype::MX, "10 mail.example.com.", "10 mail.example.com", true),
            (Rtype::MX, "mail.example.com", "10 mail.example.com", true),
            (Rtype::MX, "20 mail.example.com", "10 mail.example.com", false),
            (Rtype::MX, "10", "10 mail.example.com", false),
            (Rtype::TXT, "v=spf1 -all", "v=spf1 -all", true),
            (Rtype::TXT, "v=spf1 -all", "v=spf1  -ALL", false),
            (Rtype::SOA, "ns. host. 1 2 3 4 5", "NS host  1 2 3 4 5", true),
        ] {
            assert_eq!(Expected::new(kind, expected).unwrap().is(found), wanted, "{kind} {expected} {found}");
        }
    }

    #[test]
    fn what_no_record_can_have_is_not_expected() {
        for (kind, text) in [(Rtype::A, "::1"), (Rtype::A, "example.com"), (Rtype::AAAA, "192.0.2.1"), (Rtype::NS, " ")]
        {
            assert_eq!(Expected::new(kind, text), None, "{kind} {text}");
        }
    }
}
