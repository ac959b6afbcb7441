//! `ssh://host:port`: up when the server says that it speaks SSH 2 and begins the key exchange (RFC 4253).
//!
//! Both sides send their version and, unasked, what they are able to exchange keys by. A server that has come so far
//! has its host keys at hand and a process for its visitor. Nothing is agreed on and nobody logs in: Vigil says that it
//! leaves, so that the server does not wait, nor find anything to complain about.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;
use crate::net::failure;
use crate::net::resolve::Resolver;
use crate::net::stream::Stream;

use super::Probe;

/// What Vigil says first.
const VERSION: &str = concat!("SSH-2.0-Vigil_", env!("CARGO_PKG_VERSION"), "\r\n");

/// The longest line of a server, and how much it may say before its version: banners are short.
const LINE_MAX: usize = 1024;
const LINES_MAX: usize = 64;

/// The longest packet that every implementation must take (RFC 4253, section 6.1), and how many may come before the
/// one that is waited for.
const PACKET_MAX: usize = 35_000;
const PACKETS_MAX: usize = 16;

/// Types of packets.
const DISCONNECT: u8 = 1;
const IGNORE: u8 = 2;
const DEBUG: u8 = 4;
const KEXINIT: u8 = 20;

/// Asks by beginning a key exchange.
pub struct Ssh {
    host: String,
    port: u16,
    resolver: Arc<Resolver>,
}

impl Ssh {
    /// A probe of that port.
    #[must_use]
    pub fn new(host: &str, port: u16, resolver: Arc<Resolver>) -> Self {
        Self { host: host.to_owned(), port, resolver }
    }
}

impl Probe for Ssh {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        let mut stream = match Stream::open(&self.host, self.port, &self.resolver, limit, clock) {
            Ok(stream) => stream,
            Err(finding) => return finding,
        };
        match begin(&mut stream) {
            Ok(()) => Finding::Up(clock.now().instant.saturating_duration_since(start)),
            Err(Trouble::Odd(what)) => Finding::Down(Failure::Malformed(what.to_owned())),
            Err(Trouble::Io(error)) => failure::of_io(&error, Phase::Answer, limit),
        }
    }
}

/// Why a key exchange did not begin.
#[derive(Debug)]
enum Trouble {
    Io(io::Error),
    /// The server does not keep to the protocol, or to one that is of use.
    Odd(&'static str),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Says who is there, waits until the server begins the key exchange, and leaves.
fn begin(server: &mut (impl Read + Write)) -> Result<(), Trouble> {
    server.write_all(VERSION.as_bytes())?;
    let version = version(server)?;
    // 1.99 is said by servers that speak both.
    if !version.starts_with("SSH-2.0-") && !version.starts_with("SSH-1.99-") {
        return Err(Trouble::Odd("not SSH 2.0"));
    }
    for _ in 0..PACKETS_MAX {
        let packet = packet(server)?;
        match packet.split_first() {
            Some((&KEXINIT, rest)) if is_kexinit(rest) => {
                // The server has said what was asked; whether it hears the farewell says nothing about it.
                let _ = server.write_all(&farewell());
                return Ok(());
            }
            Some((&(IGNORE | DEBUG), _)) => {}
            Some((&DISCONNECT, _)) => return Err(Trouble::Odd("the server hangs up")),
            Some(_) | None => return Err(Trouble::Odd("no key exchange")),
        }
    }
    Err(Trouble::Odd("no key exchange"))
}

/// The server's version; other lines may come before it.
fn version(server: &mut impl Read) -> Result<String, Trouble> {
    for number in 0..LINES_MAX {
        match line(server) {
            Ok(line) if line.starts_with("SSH-") => return Ok(line),
            Ok(_) => {}
            // One that says something else and hangs up speaks another protocol.
            Err(Trouble::Io(error)) if number > 0 && error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(trouble) => return Err(trouble),
        }
    }
    Err(Trouble::Odd("not SSH"))
}

/// A line, byte by byte: what follows it belongs to a packet.
fn line(server: &mut impl Read) -> Result<String, Trouble> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < LINE_MAX {
        server.read_exact(&mut byte)?;
        match byte {
            [b'\n'] => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            [other] => line.push(other),
        }
    }
    Err(Trouble::Odd("not SSH"))
}

/// The payload of a packet that is not encrypted yet: length, length of the padding, payload, padding.
fn packet(server: &mut impl Read) -> Result<Vec<u8>, Trouble> {
    let mut length = [0; 4];
    server.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > PACKET_MAX {
        return Err(Trouble::Odd("no key exchange"));
    }
    let mut packet = vec![0; length];
    server.read_exact(&mut packet)?;
    let (padding, rest) = packet.split_first().ok_or(Trouble::Odd("no key exchange"))?;
    let payload = rest.len().checked_sub(usize::from(*padding)).ok_or(Trouble::Odd("no key exchange"))?;
    Ok(rest[..payload].to_vec())
}

/// Whether that is a cookie and ten lists of names, of which the first, the ways to exchange keys, and the second, the
/// kinds of host keys, are not empty.
fn is_kexinit(payload: &[u8]) -> bool {
    let Some(mut rest) = payload.get(16..) else { return false };
    for list in 0..10 {
        let Some((length, after)) = rest.split_first_chunk() else { return false };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((_, after)) = after.split_at_checked(length) else { return false };
        if list < 2 && length == 0 {
            return false;
        }
        rest = after;
    }
    true
}

/// "Disconnected by the application", as a packet.
fn farewell() -> Vec<u8> {
    const BY_APPLICATION: u32 = 11;
    const WHY: &[u8] = b"checked";
    let mut payload = vec![DISCONNECT];
    payload.extend(BY_APPLICATION.to_be_bytes());
    payload.extend([0, 0, 0, 7]);
    payload.extend(WHY);
    // No language.
    payload.extend([0; 4]);
    // The whole is a multiple of 8, with 4 bytes of padding at least.
    let padding = 4 + (8 - (4 + 1 + payload.len() + 4) % 8) % 8;
    let length = u32::try_from(1 + payload.len() + padding).unwrap_or_default();
    let mut packet = length.to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap_or_default());
    packet.extend(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::net::Ipv4Addr;
    use std::net::TcpListener;
    use std::thread;

    use crate::clock::SystemClock;

    use super::*;

    /// A server that says `reads` and remembers what it is told.
    struct Server {
        says: Cursor<Vec<u8>>,
        told: Vec<u8>,
    }

    impl Read for Server {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Server {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.told.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn packed(payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len() + 5).unwrap().to_be_bytes();
        [&length[..], &[4], payload, &[0; 4]].concat()
    }

    fn kexinit(first: &str, second: &str) -> Vec<u8> {
        let list = |names: &str| [&u32::try_from(names.len()).unwrap().to_be_bytes()[..], names.as_bytes()].concat();
        let rest = list("none").repeat(8);
        packed(&[vec![KEXINIT], vec![7; 16], list(first), list(second), rest, vec![0; 5]].concat())
    }

    #[test]
    fn a_server_is_up_when_it_begins_the_key_exchange() {
        let good = || kexinit("curve25519-sha256", "ssh-ed25519");
        let after = |version: &str, packets: &[Vec<u8>]| [version.as_bytes().to_vec(), packets.concat()].concat();
        let plain = "SSH-2.0-OpenSSH_9.2\r\n";
        for (says, wanted) in [
            (after(plain, &[good()]), "up"),
            (after("SSH-1.99-Old\n", &[good()]), "up"),
            (after(&format!("Welcome.\r\nMind the gap.\r\n{plain}"), &[good()]), "up"),
            (after(plain, &[packed(&[IGNORE, 1]), packed(&[DEBUG]), good()]), "up"),
            (after(plain, &vec![packed(&[IGNORE]); PACKETS_MAX]), "no key exchange"),
            (after("SSH-1.5-Older\r\n", &[]), "not SSH 2.0"),
            (after(plain, &[packed(&[DISCONNECT, 0])]), "the server hangs up"),
            (after(plain, &[packed(&[30])]), "no key exchange"),
            (after(plain, &[packed(&[])]), "no key exchange"),
            (after(plain, &[kexinit("", "ssh-ed25519")]), "no key exchange"),
            (after(plain, &[kexinit("curve25519-sha256", "")]), "no key exchange"),
            (after(plain, &[packed(&[KEXINIT; 30])]), "no key exchange"),
            (after(plain, &[vec![0xff; 4]]), "no key exchange"),
            (after(plain, &[vec![0, 0, 0, 2, 9, 9]]), "no key exchange"),
            (after(plain, &[vec![0; 4]]), "no key exchange"),
            (after(plain, &[good()[..40].to_vec()]), "end"),
            (after(plain, &[]), "end"),
            (after("", &[]), "end"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "not SSH"),
            (b"220 mail.example.com ESMTP\r\n".repeat(64), "not SSH"),
            (vec![b'x'; 100_000], "not SSH"),
        ] {
            let shown = String::from_utf8_lossy(&says).chars().take(60).collect::<String>();
            let mut server = Server { says: Cursor::new(says), told: Vec::new() };
            let found = match begin(&mut server) {
                Ok(()) => "up".to_owned(),
                Err(Trouble::Odd(what)) => what.to_owned(),
                Err(Trouble::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => "end".to_owned(),
                Err(Trouble::Io(error)) => error.to_string(),
            };
            assert_eq!(found, wanted, "{shown:?}");
            let told = [VERSION.as_bytes().to_vec(), if wanted == "up" { farewell() } else { Vec::new() }].concat();
            assert_eq!(server.told, told, "{shown:?}");
        }
    }

    #[test]
    fn the_farewell_is_a_packet_that_a_server_can_read() {
        let sent = farewell();
        assert!(sent.len().is_multiple_of(8) && sent[4] >= 4);
        let payload = packet(&mut sent.as_slice()).unwrap();
        assert_eq!(payload, [&[1, 0, 0, 0, 11, 0, 0, 0, 7], &b"checked"[..], &[0; 4]].concat());
    }

    fn ask(port: u16, limit: Duration) -> Finding {
        Ssh::new("127.0.0.1", port, Arc::default()).ask(limit, &SystemClock)
    }

    #[test]
    fn a_server_that_accepts_and_is_silent_or_trickles_is_dead_at_the_deadline() {
        let limit = Duration::from_millis(300);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let timed_out = Finding::Down(Failure::TimedOut { after: limit, phase: Phase::Answer });
        assert_eq!(ask(port, limit), timed_out);
        let trickle = thread::spawn(move || {
            let (_, (mut stream, _)) = (listener.accept().unwrap(), listener.accept().unwrap());
            while stream.write_all(b"\n").is_ok() {
                let _ = crate::clock::Bell::default().wait(Some(Duration::from_millis(10)));
            }
        });
        assert_eq!(ask(port, limit), timed_out);
        trickle.join().unwrap();
    }

    #[test]
    fn a_closed_port_refuses_and_one_that_hangs_up_has_closed_the_connection() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || drop(listener.accept().unwrap()));
        let limit = Duration::from_secs(30);
        assert_eq!(ask(port, limit), Finding::Down(Failure::Closed(Phase::Answer)));
        server.join().unwrap();
        assert_eq!(ask(port, limit), Finding::Down(Failure::Refused));
    }
}
