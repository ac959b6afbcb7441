//! Where a domain offers a service: its SRV records (RFC 2782), as the system's name servers have them.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::str::FromStr;

use domain::base::Name;
use domain::base::Rtype;

use super::super::stream::Deadline;
use super::Query;
use super::ask;

/// Which name servers the system asks.
const SERVERS_FILE: &str = "/etc/resolv.conf";

/// How many of them it asks (resolv.conf(5)).
const SERVERS_MAX: usize = 3;

/// Where name servers listen.
const PORT: u16 = 53;

/// How many hosts of a service are tried.
const HOSTS_MAX: usize = 8;

/// A host that offers a service, and its port.
pub type Host = (String, u16);

/// The name servers of the system; the one on this host when it names none, as the system's resolver does.
#[must_use]
pub fn name_servers() -> Vec<SocketAddr> {
    listed(&fs::read_to_string(SERVERS_FILE).unwrap_or_default())
}

fn listed(file: &str) -> Vec<SocketAddr> {
    let addresses = file.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        if words.next() == Some("nameserver") { words.next()?.parse::<IpAddr>().ok() } else { None }
    });
    let mut servers: Vec<_> = addresses.take(SERVERS_MAX).map(|ip| SocketAddr::new(ip, PORT)).collect();
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, PORT).into());
    }
    servers
}

/// The hosts at which `domain` offers `service`, such as `_xmpp-client._tcp`, the preferred ones first; none when it says
/// nothing of it, and an empty list when it says that it does not offer it. Hosts of one priority are tried by weight.
///
/// # Errors
/// Why no name server has answered.
pub fn hosts(
    service: &str,
    domain: &str,
    servers: &[SocketAddr],
    deadline: Deadline<'_>,
) -> io::Result<Option<Vec<Host>>> {
    let name = Name::from_str(&format!("{service}.{domain}")).map_err(io::Error::other)?;
    let query = Query::new(&name, Rtype::SRV).map_err(|_| io::Error::other("no random number could be had"))?;
    let mut last = io::ErrorKind::TimedOut.into();
    for (tried, server) in servers.iter().enumerate() {
        let rest = u32::try_from(servers.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.left()? / rest;
        match ask(&query, *server, deadline.no_later_than(share)) {
            Ok(answer) => return Ok(ordered(&answer.records(Rtype::SRV))),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The records, each `PRIORITY WEIGHT PORT HOST`, as hosts in the order in which they are tried.
fn ordered(records: &[String]) -> Option<Vec<Host>> {
    let mut known: Vec<_> = records
        .iter()
        .filter_map(|record| {
            let mut words = record.split_whitespace();
            let mut number = || words.next()?.parse::<u16>().ok();
            let (priority, weight, port) = (number()?, number()?, number()?);
            // The root has no name: it says that there is no such service.
            let host = words.next().unwrap_or_default().trim_end_matches('.').to_owned();
            Some((priority, u16::MAX - weight, host, port))
        })
        .collect();
    if known.is_empty() {
        return None;
    }
    known.sort();
    let hosts = known.into_iter().filter(|(_, _, host, _)| !host.is_empty());
    Some(hosts.map(|(_, _, host, port)| (host, port)).take(HOSTS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(records: &[&str]) -> Option<Vec<Host>> {
        ordered(&records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn hosts_come_by_priority_then_by_weight() {
        let records = ["20 0 5222 c.example.", "10 5 5223 b.example.", "10 60 5222 a.example.", "nonsense"];
        let expected = [("a.example", 5222), ("b.example", 5223), ("c.example", 5222)];
        assert_eq!(hosts(&records).unwrap(), expected.map(|(host, port)| (host.to_owned(), port)));
    }

    #[test]
    fn no_record_says_nothing_and_a_dot_says_no() {
        assert_eq!(hosts(&[]), None);
        assert_eq!(hosts(&["0 0 0 ."]), Some(Vec::new()));
        assert_eq!(hosts(&["0 0 0 "]), Some(Vec::new()));
    }

    #[test]
    fn the_name_servers_are_those_of_the_system() {
        let file = "# comment\nsearch example.org\nnameserver 192.0.2.1\nnameserver ::1 # this host\nnameserver x\n";
        let expected: Vec<SocketAddr> = vec!["192.0.2.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()];
        assert_eq!(listed(file), expected);
        assert_eq!(listed(""), ["127.0.0.1:53".parse().unwrap()]);
        assert_eq!(listed(&"nameserver 192.0.2.1\n".repeat(5)).len(), SERVERS_MAX);
    }
}
