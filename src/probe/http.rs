//! `http://` and `https://`: up when the answer's status is in the healthy range.
//!
//! HEAD, and GET where a target refuses HEAD; a fresh connection each time; redirects are answers, not followed.

use std::ops::Range;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::clock::Clock;
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
    client: Client,
}

impl Http {
    /// A probe of `url` that is up when the status is in `healthy`.
    #[must_use]
    pub fn new(url: &Url, healthy: Range<u16>, client: Client) -> Self {
        Self { url: without_credentials(url), authorization: authorization(url), healthy, client }
    }

    fn request(&self, method: Method, limit: Duration) -> Result<Answer, Finding> {
        let mut headers = vec![("Cache-Control", "no-cache")];
        headers.extend(self.authorization.as_deref().map(|value| ("Authorization", value)));
        self.client.ask(&Request { url: &self.url, method, headers: &headers, limit })
    }
}

impl Probe for Http {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        let spent = || clock.now().instant.saturating_duration_since(start);
        let answer = match self.request(Method::Head, limit) {
            Ok(Answer { status: 405 | 501, .. }) => self.request(Method::Get, limit.saturating_sub(spent())),
            other => other,
        };
        match answer {
            Ok(Answer { status, .. }) if self.healthy.contains(&status) => Finding::Up(spent()),
            Ok(Answer { status, .. }) => Finding::Down(Failure::HttpStatus(status)),
            // Both requests share one limit; the one that people know is the whole.
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
