//! A connection with one deadline over all that is read and written, before TLS and inside it.

use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::StreamOwned;
use rustls::pki_types::ServerName;

use crate::clock::Clock;
use crate::model::cause::Phase;
use crate::model::observation::Finding;

use super::failure;
use super::resolve::Resolver;

/// A deadline on a clock.
#[derive(Clone, Copy)]
pub struct Deadline<'a> {
    end: Instant,
    clock: &'a dyn Clock,
}

/// A connection, before or inside TLS.
pub enum Stream<'a> {
    /// As it is.
    Plain(Timed<'a>),
    /// Encrypted.
    Tls(Box<StreamOwned<ClientConnection, Timed<'a>>>),
}

/// A TCP connection whose reads and writes fail once the deadline is over, however the other side drips.
pub struct Timed<'a> {
    tcp: TcpStream,
    deadline: Deadline<'a>,
}

impl<'a> Deadline<'a> {
    /// The deadline `limit` from now.
    #[must_use]
    pub fn after(limit: Duration, clock: &'a dyn Clock) -> Self {
        let now = clock.now().instant;
        Self { end: now.checked_add(limit).unwrap_or(now), clock }
    }

    /// This deadline, or the one `limit` from now, whichever comes first.
    #[must_use]
    pub fn no_later_than(self, limit: Duration) -> Self {
        Self { end: self.end.min(Self::after(limit, self.clock).end), clock: self.clock }
    }

    /// The time that is left, which is never zero.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`], when there is none.
    pub fn left(&self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(self.clock.now().instant);
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl<'a> Stream<'a> {
    /// Connects to a host, over the first of its addresses that answers, and has everything end `limit` from now.
    ///
    /// # Errors
    /// The finding, when there is no connection.
    pub fn open(
        host: &str,
        port: u16,
        resolver: &Resolver,
        limit: Duration,
        clock: &'a dyn Clock,
    ) -> Result<Self, Finding> {
        let deadline = Deadline::after(limit, clock);
        let addresses = resolver.resolve(host, port, limit)?;
        Self::connect(&addresses, deadline).map_err(|error| failure::of_io(&error, Phase::Connect, limit))
    }

    /// Connects to the first address that answers. Each gets an even share of the time that is left, so that a silent
    /// first one does not keep the others from being tried.
    ///
    /// # Errors
    /// Why the last of them did not.
    pub fn connect(addresses: &[SocketAddr], deadline: Deadline<'a>) -> io::Result<Self> {
        let mut last = io::ErrorKind::TimedOut.into();
        for (tried, address) in addresses.iter().enumerate() {
            let rest = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let share = deadline.left()? / rest;
            match TcpStream::connect_timeout(address, share.max(Duration::from_nanos(1))) {
                Ok(tcp) => return Ok(Self::Plain(Timed { tcp, deadline })),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Shakes hands over TLS.
    ///
    /// # Errors
    /// Why it did not come to that.
    pub fn encrypt(self, config: Arc<ClientConfig>, host: ServerName<'static>) -> io::Result<Self> {
        let Self::Plain(mut timed) = self else { return Ok(self) };
        let mut connection = ClientConnection::new(config, host).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut timed)?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, timed))))
    }

    /// The connection of TLS, if it is inside one.
    #[must_use]
    pub fn connection(&self) -> Option<&ClientConnection> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => Some(&tls.conn),
        }
    }

    /// Has everything from now on end at this deadline.
    pub fn end_by(&mut self, deadline: Deadline<'a>) {
        match self {
            Self::Plain(timed) => timed.deadline = deadline,
            Self::Tls(tls) => tls.sock.deadline = deadline,
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(self.deadline.left()?))?;
        self.tcp.read(bytes)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.deadline.left()?))?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(bytes),
            Self::Tls(tls) => tls.read(bytes),
        }
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

impl fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Tls(_) => "Tls",
        })
    }
}
