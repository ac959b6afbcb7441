//! Asking a name server: over UDP, and over TCP when the answer does not fit (RFC 1035, RFC 7766).

mod message;
pub mod srv;

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::time::Duration;

use super::stream::Deadline;
use super::stream::Stream;

pub use self::message::Answer;
pub use self::message::Query;

/// How long an answer is waited for until the query is sent again: UDP loses some.
pub const AGAIN: Duration = Duration::from_secs(3);

/// The longest answer over UDP: 512 bytes is what a query allows that says nothing of more (RFC 1035, 4.2.1), and some
/// servers send more all the same.
const DATAGRAM_MAX: usize = 4_096;

/// The answer of that server to a query.
///
/// # Errors
/// Why there is none by then.
pub fn ask(query: &Query, server: SocketAddr, deadline: Deadline<'_>) -> io::Result<Answer> {
    let answer = over_udp(query, server, deadline)?;
    if answer.is_cut() { over_tcp(query, server, deadline) } else { Ok(answer) }
}

fn over_udp(query: &Query, server: SocketAddr, deadline: Deadline<'_>) -> io::Result<Answer> {
    let any = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // The system chooses a port that is hard to guess, and lets through what comes from the server alone.
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(server)?;
    let mut bytes = [0; DATAGRAM_MAX];
    loop {
        socket.send(query.bytes())?;
        let turn = deadline.no_later_than(AGAIN);
        while let Ok(left) = turn.left() {
            socket.set_read_timeout(Some(left))?;
            match socket.recv(&mut bytes) {
                // What is no answer to this query may be a late one to another, or forged.
                Ok(count) => {
                    if let Some(answer) = query.answer(bytes.get(..count).unwrap_or_default()) {
                        return Ok(answer);
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        deadline.left()?;
    }
}

/// Every message has its length before it (RFC 1035, 4.2.2).
fn over_tcp(query: &Query, server: SocketAddr, deadline: Deadline<'_>) -> io::Result<Answer> {
    let mut stream = Stream::connect(&[server], deadline)?;
    let length = u16::try_from(query.bytes().len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), query.bytes()].concat())?;
    stream.flush()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    query.answer(&bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
