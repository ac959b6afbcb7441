//! An HTTP server that does as it is told and remembers what it was asked: a web hook, or a target that dies and comes
//! back.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::support::SOON;

/// The server; it ends with the test's process.
#[derive(Clone)]
pub(crate) struct Hook {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    /// What it does next.
    script: VecDeque<Reply>,
    /// What it does when the script is over.
    otherwise: Reply,
    requests: Vec<Request>,
}

/// What it does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Answers with 429 and a `Retry-After` of so many seconds.
    Later(u32),
    /// Accepts and never answers.
    Hang,
    /// Closes without an answer.
    Close,
    /// Answers every other request, by chance, with 500, and the rest with 200.
    Coin,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether it is answered with 200.
    pub(crate) accepted: bool,
}

impl Request {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The text of a Slack message.
    pub(crate) fn text(&self) -> String {
        self.json()["text"].as_str().unwrap().to_owned()
    }
}

impl Hook {
    /// A server that answers so.
    pub(crate) fn start(otherwise: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { script: VecDeque::new(), otherwise, requests: Vec::new() };
        let hook = Self { address, state: Arc::new((Mutex::new(state), Condvar::new())) };
        let serving = hook.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(&stream));
            }
        });
        hook
    }

    /// From now on, answers so.
    pub(crate) fn set(&self, otherwise: Reply) {
        self.state.0.lock().unwrap().otherwise = otherwise;
    }

    /// Does these first.
    pub(crate) fn first(&self, script: &[Reply]) {
        self.state.0.lock().unwrap().script.extend(script);
    }

    /// Its address with that path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.0.lock().unwrap().requests.clone()
    }

    /// Waits for the request of that number, from 0.
    pub(crate) fn request(&self, number: usize) -> Request {
        let state = self.state.0.lock().unwrap();
        let lacking = |state: &mut State| state.requests.len() <= number;
        let (state, _) = self.state.1.wait_timeout_while(state, SOON, lacking).unwrap();
        let found = state.requests.get(number).cloned();
        found.unwrap_or_else(|| panic!("no request {number} after {:?}", state.requests))
    }

    fn serve(&self, mut stream: &TcpStream) {
        let Some(mut request) = read(stream) else { return };
        let reply = {
            let mut state = self.state.0.lock().unwrap();
            let otherwise = state.otherwise;
            let reply = match state.script.pop_front().unwrap_or(otherwise) {
                Reply::Coin => Reply::Status(if rand() { 200 } else { 500 }),
                reply => reply,
            };
            request.accepted = matches!(reply, Reply::Status(200));
            state.requests.push(request);
            reply
        };
        self.state.1.notify_all();
        let head = match reply {
            Reply::Status(status) => format!("HTTP/1.1 {status} As The Test Wants\r\n"),
            Reply::Later(seconds) => format!("HTTP/1.1 429 Later\r\nRetry-After: {seconds}\r\n"),
            Reply::Hang => {
                // Ends when the other side does.
                let _ = stream.read(&mut [0]);
                return;
            }
            Reply::Close | Reply::Coin => return,
        };
        let _ = stream.write_all(format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { at: Instant::now(), head, body: String::from_utf8(body).ok()?, accepted: false })
}

/// Heads or tails.
fn rand() -> bool {
    RandomState::new().build_hasher().finish().is_multiple_of(2)
}
