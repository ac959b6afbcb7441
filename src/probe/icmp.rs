//! `icmp://host`: up when every address of the host answers an echo request, a ping.
//!
//! Sockets for pings alone come first: they need no privilege, but a group that `net.ipv4.ping_group_range` lets in.
//! Raw sockets come second: they need `CAP_NET_RAW`. Where neither is allowed, nothing is known about the host.

mod packet;

use std::hash::BuildHasher;
use std::hash::RandomState;
use std::io;
use std::io::Read;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;

use crate::clock::Clock;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;
use crate::net::failure;
use crate::net::resolve::Resolver;

use self::packet::Echo;
use self::packet::Family;
use self::packet::TOKEN;

use super::Probe;

const NOT_PERMITTED: &str = "not permitted: pings need CAP_NET_RAW, or a group that net.ipv4.ping_group_range lets in";

/// The most addresses of a name: each takes a socket.
const ADDRESSES_MAX: usize = 64;

/// As much of a packet as is looked at: the longest header of IPv4, and more than a reply has.
const PACKET: usize = 128;

/// Asks by an echo request to each address.
pub struct Icmp {
    host: String,
    resolver: Arc<Resolver>,
}

/// Why Vigil cannot ping at all, if it cannot.
#[must_use]
pub fn obstacle() -> Option<&'static str> {
    match open(Family::V4) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(NOT_PERMITTED),
        Ok(_) | Err(_) => None,
    }
}

impl Icmp {
    /// A probe of that host.
    #[must_use]
    pub fn new(host: &str, resolver: Arc<Resolver>) -> Self {
        Self { host: host.to_owned(), resolver }
    }
}

impl Probe for Icmp {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        let spent = || clock.now().instant.saturating_duration_since(start);
        let addresses = match self.resolver.resolve(&self.host, 0, limit) {
            Ok(addresses) => addresses,
            Err(finding) => return finding,
        };
        let left = || limit.checked_sub(spent()).filter(|left| !left.is_zero());
        // All are asked before any is waited for: the slowest answer is the time of all.
        let asked: io::Result<Vec<Asked>> = addresses.iter().take(ADDRESSES_MAX).map(Asked::new).collect();
        match asked.and_then(|asked| asked.iter().try_for_each(|one| one.wait(left))) {
            Ok(()) => Finding::Up(spent()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Finding::Blind(NOT_PERMITTED.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Finding::Down(Failure::Unreachable),
            Err(error) => failure::of_io(&error, Phase::Answer, limit),
        }
    }
}

/// An echo request that is on its way.
struct Asked {
    socket: Socket,
    echo: Echo,
}

impl Asked {
    fn new(address: &SocketAddr) -> io::Result<Self> {
        let family = match address.ip() {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        };
        let socket = open(family)?;
        // From now on it gives what comes from that address alone.
        socket.connect(&(*address).into())?;
        let random = random();
        let [.., one, two, three, four] = random;
        let identifier = match socket.r#type()? {
            // The kernel has chosen it, and writes it into what is sent.
            Type::DGRAM => socket.local_addr()?.as_socket().map_or(0, |local| local.port()),
            _ => u16::from_be_bytes([one, two]),
        };
        let echo = Echo { family, identifier, sequence: u16::from_be_bytes([three, four]), token: random };
        socket.send(&echo.request())?;
        Ok(Self { socket, echo })
    }

    /// Waits for the reply for as long as time is `left`; what else comes meanwhile is passed over.
    fn wait(&self, left: impl Fn() -> Option<Duration>) -> io::Result<()> {
        let mut packet = [0; PACKET];
        loop {
            let left = left().ok_or(io::ErrorKind::TimedOut)?;
            self.socket.set_read_timeout(Some(left))?;
            match (&self.socket).read(&mut packet) {
                Ok(read) if self.echo.is_answered_by(&packet[..read]) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A socket for echoes, of whichever kind is allowed.
fn open(family: Family) -> io::Result<Socket> {
    let (domain, protocol) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
    };
    Socket::new(domain, Type::DGRAM, Some(protocol)).or_else(|_| Socket::new(domain, Type::RAW, Some(protocol)))
}

/// Bytes that nobody can foresee: the hashes of a keyed function whose keys the system chose.
fn random() -> [u8; TOKEN] {
    let half = || RandomState::new().hash_one(()).to_be_bytes();
    let mut bytes = [0; TOKEN];
    bytes[..TOKEN / 2].copy_from_slice(&half());
    bytes[TOKEN / 2..].copy_from_slice(&half());
    bytes
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::net::Ipv6Addr;

    use crate::clock::SystemClock;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn ask(addresses: &[IpAddr], limit: Duration) -> Finding {
        let addresses = addresses.to_vec();
        let resolver = Resolver::with(Arc::new(move |_| Ok(addresses.clone())));
        Icmp::new("host.test", Arc::new(resolver)).ask(limit, &SystemClock)
    }

    /// Up where this process may ping, and blind, never dead, where it may not.
    fn check(addresses: &[IpAddr]) {
        let finding = ask(addresses, LIMIT);
        match obstacle() {
            None => assert!(matches!(finding, Finding::Up(time) if time < LIMIT), "{finding:?}"),
            Some(why) => assert_eq!(finding, Finding::Blind(why.to_owned())),
        }
    }

    #[test]
    fn this_host_answers_on_every_address_or_may_not_be_asked() {
        check(&[Ipv4Addr::LOCALHOST.into()]);
        check(&[Ipv6Addr::LOCALHOST.into()]);
        check(&[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into(), Ipv4Addr::new(127, 9, 9, 9).into()]);
    }

    #[test]
    fn no_time_left_is_a_time_out_and_not_an_endless_wait() {
        let finding = ask(&[Ipv4Addr::LOCALHOST.into()], Duration::ZERO);
        match obstacle() {
            None => assert!(matches!(finding, Finding::Down(Failure::TimedOut { .. })), "{finding:?}"),
            Some(why) => assert_eq!(finding, Finding::Blind(why.to_owned())),
        }
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(random(), random());
        assert_ne!(random()[..8], random()[8..]);
    }
}
