//! `http://` and `https://`: up when the answer's status is in the healthy range and its body is as it should be.
//!
//! HEAD, and GET where a target refuses HEAD, unless the node names a method; a fresh connection each time; redirects
//! are answers, unless the node has them followed.

mod body;
mod trip;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::clock::Clock;
use crate::config::Credentials;
use crate::config::http;
use crate::model::cause::Failure;
use crate::model::observation::Finding;
use crate::net::basic;
use crate::net::client::Answer;
use crate::net::client::Client;
use crate::net::client::Method;
use crate::net::client::Request;
use crate::secret::Secret;

use self::trip::Trip;
use super::Probe;

/// Asks by an HTTP request.
pub struct Http {
    url: Url,
    authorization: Option<Secret>,
    healthy: Range<u16>,
    how: Arc<http::Http>,
    client: Client,
}

impl Http {
    /// A probe of `url` that asks as `how` says, and is up when the status is in `healthy`.
    #[must_use]
    pub fn new(url: &Url, how: Arc<http::Http>, healthy: Range<u16>, client: Client) -> Self {
        let mut url = url.clone();
        let credentials = Credentials::take(&mut url);
        let authorization = credentials.map(|one| basic::authorization(&one.username, one.password.reveal()));
        Self { url: trip::bare(url), authorization, healthy, how, client }
    }

    /// Asks, and goes where redirects lead; tells the last status, and leaves the last body in `body`.
    fn travel(&self, trip: &mut Trip, body: &mut Vec<u8>, left: impl Fn() -> Duration) -> Result<u16, Finding> {
        loop {
            body.clear();
            let answer = self.answer(trip, body, &left)?;
            trip.note(answer.valid_until);
            let location = answer.location.filter(|_| self.how.follows_redirects && trip::is_redirect(answer.status));
            let Some(location) = location else { return Ok(answer.status) };
            trip.follow(answer.status, &location).map_err(Finding::Down)?;
        }
    }

    /// Asks by the method of the trip, which may take two requests.
    fn answer(&self, trip: &Trip, into: &mut Vec<u8>, left: impl Fn() -> Duration) -> Result<Answer, Finding> {
        let method = match trip.method() {
            http::Method::HeadOrGet => match self.request(trip, Method::Head, left(), into) {
                Ok(Answer { status: 405 | 501, .. }) => Method::Get,
                other => return other,
            },
            http::Method::Head => Method::Head,
            http::Method::Get => Method::Get,
            http::Method::Post(body) => Method::Post(body.reveal().as_bytes()),
            http::Method::Put(body) => Method::Put(body.reveal().as_bytes()),
            http::Method::Patch(body) => Method::Patch(body.reveal().as_bytes()),
        };
        self.request(trip, method, left(), into)
    }

    fn request(&self, trip: &Trip, method: Method<'_>, limit: Duration, into: &mut Vec<u8>) -> Result<Answer, Finding> {
        // What may be a secret is meant for the target alone.
        let given = if trip.is_away() { &[] } else { self.how.headers.as_slice() };
        let authorization = self.authorization.as_ref().map(Secret::reveal).filter(|_| !trip.is_away());
        let usual = [("cache-control", Some("no-cache")), ("authorization", authorization)];
        let usual = usual.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let usual = usual.filter(|(name, _)| !given.iter().any(|(given, _)| given == name));
        let headers: Vec<_> = usual.chain(given.iter().map(|(name, value)| (name.as_str(), value.reveal()))).collect();
        let request = Request { url: trip.url().as_str(), method, headers: &headers, limit };
        if self.how.reads_body() { self.client.ask_into(&request, into) } else { self.client.ask(&request) }
    }
}

impl Probe for Http {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        let spent = || clock.now().instant.saturating_duration_since(start);
        let (mut trip, mut body) = (Trip::new(self.url.clone(), self.how.method.clone()), Vec::new());
        let status = self.travel(&mut trip, &mut body, || limit.saturating_sub(spent()));
        let took = spent();
        let failure = match status {
            Ok(status) if !self.healthy.contains(&status) => Failure::HttpStatus(status),
            Ok(_) => match body::fault(&self.how, &body) {
                None => return Finding::up(took, trip.valid_until()),
                Some(fault) => Failure::Body(fault),
            },
            // All requests share one limit; the one that people know is the whole.
            Err(Finding::Down(Failure::TimedOut { phase, .. })) => Failure::TimedOut { after: limit, phase },
            Err(Finding::Down(failure)) => failure,
            Err(finding) => return finding,
        };
        Finding::Down(trip.end(failure))
    }
}
