//! A queue of RabbitMQ: how long it is, as the server's management API says.
//!
//! `GET /api/queues/{virtual host}/{queue}` (<https://www.rabbitmq.com/docs/management#http-api>), of which only the two
//! lengths are asked for: all else, such as the list of consumers, may be long. A queue about which there are no
//! statistics yet, or no more, has neither; the answer is then an empty list.

use std::time::Duration;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::rabbitmq::RabbitMq;
use crate::model::cause::Failure;
use crate::model::observation::Finding;
use crate::model::queue::Lengths;
use crate::model::queue::Unread;
use crate::net::basic;
use crate::net::client::Client;
use crate::net::client::Method;
use crate::net::client::Request;
use crate::secret::Secret;

use super::Probe;

/// What stands in a path as it is (RFC 3986, 2.3); a slash is part of a name there, not of the path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const READY: &str = "messages_ready";
const UNACKNOWLEDGED: &str = "messages_unacknowledged";

/// Asks how long a queue is.
pub struct Queue {
    url: String,
    authorization: Secret,
    client: Client,
}

impl Queue {
    /// A probe of the queue of that name.
    #[must_use]
    pub fn new(server: &RabbitMq, name: &str, client: Client) -> Self {
        let encoded = |name| utf8_percent_encode(name, ENCODED).to_string();
        let (host, queue) = (encoded(&server.virtual_host), encoded(name));
        let url = format!("{}/api/queues/{host}/{queue}?columns={READY},{UNACKNOWLEDGED}", server.base());
        let authorization = basic::authorization(&server.username, server.password.reveal());
        Self { url, authorization, client }
    }
}

impl Probe for Queue {
    fn ask(&self, limit: Duration, _: &dyn Clock) -> Finding {
        let headers = [("accept", "application/json"), ("authorization", self.authorization.reveal())];
        let mut body = Vec::new();
        let request = Request { url: &self.url, method: Method::Get, headers: &headers, limit };
        let unread = match self.client.ask_into(&request, &mut body) {
            Ok(answer) => match answer.status {
                200 => match lengths(&body) {
                    Some(lengths) => return Finding::Queue(lengths),
                    None => Unread::NoLengths,
                },
                status @ (401 | 403) => Unread::Unauthorized(status),
                404 => Unread::Missing,
                status => Unread::Failed(Failure::HttpStatus(status)),
            },
            Err(Finding::Down(failure)) => Unread::Failed(failure),
            // It was not asked at all.
            Err(finding) => return finding,
        };
        Finding::Unread(unread)
    }
}

/// The lengths in an answer, where it has both.
fn lengths(body: &[u8]) -> Option<Lengths> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let length = |name| document.get(name)?.as_u64();
    Some(Lengths { ready: length(READY)?, unacknowledged: length(UNACKNOWLEDGED)? })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::io::Write;
    use std::net::Ipv4Addr;
    use std::net::TcpListener;
    use std::num::NonZeroUsize;
    use std::sync::Arc;
    use std::thread;
    use std::thread::JoinHandle;

    use crate::clock::SystemClock;
    use crate::model::cause::Phase;
    use crate::net::resolve::Resolver;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn probe(port: u16, path: &str, host: &str, queue: &str) -> Queue {
        let server = RabbitMq {
            api_url: format!("http://127.0.0.1:{port}{path}").parse().unwrap(),
            username: "vigil".to_owned(),
            password: Secret::new("hunter2:ü"),
            virtual_host: host.to_owned(),
            second_look: None,
            interval: LIMIT,
            parallelism: NonZeroUsize::MIN,
        };
        Queue::new(&server, queue, Client::new("test", Arc::new(Resolver::default())))
    }

    /// A server that says this to one request, and is silent then until the other side is gone; it gives the request.
    fn server(answer: &'static str) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut bytes) = (Vec::new(), [0; 1024]);
            while !request.ends_with(b"\r\n\r\n") {
                let count = stream.read(&mut bytes).unwrap();
                request.extend_from_slice(&bytes[..count]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
            String::from_utf8(request).unwrap()
        };
        (port, thread::spawn(serve))
    }

    /// An answer with that body.
    macro_rules! ok {
        ($body:literal) => {
            concat!("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", $body, "0\r\n\r\n")
        };
    }

    #[test]
    fn the_api_is_asked_for_the_two_lengths_of_one_queue() {
        for (path, host, queue, wanted) in [
            ("", "/", "jobs", "/api/queues/%2F/jobs"),
            ("/", "crisp", "a b/c?d#%41", "/api/queues/crisp/a%20b%2Fc%3Fd%23%2541"),
            ("/rabbit", "ü", "-._~", "/rabbit/api/queues/%C3%BC/-._~"),
        ] {
            let (port, request) = server(ok!("32\r\n{\"messages_unacknowledged\":3,\"messages_ready\":12 }\r\n"));
            let finding = probe(port, path, host, queue).ask(LIMIT, &SystemClock);
            assert_eq!(finding, Finding::Queue(Lengths { ready: 12, unacknowledged: 3 }));
            let request = request.join().unwrap();
            let line = format!("GET {wanted}?columns=messages_ready,messages_unacknowledged HTTP/1.1\r\n");
            assert!(request.starts_with(&line), "{request}");
            let lower = request.to_ascii_lowercase();
            assert!(lower.contains("\r\nauthorization: basic "), "{request}");
            assert!(request.contains(basic::authorization("vigil", "hunter2:ü").reveal()), "{request}");
        }
    }

    #[test]
    fn what_is_no_length_is_not_taken_for_one() {
        let whole = r#"{"messages_ready":0,"messages_unacknowledged":18446744073709551615,"name":"jobs"}"#;
        assert_eq!(lengths(whole.as_bytes()), Some(Lengths { ready: 0, unacknowledged: u64::MAX }));
        for body in [
            "",
            "[]",
            "null",
            "<html>",
            r#"{"messages_ready":1}"#,
            r#"{"messages_ready":-1,"messages_unacknowledged":0}"#,
            r#"{"messages_ready":1.5,"messages_unacknowledged":0}"#,
            r#"{"messages_ready":"1","messages_unacknowledged":0}"#,
            r#"{"messages_ready":1,"messages_unacknowledged":0"#,
            r#"{"messages_ready":18446744073709551616,"messages_unacknowledged":0}"#,
        ] {
            assert_eq!(lengths(body.as_bytes()), None, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(lengths(deep.as_bytes()), None);
    }

    #[test]
    fn an_answer_that_is_none_says_why_nothing_is_known() {
        let status = |status| Unread::Failed(Failure::HttpStatus(status));
        for (answer, wanted) in [
            ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", Unread::Unauthorized(401)),
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Unread::Unauthorized(403)),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Unread::Missing),
            ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", status(503)),
            // Credentials go nowhere else.
            ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", status(302)),
            (ok!(""), Unread::NoLengths),
            (ok!("2\r\n[]\r\n"), Unread::NoLengths),
            (ok!("7\r\n<html>\n\r\n"), Unread::NoLengths),
        ] {
            let (port, _request) = server(answer);
            assert_eq!(probe(port, "", "/", "jobs").ask(LIMIT, &SystemClock), Finding::Unread(wanted), "{answer}");
        }
        let (port, _request) = server("220 smtp.example.com\r\n");
        let finding = probe(port, "", "/", "jobs").ask(LIMIT, &SystemClock);
        assert!(matches!(finding, Finding::Unread(Unread::Failed(Failure::Malformed(_)))), "{finding:?}");
    }

    #[test]
    fn a_server_that_hangs_or_is_not_there_says_so_in_time() {
        let short = Duration::from_millis(200);
        for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"] {
            let (port, _request) = server(answer);
            let phase = if answer.is_empty() { Phase::Answer } else { Phase::Body };
            let wanted = Finding::Unread(Unread::Failed(Failure::TimedOut { after: short, phase }));
            assert_eq!(probe(port, "", "/", "jobs").ask(short, &SystemClock), wanted);
        }
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let finding = probe(closed, "", "/", "jobs").ask(LIMIT, &SystemClock);
        assert_eq!(finding, Finding::Unread(Unread::Failed(Failure::Refused)));
    }
}
