//! `tls://host:port`: up when a TLS handshake succeeds, with a certificate that is accepted.
//!
//! With `?starttls=smtp` or `?starttls=imap` the server is first asked, in the clear, to begin one.

mod starttls;

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use crate::clock::Clock;
use crate::config::tls::StartTls;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::cause::TlsFailure;
use crate::model::observation::Finding;
use crate::net;
use crate::net::failure;
use crate::net::resolve::Resolver;
use crate::net::stream::Stream;

use super::Probe;

/// Asks by a handshake.
pub struct Tls {
    host: String,
    port: u16,
    starttls: Option<StartTls>,
    settings: Arc<ClientConfig>,
    resolver: Arc<Resolver>,
}

impl Tls {
    /// A probe of that port, with those settings of TLS.
    #[must_use]
    pub fn new(
        host: &str,
        port: u16,
        starttls: Option<StartTls>,
        settings: Arc<ClientConfig>,
        resolver: Arc<Resolver>,
    ) -> Self {
        Self { host: host.to_owned(), port, starttls, settings, resolver }
    }

    /// A connection inside TLS.
    fn shake_hands<'c>(&self, limit: Duration, clock: &'c dyn Clock) -> Result<Stream<'c>, Finding> {
        let name = ServerName::try_from(self.host.clone()).map_err(|_| {
            Finding::Down(Failure::Tls(TlsFailure::Other("no certificate can have the name of this host".to_owned())))
        })?;
        let mut stream = Stream::open(&self.host, self.port, &self.resolver, limit, clock)?;
        if let Some(protocol) = self.starttls {
            starttls::ask(&mut stream, protocol).map_err(|trouble| trouble.explain(limit))?;
        }
        let encrypted = stream.encrypt(self.settings.clone(), name);
        encrypted.map_err(|error| failure::of_io(&error, Phase::Handshake, limit))
    }
}

impl Probe for Tls {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        let mut stream = match self.shake_hands(limit, clock) {
            Ok(stream) => stream,
            Err(finding) => return finding,
        };
        let took = clock.now().instant.saturating_duration_since(start);
        let valid_until = stream.connection().and_then(net::tls::valid_until);
        starttls::leave(&mut stream, self.starttls);
        Finding::up(took, valid_until)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::net::Ipv4Addr;
    use std::net::TcpListener;

    use crate::clock::SystemClock;

    use super::*;

    #[test]
    fn no_time_left_is_a_time_out_and_not_an_endless_wait() {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = silent.local_addr().unwrap().port();
        let ask = |host: &str| {
            let resolver = Resolver::with(Arc::new(|_| Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])));
            let tls = Tls::new(host, port, None, net::tls::accepting_all(), Arc::new(resolver));
            tls.ask(Duration::ZERO, &SystemClock)
        };
        assert!(matches!(ask("127.0.0.1"), Finding::Down(Failure::TimedOut { phase: Phase::Connect, .. })));
        assert!(matches!(ask("-.-"), Finding::Down(Failure::Tls(TlsFailure::Other(_)))), "{:?}", ask("-.-"));
    }
}
