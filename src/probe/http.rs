//! `http://` and `https://`: up when the answer's status is in the healthy range and its body is as it should be.
//!
//! HEAD, and GET where a target refuses HEAD, unless the node names a method; a fresh connection each time; redirects
//! are answers, not followed.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::clock::Clock;
use crate::config::http;
use crate::model::cause::BodyFailure;
use crate::model::cause::Failure;
use crate::model::observation::Finding;
use crate::net::client::Answer;
use crate::net::client::Client;
use crate::net::client::Method;
use crate::net::client::Request;

use super::Probe;

/// Asks by an HTTP request.
pub struct Http {
    url: String,
    authorization: Option<String>,
    healthy: Range<u16>,
    how: Arc<http::Http>,
    client: Client,
}

impl Http {
    /// A probe of `url` that asks as `how` says, and is up when the status is in `healthy`.
    #[must_use]
    pub fn new(url: &Url, how: Arc<http::Http>, healthy: Range<u16>, client: Client) -> Self {
        Self { url: without_credentials(url), authorization: authorization(url), healthy, how, client }
    }

    /// Asks by the method of the node, which may take two requests.
    fn answer(&self, limit: Duration, spent: impl Fn() -> Duration, body: &mut Vec<u8>) -> Result<Answer, Finding> {
        let method = match &self.how.method {
            http::Method::HeadOrGet => match self.request(Method::Head, limit, body) {
                Ok(Answer { status: 405 | 501, .. }) => Method::Get,
                other => return other,
            },
            http::Method::Head => Method::Head,
            http::Method::Get => Method::Get,
            http::Method::Post(body) => Method::Post(body.reveal().as_bytes()),
            http::Method::Put(body) => Method::Put(body.reveal().as_bytes()),
            http::Method::Patch(body) => Method::Patch(body.reveal().as_bytes()),
        };
        self.request(method, limit.saturating_sub(spent()), body)
    }

    fn request(&self, method: Method<'_>, limit: Duration, body: &mut Vec<u8>) -> Result<Answer, Finding> {
        let usual = [("cache-control", Some("no-cache")), ("authorization", self.authorization.as_deref())];
        let usual = usual.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let usual = usual.filter(|(name, _)| !self.how.headers.iter().any(|(given, _)| given == name));
        let given = self.how.headers.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        let headers: Vec<_> = usual.chain(given).collect();
        let request = Request { url: &self.url, method, headers: &headers, limit };
        if self.how.reads_body() { self.client.ask_into(&request, body) } else { self.client.ask(&request) }
    }

    /// What is wrong with an answer of this status and with this body, if anything.
    fn fault(&self, status: u16, body: &[u8]) -> Option<Failure> {
        if !self.healthy.contains(&status) {
            return Some(Failure::HttpStatus(status));
        }
        let pattern = self.how.body_match.as_ref()?;
        (!pattern.is_match(&String::from_utf8_lossy(body))).then_some(Failure::Body(BodyFailure::NoMatch))
    }
}

impl Probe for Http {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        let spent = || clock.now().instant.saturating_duration_since(start);
        let mut body = Vec::new();
        match self.answer(limit, spent, &mut body) {
            Ok(answer) => {
                let took = spent();
                self.fault(answer.status, &body).map_or(Finding::Up(took), Finding::Down)
            }
            // All requests share one limit; the one that people know is the whole.
            Err(Finding::Down(Failure::TimedOut { phase, .. })) => {
                Finding::Down(Failure::TimedOut { after: limit, phase })
            }
            Err(finding) => finding,
        }
    }
}

/// The URL without user and password, which go into a header, and without its fragment, which stays with us.
fn without_credentials(url: &Url) -> String {
    let mut bare = url.clone();
    // Both fail only for URLs without a host, which have no credentials either.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_fragment(None);
    bare.into()
}

fn authorization(url: &Url) -> Option<String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decode(url.username()), decode(url.password().unwrap_or_default()));
    let given = !url.username().is_empty() || url.password().is_some();
    given.then(|| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}
