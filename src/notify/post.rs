//! Requests to web hooks and to the APIs of providers, and what their answers mean.

use std::time::Duration;

use crate::model::observation::Finding;
use crate::net::client::Client;
use crate::net::client::Method;
use crate::net::client::Request;

use super::SendError;

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(10);

/// Answers after which another try is in vain: the request is wrong, or what it asks for is revoked or gone.
const PERMANENT: &[u16] = &[400, 401, 403, 404, 405, 406, 410, 411, 413, 415, 422];

/// Answers that say how long to wait (RFC 6585, 4; RFC 9110, 15.6.4).
const PATIENT: &[u16] = &[429, 503];

/// A request that is put together.
#[derive(Clone)]
pub(super) struct Post<'a> {
    client: &'a Client,
    url: &'a str,
    verb: Verb,
    headers: Vec<(&'a str, &'a str)>,
    who: &'a str,
}

/// The methods of providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    Post,
    Put,
    Patch,
}

/// An answer of whatever status; its body, or the first mebibyte of it, has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The least wait before another try, when the other side asks for one.
    pub(super) retry_after: Option<Duration>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// A POST to `url`, which is never told to anybody.
pub(super) fn to<'a>(client: &'a Client, url: &'a str) -> Post<'a> {
    Post { client, url, verb: Verb::Post, headers: Vec::new(), who: "the hook" }
}

impl<'a> Post<'a> {
    /// A PUT instead.
    pub(super) fn put(mut self) -> Self {
        self.verb = Verb::Put;
        self
    }

    /// A PATCH instead.
    pub(super) fn patch(mut self) -> Self {
        self.verb = Verb::Patch;
        self
    }

    /// A GET instead, which has no body.
    pub(super) fn get(mut self) -> Self {
        self.verb = Verb::Get;
        self
    }

    /// With this header. One that names `Content-Type` wins over what the body would say.
    pub(super) fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Who answers, in the words of a failure: `the hook` unless said otherwise.
    pub(super) fn called(mut self, who: &'a str) -> Self {
        self.who = who;
        self
    }

    /// Sends a body of that type.
    ///
    /// # Errors
    /// [`SendError`], when the answer is not 2xx, or none came within 10 s.
    pub(super) fn bytes(&self, content_type: &str, body: &[u8]) -> Result<(), SendError> {
        self.verdict(&self.ask(content_type, body)?)
    }

    /// Sends a body of that type, and gives what is answered, whatever its status: for those who say in the body what
    /// went wrong. [`Post::verdict`] says what the status means.
    ///
    /// # Errors
    /// [`SendError`], when no answer came within 10 s.
    pub(super) fn ask(&self, content_type: &str, body: &[u8]) -> Result<Answer, SendError> {
        let mut headers = self.headers.clone();
        let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
        if !has_type && self.verb != Verb::Get {
            headers.push(("Content-Type", content_type));
        }
        let method = match self.verb {
            Verb::Get => Method::Get,
            Verb::Post => Method::Post(body),
            Verb::Put => Method::Put(body),
            Verb::Patch => Method::Patch(body),
        };
        let mut body = Vec::new();
        let request = Request { url: self.url, method, headers: &headers, limit: LIMIT };
        match self.client.ask_into(&request, &mut body) {
            Ok(answer) => {
                let retry_after = answer.retry_after.filter(|_| PATIENT.contains(&answer.status));
                Ok(Answer { status: answer.status, retry_after, body })
            }
            Err(Finding::Down(failure)) => Err(SendError::passing(failure.to_string())),
            Err(Finding::Blind(what)) => Err(SendError::passing(what)),
            // Nothing else comes of a request.
            Err(_) => Err(SendError::passing("no answer")),
        }
    }

    /// What the status of an answer means.
    ///
    /// # Errors
    /// [`SendError`], when it is not 2xx.
    pub(super) fn verdict(&self, answer: &Answer) -> Result<(), SendError> {
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        Err(SendError {
            permanent: PERMANENT.contains(&answer.status),
            retry_after: answer.retry_after,
            what: format!("{} answered HTTP {}", self.who, answer.status),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread;
    use std::thread::JoinHandle;

    use crate::net::resolve::Resolver;

    use super::super::call::Answers;
    use super::super::call::Call;
    use super::*;

    fn client() -> Client {
        Client::new("test", Arc::new(Resolver::default()))
    }

    /// The URL of a server that gives this answer to one request, and what it was asked.
    fn server(answer: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut asked, mut part) = (String::new(), [0; 4_096]);
            // The bodies of these tests end in a brace, or with the last field of a form.
            while !asked.ends_with('}') && !asked.ends_with("=z") {
                let read = stream.read(&mut part).unwrap();
                asked.push_str(str::from_utf8(&part[..read]).unwrap());
            }
            stream.write_all(answer.as_bytes()).unwrap();
            asked
        };
        (url, thread::Builder::new().spawn(serve).unwrap())
    }

    #[test]
    fn a_document_goes_with_its_headers_by_the_method_that_was_asked_for() {
        let (url, asked) = server("HTTP/1.1 204 No Content\r\n\r\n");
        let client = client();
        let post = to(&client, &url).put().header("X-Token", "a token").header("content-type", "application/x+json");
        assert_eq!(post.bytes("application/json", "{\"a\":\"ü\"}".as_bytes()), Ok(()));
        let asked = asked.join().unwrap();
        let head = asked.to_ascii_lowercase();
        assert!(asked.starts_with("PUT /hook HTTP/1.1\r\n") && asked.ends_with("\r\n\r\n{\"a\":\"ü\"}"), "{asked}");
        assert!(head.contains("\r\nx-token: a token\r\n"), "{asked}");
        assert!(head.contains("\r\ncontent-type: application/x+json\r\n"), "{asked}");
        assert_eq!(head.matches("content-type").count(), 1, "{asked}");
    }

    #[test]
    fn the_fields_of_a_form_are_encoded() {
        let (url, asked) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let call = Call::form(url, &[("to", "+33 1"), ("text", "a&b=ü\n"), ("end", "z")]);
        assert!(call.make(&client(), &Answers::of("Example")).is_ok());
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("POST ") && asked.contains("application/x-www-form-urlencoded"), "{asked}");
        assert!(asked.ends_with("\r\n\r\nto=%2B33+1&text=a%26b%3D%C3%BC%0A&end=z"), "{asked}");
    }

    #[test]
    fn an_answer_is_given_as_it_came() {
        let (url, asked) = server("HTTP/1.1 400 Bad\r\nContent-Length: 4\r\nRetry-After: 9\r\n\r\nwhy?");
        let answer = to(&client(), &url).patch().ask("application/json", b"{}").unwrap();
        assert_eq!(answer, Answer { status: 400, retry_after: None, body: b"why?".to_vec() });
        assert!(asked.join().unwrap().starts_with("PATCH /hook "));
    }

    #[test]
    fn an_answer_says_whether_another_try_is_in_vain_and_when_it_is_not() {
        let client = client();
        let post = to(&client, "http://127.0.0.1:1/");
        let verdict = |post: &Post<'_>, status| {
            let retry_after = Some(Duration::from_secs(7)).filter(|_| PATIENT.contains(&status));
            post.verdict(&Answer { status, retry_after, body: Vec::new() })
        };
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(&post, status), Ok(()));
        }
        for status in [400, 401, 403, 404, 405, 406, 410, 411, 413, 415, 422] {
            let what = format!("the hook answered HTTP {status}");
            assert_eq!(verdict(&post, status), Err(SendError::permanent(what)));
        }
        for status in [301, 307, 408, 409, 425, 429, 500, 502, 503, 504] {
            let error = verdict(&post, status).unwrap_err();
            assert_eq!(
                (error.permanent, error.retry_after.is_some()),
                (false, matches!(status, 429 | 503)),
                "{status}"
            );
        }
        let other = post.called("Example");
        assert_eq!(verdict(&other, 404), Err(SendError::permanent("Example answered HTTP 404")));
        assert!(!verdict(&other, 409).unwrap_err().permanent);
    }
}
