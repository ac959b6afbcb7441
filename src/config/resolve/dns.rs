//! The grammar of `dns://` replicas.

use std::str::FromStr;

use domain::base::Name;
use domain::base::Rtype;
use percent_encoding::percent_decode_str;
use url::Host;
use url::Url;

use super::super::dns::Dns;
use super::super::dns::Expected;
use super::replica::host;

const DEFAULT_PORT: u16 = 53;

/// The types that can be asked for: those whose records say something by themselves.
const KINDS: [Rtype; 15] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::CAA,
    Rtype::CNAME,
    Rtype::DNSKEY,
    Rtype::DS,
    Rtype::HTTPS,
    Rtype::MX,
    Rtype::NS,
    Rtype::PTR,
    Rtype::SOA,
    Rtype::SRV,
    Rtype::SVCB,
    Rtype::TLSA,
    Rtype::TXT,
];

const BAD: &str = "is not a name server and a name; write one such as `dns://192.0.2.53/example.com?type=A`";
const PORT_ZERO: &str = "has the port 0, where nothing listens; leave it out for 53, or write the port of the server";
const BAD_NAME: &str = "asks for what is no name; write one such as `dns://192.0.2.53/example.com?type=A`";
const BAD_KIND: &str = "asks for records of no known type; write one of A, AAAA, CAA, CNAME, DNSKEY, DS, HTTPS, MX, NS, \
    PTR, SOA, SRV, SVCB, TLSA and TXT";
const BAD_EXPECTED: &str = "expects what no record of its type can have; write it as in a zone file, \
    such as `?type=A&expect=192.0.2.1`";
const MORE: &str = "has more than `type` and `expect`, each once, behind its name; \
    write it such as `dns://192.0.2.53/example.com?type=A&expect=192.0.2.1`";

/// Reads the text of a replica.
///
/// # Errors
/// What is wrong with it, as it reads after the text, and what would be right.
pub(super) fn dns(text: &str) -> Result<Dns, &'static str> {
    let url = Url::parse(text).map_err(|_| BAD)?;
    let host = host(&url).ok_or(BAD)?;
    let port = match url.port() {
        Some(0) => return Err(PORT_ZERO),
        port => port.unwrap_or(DEFAULT_PORT),
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(MORE);
    }
    let name = name(url.path().strip_prefix('/').unwrap_or_default()).ok_or(BAD_NAME)?;
    let (mut kind, mut expected) = (None, None);
    for pair in url.query().into_iter().flat_map(|query| query.split('&')) {
        match pair.split_once('=') {
            Some(("type", value)) if kind.is_none() => kind = Some(value),
            Some(("expect", value)) if expected.is_none() => expected = Some(decoded(value).ok_or(BAD_EXPECTED)?),
            _ => return Err(MORE),
        }
    }
    let kind = kind.map_or(Ok(Rtype::A), Rtype::from_str).ok().filter(|kind| KINDS.contains(kind)).ok_or(BAD_KIND)?;
    let expected = expected.map(|text| Expected::new(kind, &text).ok_or(BAD_EXPECTED)).transpose()?;
    Ok(Dns { host, port, name, kind, expected })
}

fn name(path: &str) -> Option<Name<Vec<u8>>> {
    let name =
        decoded(path).filter(|name| !name.is_empty() && !name.contains(|c: char| c == '/' || c.is_whitespace()))?;
    if name.is_ascii() {
        return Name::from_str(&name).ok();
    }
    // The form in which names of other scripts are asked for.
    let Ok(Host::Domain(ascii)) = Host::parse(&name) else { return None };
    Name::from_str(&ascii).ok()
}

/// A `+` is one, as it is in the values of many texts.
fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The query in short, or what is wrong.
    fn check(text: &str, wanted: Result<&str, &str>) {
        let found = dns(text).map(|dns| {
            let expected = dns.expected.map_or(String::new(), |expected| format!(" {}", expected.as_str()));
            format!("{} {} {} {}{expected}", dns.host, dns.port, dns.name, dns.kind)
        });
        assert_eq!(found.as_deref().map_err(|what| *what), wanted, "{text}");
    }

    #[test]
    fn queries_are_read_by_their_grammar() {
        for (text, wanted) in [
            ("dns://192.0.2.53/example.com", Ok("192.0.2.53 53 example.com A")),
            ("DNS://[2001:DB8::53]:5353/Example.com.?type=aaaa", Ok("2001:db8::53 5353 Example.com AAAA")),
            ("dns://ns1.example.com/_dmarc.example.com?type=TXT", Ok("ns1.example.com 53 _dmarc.example.com TXT")),
            ("dns://ns/example.com?type=A&expect=192.0.2.1", Ok("ns 53 example.com A 192.0.2.1")),
            ("dns://ns/example.com?expect=10%20MX.example.com.&type=MX", Ok("ns 53 example.com MX 10 mx.example.com")),
            (
                "dns://ns/example.com?type=TXT&expect=v=spf1 a:b+c%26d -all",
                Ok("ns 53 example.com TXT v=spf1 a:b+c&d -all"),
            ),
            ("dns://ns/bücher.example", Ok("ns 53 xn--bcher-kva.example A")),
            ("dns://ns", Err(BAD_NAME)),
            ("dns://ns/", Err(BAD_NAME)),
            ("dns://ns/a/b", Err(BAD_NAME)),
            ("dns://ns/a..b", Err(BAD_NAME)),
            ("dns://ns/a%20b", Err(BAD_NAME)),
            ("dns://ns/%ff", Err(BAD_NAME)),
            ("dns:///example.com", Err(BAD)),
            ("dns://ns:x/example.com", Err(BAD)),
            ("dns://ns:0/example.com", Err(PORT_ZERO)),
            ("dns://ns/example.com?type=ANY", Err(BAD_KIND)),
            ("dns://ns/example.com?type=AXFR", Err(BAD_KIND)),
            ("dns://ns/example.com?type=B", Err(BAD_KIND)),
            ("dns://ns/example.com?type=", Err(BAD_KIND)),
            ("dns://ns/example.com?expect=::1", Err(BAD_EXPECTED)),
            ("dns://ns/example.com?type=A&type=A", Err(MORE)),
            ("dns://ns/example.com?class=CH", Err(MORE)),
            ("dns://ns/example.com?type", Err(MORE)),
            ("dns://ns/example.com#x", Err(MORE)),
            ("dns://user@ns/example.com", Err(MORE)),
        ] {
            check(text, wanted);
        }
        assert!(KINDS.iter().all(|kind| BAD_KIND.contains(&kind.to_string())));
    }
}
