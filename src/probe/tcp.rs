//! `tcp://host:port`: up when a connection opens.

use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::clock::Clock;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;
use crate::net::failure;
use crate::net::resolve::Resolver;

use super::Probe;

/// Asks by opening a connection.
pub struct Tcp {
    host: String,
    port: u16,
    resolver: Arc<Resolver>,
}

impl Tcp {
    /// A probe of that port.
    #[must_use]
    pub fn new(host: &str, port: u16, resolver: Arc<Resolver>) -> Self {
        Self { host: host.to_owned(), port, resolver }
    }
}

impl Probe for Tcp {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        match connect(&self.host, self.port, &self.resolver, limit, clock) {
            Ok(_) => Finding::Up(clock.now().instant.saturating_duration_since(start)),
            Err(finding) => finding,
        }
    }
}

/// A connection to that port, over the first address that takes one.
///
/// # Errors
/// The finding, when there is none within `limit`.
pub(super) fn connect(
    host: &str,
    port: u16,
    resolver: &Resolver,
    limit: Duration,
    clock: &dyn Clock,
) -> Result<TcpStream, Finding> {
    let start = clock.now().instant;
    first_open(&resolver.resolve(host, port, limit)?, start, limit, clock)
}

/// Tries each address in turn; each gets an even share of the time that is left, so that a silent first one does not
/// keep the others from being tried.
fn first_open(
    addresses: &[SocketAddr],
    start: Instant,
    limit: Duration,
    clock: &dyn Clock,
) -> Result<TcpStream, Finding> {
    let timed_out = || Finding::Down(Failure::TimedOut { after: limit, phase: Phase::Connect });
    let mut last = timed_out();
    let mut left_to_try = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let left = limit.saturating_sub(clock.now().instant.saturating_duration_since(start));
        let share = left / left_to_try;
        if share.is_zero() {
            return Err(timed_out());
        }
        left_to_try -= 1;
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = failure::of_io(&error, Phase::Connect, limit),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::net::Ipv4Addr;
    use std::net::TcpListener;

    use crate::clock::SystemClock;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn ask(host: &str, port: u16, resolver: Resolver) -> Finding {
        Tcp::new(host, port, Arc::new(resolver)).ask(LIMIT, &SystemClock)
    }

    fn closed_port() -> u16 {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
    }

    #[test]
    fn an_open_port_is_up_and_a_closed_one_refuses() {
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = target.local_addr().unwrap().port();
        assert!(matches!(ask("127.0.0.1", port, Resolver::default()), Finding::Up(_)));
        assert_eq!(ask("127.0.0.1", closed_port(), Resolver::default()), Finding::Down(Failure::Refused));
    }

    #[test]
    fn every_address_of_a_name_is_tried() {
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = target.local_addr().unwrap().port();
        let two = [Ipv4Addr::new(127, 0, 0, 9), Ipv4Addr::LOCALHOST].map(IpAddr::V4).to_vec();
        let resolver = Resolver::with(Arc::new(move |_| Ok(two.clone())));
        assert!(matches!(ask("both.test", port, resolver), Finding::Up(_)));
    }

    #[test]
    fn no_time_left_is_a_time_out_and_not_an_endless_wait() {
        let tcp = Tcp::new("127.0.0.1", closed_port(), Arc::default());
        let finding = tcp.ask(Duration::ZERO, &SystemClock);
        assert!(matches!(finding, Finding::Down(Failure::TimedOut { phase: Phase::Connect, .. })));
    }
}
