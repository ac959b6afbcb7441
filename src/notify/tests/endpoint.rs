//! A server of the tests, which notices reach over the loopback.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use serde_json::json;
use url::form_urlencoded;

use crate::config;
use crate::net::client::Client;
use crate::net::resolve::Resolver;

use super::super::Page;
use super::super::Target;
use super::super::build;

/// The one client of all tests: making it reads the certificates of the system.
static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new("vigil", Arc::new(Resolver::default())));

/// Headers that every request has.
const USUAL: [&str; 6] = ["accept", "accept-encoding", "connection", "content-length", "host", "user-agent"];

/// What an endpoint does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// Answers with this status and this JSON.
    Status(u16, &'static str),
    /// Answers with this status, a `Retry-After` of so many seconds, and an empty body.
    Later(u16, u32),
    /// Answers with 400, and says in the words of every provider what it was asked with, as far as that is secret.
    Echo,
    /// Accepts, reads, and never answers.
    Hang,
    /// Closes without an answer.
    Close,
}

/// A running server. Its threads end with the test's process.
pub(crate) struct Endpoint {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// One that does these one after the other, and the last for ever.
    pub(crate) fn replying(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let (all, replies) = (asked.clone(), replies.to_vec());
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (all, reply) = (all.clone(), replies[number.min(replies.len() - 1)]);
                thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        all.lock().unwrap().push(request.clone());
                        answer(&stream, reply, &request);
                    }
                });
            }
        });
        Self { address, asked }
    }

    /// The targets of `[notify.KIND]` with these keys, in which `{url}` is where this server is, with a slash at its end.
    pub(crate) fn targets(&self, kind: &str, keys: &str) -> Vec<Target> {
        let keys = keys.replace("{url}", &format!("http://{}/", self.address));
        let text = format!("[notify.{kind}]\n{}\n", keys.replace("{host}", &self.address.to_string()));
        let loaded =
            config::load_bytes(Path::new("vigil.cfg"), text.as_bytes(), &|_| Err(std::env::VarError::NotPresent));
        let notify = loaded.unwrap_or_else(|error| panic!("{error}")).config.notify;
        let mut channels = build(&notify, &Arc::new(page()), &CLIENT);
        assert_eq!(channels.len(), 1, "{text}");
        channels.remove(0).targets
    }

    /// What it was asked so far, a request each.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The page of the notices.
pub(crate) fn page() -> Page {
    Page { title: "Acme & Co".to_owned(), url: "https://status.example.com/?a=1&b=2".to_owned() }
}

/// A request as people read it: method and path, the headers that say something, and its body: JSON indented, a form
/// with a field a line.
fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.trim_end().lines();
    let mut shown = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let mut headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    headers.sort();
    let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let mut body = vec![0; value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    for (name, value) in headers.iter().filter(|(name, _)| !USUAL.contains(&name.as_str())) {
        shown.extend(["\n", name.as_str(), ": ", value.as_str()]);
    }
    shown += "\n\n";
    match value("content-type") {
        Some("application/json") => {
            let document: Value = serde_json::from_slice(&body).unwrap();
            shown += &serde_json::to_string_pretty(&document).unwrap();
        }
        Some("application/x-www-form-urlencoded") => {
            let fields = form_urlencoded::parse(&body).map(|(name, value)| format!("{name}={value}"));
            shown += &fields.collect::<Vec<_>>().join("\n");
        }
        _ => shown += &String::from_utf8(body).unwrap(),
    }
    Some(shown)
}

fn answer(mut stream: &TcpStream, reply: Reply, request: &str) {
    let with_body = |status: u16, body: &str| {
        let head = "Content-Type: application/json\r\nConnection: close";
        format!("HTTP/1.1 {status} Words\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let text = match reply {
        Reply::Status(status, body) => with_body(status, body),
        Reply::Echo => with_body(400, &echo(request).to_string()),
        Reply::Later(status, seconds) => {
            let head = "Content-Length: 0\r\nConnection: close";
            format!("HTTP/1.1 {status} Later\r\nRetry-After: {seconds}\r\n{head}\r\n\r\n")
        }
        Reply::Hang => {
            // Ends when the other side does.
            let _ = stream.read(&mut [0]);
            return;
        }
        Reply::Close => return,
    };
    let _ = stream.write_all(text.as_bytes());
}

/// What is secret of a request, where providers say what is wrong with it.
fn echo(request: &str) -> Value {
    let is_secret = |line: &&str| line.contains("s3cret") || line.starts_with("authorization");
    let words = request.lines().filter(is_secret).map(str::trim).collect::<Vec<_>>().join(" ");
    // Those of ntfy and of Matrix are where others have an object.
    let nested = !request.contains("\"topic\"") && !request.contains("/_matrix/");
    json!({
        "message": words,
        "error": if nested { json!({ "message": words }) } else { json!(words) },
        "errorDescription": words,
        "errors": [words],
        "description": words,
        "msg": words,
    })
}
