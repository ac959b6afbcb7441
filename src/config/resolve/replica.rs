//! The grammar of replicas: `http://`, `https://`, `tcp://host:port`, `tls://host:port`, `ssh://host:port`, `icmp://host`
//! and `dns://server/name`.

use std::sync::Arc;

use url::Host;
use url::Url;

use super::super::Address;
use super::super::http::Http;
use super::super::tls::StartTls;
use super::super::tls::Trust;
use super::dns::dns;
use super::web_url::callable;

/// Reads a replica's text; it is asked in the way of its node.
///
/// # Errors
/// What is wrong with it, as it reads after the text, and what would be right.
pub(super) fn replica(text: &str, how: &Arc<Http>) -> Result<Address, &'static str> {
    let Some((scheme, rest)) = text.trim_start().split_once("://") else { return Err(OTHER) };
    let parsed = |bad| Url::parse(text).map_err(|_| bad);
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => http(text, rest, how),
        "tcp" => host_and_port(&parsed(TCP.bad)?, &TCP).map(|(host, port)| Address::Tcp { host, port }),
        "tls" => tls(&parsed(TLS.bad)?, &how.trust),
        "ssh" => host_and_port(&parsed(SSH.bad)?, &SSH).map(|(host, port)| Address::Ssh { host, port }),
        "icmp" => icmp(&parsed(BAD_ICMP)?),
        "dns" => dns(text).map(|query| Address::Dns(Box::new(query))),
        _ => Err(OTHER),
    }
}

const OTHER: &str = "begins with none of `http://`, `https://`, `tcp://`, `tls://`, `ssh://`, `icmp://` and `dns://`; \
    write one such as `https://example.com/` or `tcp://example.com:25`";
const BAD_HTTP: &str =
    "is not a URL that can be asked; write one such as `https://example.com/` or `http://[::1]:8080/`";
const TLS_MORE: &str = "has more than a host and a port; write one such as `tls://example.com:443`, \
    with `?starttls=smtp` or `?starttls=imap` where the protocol begins in the clear";
const PORT_ZERO: &str = "has the port 0, where nothing listens; write the port of the service";
const BAD_ICMP: &str = "is not a host; write one such as `icmp://example.com` or `icmp://[::1]`";
const ICMP_PORT: &str = "has a port, which pings do not know; write one such as `icmp://example.com`";
const ICMP_PATH: &str = "has a path; write one such as `icmp://example.com`";

/// What is said when a replica is not a host and a port.
struct Words {
    bad: &'static str,
    no_port: &'static str,
    with_path: &'static str,
}

const TCP: Words = Words {
    bad: "is not a host and a port; write one such as `tcp://example.com:25` or `tcp://[::1]:25`",
    no_port: "has no port; write one such as `tcp://example.com:25`",
    with_path: "has a path; write one such as `tcp://example.com:25`",
};
const TLS: Words = Words {
    bad: "is not a host and a port; write one such as `tls://example.com:443` or `tls://[::1]:993`",
    no_port: "has no port; write one such as `tls://example.com:443`",
    with_path: TLS_MORE,
};
const SSH: Words = Words {
    bad: "is not a host and a port; write one such as `ssh://example.com:22` or `ssh://[::1]:22`",
    no_port: "has no port; write one such as `ssh://example.com:22`",
    with_path: "has a path; write one such as `ssh://example.com:22`",
};

fn http(text: &str, rest: &str, how: &Arc<Http>) -> Result<Address, &'static str> {
    // A browser takes the first part of `http:///path` for the host.
    if rest.starts_with(['/', '\\']) {
        return Err(BAD_HTTP);
    }
    match Url::parse(text) {
        Ok(url) if url.port() == Some(0) => Err(PORT_ZERO),
        Ok(url) if callable(&url) => Ok(Address::Http { url, how: how.clone() }),
        _ => Err(BAD_HTTP),
    }
}

/// User, query and fragment say nothing here and are let pass, as is the one `/` that old files have.
fn host_and_port(url: &Url, words: &Words) -> Result<(String, u16), &'static str> {
    let host = host(url).ok_or(words.bad)?;
    match (url.port(), url.path()) {
        (None, _) => Err(words.no_port),
        (Some(0), _) => Err(PORT_ZERO),
        (Some(port), "" | "/") => Ok((host, port)),
        (Some(_), _) => Err(words.with_path),
    }
}

fn tls(url: &Url, trust: &Arc<Trust>) -> Result<Address, &'static str> {
    let (host, port) = host_and_port(url, &TLS)?;
    let starttls = match url.query() {
        None => None,
        Some("starttls=smtp") => Some(StartTls::Smtp),
        Some("starttls=imap") => Some(StartTls::Imap),
        Some(_) => return Err(TLS_MORE),
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(TLS_MORE);
    }
    Ok(Address::Tls { host, port, starttls, trust: trust.clone() })
}

fn icmp(url: &Url) -> Result<Address, &'static str> {
    let host = host(url).ok_or(BAD_ICMP)?;
    match (url.port(), url.path()) {
        (Some(_), _) => Err(ICMP_PORT),
        (None, "" | "/") => Ok(Address::Icmp { host }),
        (None, _) => Err(ICMP_PATH),
    }
}

/// The host, without brackets.
pub(super) fn host(url: &Url) -> Option<String> {
    match Host::parse(url.host_str()?).ok()? {
        Host::Ipv6(ip) => Some(ip.to_string()),
        host => Some(host.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address in short, or the beginning of what is wrong.
    fn check(text: &str, wanted: &str) {
        let found = match replica(text, &Arc::default()) {
            Ok(Address::Http { url, .. }) => format!("http {url}"),
            Ok(Address::Tcp { host, port }) => format!("tcp {host} {port}"),
            Ok(Address::Tls { host, port, starttls, .. }) => {
                format!("tls {host} {port}{}", starttls.map_or(String::new(), |before| format!(" {before:?}")))
            }
            Ok(Address::Ssh { host, port }) => format!("ssh {host} {port}"),
            Ok(Address::Icmp { host }) => format!("icmp {host}"),
            Ok(Address::Dns(dns)) => format!("dns {} {}", dns.host, dns.name),
            Err(BAD_HTTP) => "bad http".to_owned(),
            Err(TLS_MORE) => "more than tls".to_owned(),
            Err(BAD_ICMP) => "bad icmp".to_owned(),
            Err(ICMP_PORT) => "icmp port".to_owned(),
            Err(ICMP_PATH) => "icmp path".to_owned(),
            Err(OTHER) => "other".to_owned(),
            Err(PORT_ZERO) => "port 0".to_owned(),
            Err(what) => [("tcp", TCP), ("tls", TLS), ("ssh", SSH)]
                .iter()
                .flat_map(|(name, words)| {
                    [(words.bad, "bad "), (words.no_port, "no port of "), (words.with_path, "path of ")]
                        .map(|(known, short)| (known, format!("{short}{name}")))
                })
                .find_map(|(known, short)| (known == what).then_some(short))
                .unwrap_or_else(|| what.to_owned()),
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
            ("tcp://host", "no port of tcp"),
            ("tcp://host:", "no port of tcp"),
            ("tcp://host:0", "port 0"),
            ("tcp://host:65536", "bad tcp"),
            ("tcp://host:x", "bad tcp"),
            ("tcp://host:1/path", "path of tcp"),
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
            ("tls://example.com", "no port of tls"),
            ("tls://example.com:0", "port 0"),
            ("tls://:443", "bad tls"),
            ("tls://example.com:x", "bad tls"),
            ("icmp://example.com", "icmp example.com"),
            ("ICMP://Example.com/", "icmp example.com"),
            ("icmp://[::1]", "icmp ::1"),
            ("icmp://127.0.0.1", "icmp 127.0.0.1"),
            ("icmp://example.com:7", "icmp port"),
            ("icmp://example.com/path", "icmp path"),
            ("icmp://::1", "bad icmp"),
            ("icmp://", "bad icmp"),
            ("ssh://example.com:22", "ssh example.com 22"),
            ("SSH://[2001:db8::1]:2222/", "ssh 2001:db8::1 2222"),
            ("ssh://git@example.com:22", "ssh example.com 22"),
            ("ssh://example.com", "no port of ssh"),
            ("ssh://example.com:0", "port 0"),
            ("ssh://example.com:22/path", "path of ssh"),
            ("ssh://:22", "bad ssh"),
            ("DNS://192.0.2.53/example.com?type=MX", "dns 192.0.2.53 example.com"),
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
