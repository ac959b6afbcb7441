//! `tcp://host:port`: up when a connection opens.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::observation::Finding;
use crate::net::resolve::Resolver;
use crate::net::stream::Stream;

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
        match Stream::open(&self.host, self.port, &self.resolver, limit, clock) {
            Ok(_) => Finding::Up(clock.now().instant.saturating_duration_since(start)),
            Err(finding) => finding,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::net::Ipv4Addr;
    use std::net::TcpListener;

    use crate::clock::SystemClock;
    use crate::model::cause::Failure;
    use crate::model::cause::Phase;

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
