//! The grammar of replicas: `http://`, `https://`, `tcp://host:port`, `tls://host:port` and `dns://server/name`.

use std::sync::Arc;

use url::Host;
use url::Url;

use super::super::Address;
use super::super::http::Http;
use super::super::tls::StartTls;
use super::dns::dns;
use super::web_url::callable;

/// What a replica's text is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A target.
    Asked(Address),
    /// A kind that is known and not supported yet, such as `icmp://`.
    NotYet(&'static str),
}

/// Reads the text of a replica, which is asked in the way of its node.
///
/// # Errors
/// What is wrong with it, as it reads after the text, and what would be right.
pub(super) fn replica(text: &str, how: &Arc<Http>) -> Result<Kind, &'static str> {
    let Some((scheme, rest)) = text.trim_start().split_once("://") else { return Err(OTHER) };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => http(text, rest, how),
        "tcp" => tcp(text),
        "tls" => tls(text, how),
        "dns" => Ok(Kind::Asked(Address::Dns(Box::new(dns(text)?)))),
        "icmp" => Ok(Kind::NotYet("icmp://")),
        "ssh" => Ok(Kind::NotYet("ssh://")),
        _ => Err(OTHER),
    }
}

const OTHER: &str = "begins with none of `http://`, `https://`, `tcp://`, `tls://` and `dns://`; \
    write one such as `https://example.com/` or `tcp://example.com:25`";
const BAD_HTTP: &str =
    "is not a URL that can be asked; write one such as `https://example.com/` or `http://[::1]:8080/`";
const BAD_TCP: &str = "is not a host and a port; write one such as `tcp://example.com:25` or `tcp://[::1]:25`";
const BAD_TLS: &str = "is not a host and a port; write one such as `tls://example.com:443` or `tls://[::1]:993`";
const TLS_MORE: &str = "has more than a host and a port; write one such as `tls://example.com:443`, \
    with `?starttls=smtp` or `?starttls=imap` where the protocol begins in the clear";
const NO_PORT: &str = "has no port; write one after the host, as in `tcp://example.com:25`";
const PORT_ZERO: &str = "has the port 0, where nothing listens; write the port of the service";
const WITH_PATH: &str = "has a path; write one such as `tcp://example.com:25`";

fn http(text: &str, rest: &str, how: &Arc<Http>) -> Result<Kind, &'static str> {
    // A browser takes the first part of `http:///path` for the host.
    if rest.starts_with(['/', '\\']) {
        return Err(BAD_HTTP);
    }
    match Url::parse(text) {
        Ok(url) if url.port() == Some(0) => Err(PORT_ZERO),
        Ok(url) if callable(&url) => Ok(Kind::Asked(Address::Http { url, how: how.clone() })),
        _ => Err(BAD_HTTP),
    }
}

/// User, query and fragment say nothing here and are let pass, as is the one `/` that old files have.
fn tcp(text: &str) -> Result<Kind, &'static str> {
    let url = Url::parse(text).map_err(|_| BAD_TCP)?;
    let host = host(&url).ok_or(BAD_TCP)?;
    match (url.port(), url.path()) {
        (None, _) => Err(NO_PORT),
        (Some(0), _) => Err(PORT_ZERO),
        (Some(port), "" | "/") => Ok(Kind::Asked(Address::Tcp { host, port })),
        (Some(_), _) => Err(WITH_PATH),
    }
}

fn tls(text: &str, how: &Arc<Http>) -> Result<Kind, &'static str> {
    let url = Url::parse(text).map_err(|_| BAD_TLS)?;
    let host = host(&url).ok_or(BAD_TLS)?;
    let starttls = match url.query() {
        None => None,
        Some("starttls=smtp") => Some(StartTls::Smtp),
        Some("starttls=imap") => Some(StartTls::Imap),
        Some(_) => return Err(TLS_MORE),
    };
    let bare = matches!(url.path(), "" | "/") && url.fragment().is_none() && url.username().is_empty();
    match url.port() {
        None => Err(NO_PORT),
        Some(0) => Err(PORT_ZERO),
        Some(_) if !bare || url.password().is_some() => Err(TLS_MORE),
        Some(port) => Ok(Kind::Asked(Address::Tls { host, port, starttls, trust: how.trust.clone() })),
    }
}

/// The host of a URL whose scheme is not one of the web's, without brackets.
pub(super) fn host(url: &Url) -> Option<String> {
    Some(match Host::parse(url.host_str()?).ok()? {
        Host::Ipv6(ip) => ip.to_string(),
        host => host.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address in short, or the beginning of what is wrong.
    fn check(text: &str, wanted: &str) {
        let found = match replica(text, &Arc::default()) {
            Ok(Kind::Asked(Address::Http { url, .. })) => format!("http {url}"),
            Ok(Kind::Asked(Address::Tcp { host, port })) => format!("tcp {host} {port}"),
            Ok(Kind::Asked(Address::Tls { host, port, starttls, .. })) => {
                format!("tls {host} {port}{}", starttls.map_or(String::new(), |before| format!(" {before:?}")))
            }
            Ok(Kind::Asked(Address::Dns(dns))) => format!("dns {} {}", dns.host, dns.name),
            Ok(Kind::NotYet(kind)) => format!("not yet {kind}"),
            Err(BAD_HTTP) => "bad http".to_owned(),
            Err(BAD_TCP) => "bad tcp".to_owned(),
            Err(BAD_TLS) => "bad tls".to_owned(),
            Err(TLS_MORE) => "more than tls".to_owned(),
            Err(OTHER) => "other".to_owned(),
            Err(NO_PORT) => "no port".to_owned(),
            Err(PORT_ZERO) => "port 0".to_owned(),
            Err(WITH_PATH) => "path".to_owned(),
            Err(other) => other.to_owned(),
        };
        assert_eq!(found, wanted, "{text:?}");
    }

    #[test]
    fn replicas_are_read_by_their_grammar() {
        for (text, wanted) in [
            ("http://example.com", "http http://example.com/"),
            ("HTTPS://Example.com:8443/a?b=c#d", "http https://example.com:8443/a?b=c#d"),
            ("http://user:pass@[::1]:80/", "http http://user:pass@[::1]/"),
            ("http://127.0.0.1:1", "http http://127.0.0.1:1/"),
            ("https://bücher.example/ü?ü", "http https://xn--bcher-kva.example/%C3%BC?%C3%BC"),
            ("http://example.com/a b|c^d`e{f}", "http http://example.com/a%20b|c^d%60e%7Bf%7D"),
            ("http://", "bad http"),
            ("http:///path", "bad http"),
            ("http://:80/", "bad http"),
            ("http://a:0/", "port 0"),
            ("http://a:65536/", "bad http"),
            ("http://a b/", "bad http"),
            ("http://[::1/", "bad http"),
            ("http:example.com", "other"),
            ("tcp://example.com:25", "tcp example.com 25"),
            ("TCP://EXAMPLE.com:25/", "tcp example.com 25"),
            ("tcp://[::1]:25", "tcp ::1 25"),
            ("tcp://[2001:DB8::1]:25/", "tcp 2001:db8::1 25"),
            ("tcp://127.0.0.1:25", "tcp 127.0.0.1 25"),
            ("tcp://bücher.example:25", "tcp xn--bcher-kva.example 25"),
            ("tcp://user@host:1", "tcp host 1"),
            ("tcp://host:1?x", "tcp host 1"),
            ("tcp://host:1#x", "tcp host 1"),
            ("tcp://db_main:5432", "tcp db_main 5432"),
            ("tcp://host", "no port"),
            ("tcp://host:", "no port"),
            ("tcp://host:0", "port 0"),
            ("tcp://host:65536", "bad tcp"),
            ("tcp://host:x", "bad tcp"),
            ("tcp://host:1/path", "path"),
            ("tcp://:25", "bad tcp"),
            ("tcp://", "bad tcp"),
            ("tcp://::1:25", "bad tcp"),
            ("tcp:host:25", "other"),
            ("tls://example.com:443", "tls example.com 443"),
            ("TLS://[2001:DB8::1]:993/", "tls 2001:db8::1 993"),
            ("tls://mail.example.com:587?starttls=smtp", "tls mail.example.com 587 Smtp"),
            ("tls://mail.example.com:143/?starttls=imap", "tls mail.example.com 143 Imap"),
            ("tls://mail.example.com:110?starttls=pop3", "more than tls"),
            ("tls://mail.example.com:587?STARTTLS=smtp", "more than tls"),
            ("tls://mail.example.com:587?starttls=smtp&x", "more than tls"),
            ("tls://example.com:443/path", "more than tls"),
            ("tls://example.com:443#x", "more than tls"),
            ("tls://user@example.com:443", "more than tls"),
            ("tls://:pass@example.com:443", "more than tls"),
            ("tls://example.com", "no port"),
            ("tls://example.com:0", "port 0"),
            ("tls://:443", "bad tls"),
            ("tls://example.com:x", "bad tls"),
            ("DNS://192.0.2.53/example.com?type=MX", "dns 192.0.2.53 example.com"),
            ("icmp://example.com", "not yet icmp://"),
            ("ICMP://example.com/", "not yet icmp://"),
            ("ssh://example.com:22", "not yet ssh://"),
            ("ftp://example.com", "other"),
            ("example.com:80", "other"),
            ("//example.com", "other"),
            ("://", "other"),
            ("", "other"),
        ] {
            check(text, wanted);
        }
    }
}
