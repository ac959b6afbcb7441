//! Servers of the tests on ports that the system chooses: what the program is to watch.

use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// What a target does with a connection once the head of a request has come in.
pub(crate) type Manner = Box<dyn Fn(&mut TcpStream, &Asked) + Send + Sync>;

/// A running target. Its threads end with the test's process.
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Which connection this is, from 1.
    pub(crate) number: usize,
    /// From where it came.
    pub(crate) from: SocketAddr,
    /// All up to the empty line.
    pub(crate) head: String,
    /// What follows it, as long as the head says.
    pub(crate) body: String,
}

impl Target {
    /// A target that treats every request in that manner.
    pub(crate) fn new(manner: Manner) -> Self {
        Self::accepting(move |stream, number, all| {
            let from = stream.peer_addr().unwrap();
            let (head, body) = read_request(stream);
            let asked = Asked { number, from, head, body };
            all.lock().unwrap().push(asked.clone());
            manner(stream, &asked);
        })
    }

    /// A target that does that with every connection, before anything is read from it.
    pub(crate) fn greeting(manner: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::accepting(move |stream, _, _| manner(stream))
    }

    fn accepting(then: impl Fn(&mut TcpStream, usize, &Mutex<Vec<Asked>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, then) = (Arc::new(Mutex::new(Vec::new())), Arc::new(then));
        let all = asked.clone();
        thread::spawn(move || {
            for (stream, number) in listener.incoming().flatten().zip(1..) {
                let (then, all) = (then.clone(), all.clone());
                thread::spawn(move || then(&mut { stream }, number, &all));
            }
        });
        Self { address, asked }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asked {
    /// The method of the request.
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    /// The values of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named = |line: &str| line.split_once(": ").is_some_and(|(one, _)| one.eq_ignore_ascii_case(name));
        self.head.lines().filter(|line| named(line)).filter_map(|line| Some(line.split_once(": ")?.1)).collect()
    }
}

/// Answers with this, whatever was asked, and closes.
pub(crate) fn say(answer: impl Into<Vec<u8>>) -> Manner {
    let answer = answer.into();
    Box::new(move |stream, _| {
        let _ = stream.write_all(&answer);
    })
}

/// Answers with that status.
pub(crate) fn status(code: u16) -> Manner {
    say(format!("HTTP/1.1 {code} Words\r\nContent-Length: 0\r\n\r\n"))
}

/// Refuses HEAD with that status and treats all else in that manner.
pub(crate) fn refusing_head(code: u16, manner: Manner) -> Manner {
    let refuse = status(code);
    Box::new(move |stream, asked| if asked.method() == "HEAD" { refuse(stream, asked) } else { manner(stream, asked) })
}

/// Says this, and nothing more until the other side gives up.
pub(crate) fn hang_after(answer: &'static str) -> Manner {
    Box::new(move |stream, _| {
        let _ = stream.write_all(answer.as_bytes());
        wait_for_end(stream);
    })
}

/// Says this, and then this again and again, with a pause before each, until the other side gives up.
pub(crate) fn repeat(once: &'static str, again: &'static [u8], pause: Duration) -> Manner {
    Box::new(move |stream, _| {
        let _ = stream.write_all(once.as_bytes());
        while stream.write_all(again).is_ok() {
            thread::sleep(pause);
        }
    })
}

/// Waits until the other side closes the connection.
pub(crate) fn wait_for_end(stream: &mut TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
}

/// A request, or what came of it until the end of the connection: its head, and as much more as it says.
fn read_request(stream: &mut impl Read) -> (String, String) {
    let (mut all, mut part) = (Vec::new(), [0; 1024]);
    loop {
        if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&all[..end + 4]).to_ascii_lowercase();
            let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
            if all.len() >= end + 4 + length.unwrap_or(0) {
                let body = all.split_off(end + 4);
                return (String::from_utf8_lossy(&all).into_owned(), String::from_utf8_lossy(&body).into_owned());
            }
        }
        match stream.read(&mut part) {
            Ok(count) if count > 0 => all.extend_from_slice(&part[..count]),
            _ => return (String::from_utf8_lossy(&all).into_owned(), String::new()),
        }
    }
}
