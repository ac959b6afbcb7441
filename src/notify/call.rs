//! A notice as one request to a provider, and what the provider's answer means beyond its status.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use url::Url;
use url::form_urlencoded;

use crate::config::Credentials;
use crate::config::Hook;
use crate::model::notice::Notice;
use crate::net::basic;
use crate::net::client::Client;

use super::Notifier;
use super::SendError;
use super::discreet;
use super::post;
use super::post::Answer;

/// The longest wait that the body of an answer may ask for: nothing is tried for longer than a day.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// A request that is put together. What it holds may be secret, so it cannot be printed.
pub(super) struct Call {
    puts: bool,
    url: String,
    headers: Vec<(&'static str, String)>,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Call {
    /// POST to `url`, of a JSON document.
    ///
    /// # Errors
    /// A permanent one, if JSON cannot express it.
    pub(super) fn json(url: impl Into<String>, document: &impl Serialize) -> Result<Self, SendError> {
        let body = serde_json::to_vec(document).map_err(|error| SendError::permanent(error.to_string()))?;
        Ok(Self { puts: false, url: url.into(), headers: Vec::new(), content_type: "application/json", body })
    }

    /// POST to `hook`, of a JSON document.
    ///
    /// # Errors
    /// As [`Call::json`].
    pub(super) fn hook(hook: &Hook, document: &impl Serialize) -> Result<Self, SendError> {
        Ok(Self::json(hook.url.reveal(), document)?.credentials(hook.credentials.as_ref()))
    }

    /// POST to `url`, of the fields of a form.
    pub(super) fn form(url: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
        let content_type = "application/x-www-form-urlencoded";
        Self { puts: false, url: url.into(), headers: Vec::new(), content_type, body }
    }

    /// A PUT instead.
    pub(super) fn put(mut self) -> Self {
        self.puts = true;
        self
    }

    /// With a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a user name and a password (RFC 7617).
    pub(super) fn basic(self, username: &str, password: &str) -> Self {
        self.header("Authorization", basic::authorization(username, password).reveal())
    }

    /// With those that stood in a URL, if any did.
    pub(super) fn credentials(self, credentials: Option<&Credentials>) -> Self {
        match credentials {
            Some(one) => self.basic(&one.username, one.password.reveal()),
            None => self,
        }
    }

    /// With a token (RFC 6750).
    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Makes the request; gives the body of the answer, if it is one of success.
    ///
    /// # Errors
    /// As `answers` understands the answer, or when none came within the limit of a delivery.
    pub(super) fn make(&self, client: &Client, answers: &Answers) -> Result<Vec<u8>, Refusal> {
        let mut request = post::to(client, &self.url).called(answers.name);
        if self.puts {
            request = request.put();
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request.ask(self.content_type, &self.body).map_err(|error| Refusal { status: None, error })?;
        match request.verdict(&answer) {
            Ok(()) => Ok(answer.body),
            Err(error) => Err(Refusal { status: Some(answer.status), error: answers.explain(error, &answer) }),
        }
    }
}

/// Why a request brought no success.
pub(super) struct Refusal {
    /// The status, if there was an answer.
    pub(super) status: Option<u16>,
    /// The same for whoever delivers.
    pub(super) error: SendError,
}

impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// The URL below `base` with these segments of a path, whether or not it ends with a slash.
pub(super) fn below(base: &Url, segments: &[&str]) -> String {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url.into()
}

/// How the answers of a provider are understood, beyond what HTTP says.
#[derive(Clone, Copy)]
pub(super) struct Answers {
    name: &'static str,
    words: Option<&'static str>,
    wait: Option<(&'static str, f64)>,
    least: &'static [(u16, Duration)],
}

impl Answers {
    /// Those of whoever has that name in messages.
    pub(super) const fn of(name: &'static str) -> Self {
        Self { name, words: None, wait: None, least: &[] }
    }

    /// They say why at this JSON pointer.
    pub(super) const fn words(self, pointer: &'static str) -> Self {
        Self { words: Some(pointer), ..self }
    }

    /// They say at this JSON pointer for how many seconds to wait.
    pub(super) const fn seconds(self, pointer: &'static str) -> Self {
        Self { wait: Some((pointer, 1.0)), ..self }
    }

    /// They say at this JSON pointer for how many milliseconds to wait.
    pub(super) const fn milliseconds(self, pointer: &'static str) -> Self {
        Self { wait: Some((pointer, 0.001)), ..self }
    }

    /// After these statuses another try has to wait so long, unless the answer itself says otherwise.
    pub(super) const fn least(self, least: &'static [(u16, Duration)]) -> Self {
        Self { least, ..self }
    }

    /// An error with what the body of the answer adds to it.
    fn explain(&self, mut error: SendError, answer: &Answer) -> SendError {
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = self.words.and_then(|pointer| document.pointer(pointer)).and_then(Value::as_str);
        let words = discreet::words(words.unwrap_or_default());
        if !words.trim().is_empty() {
            error.what = format!("{}: {}", error.what, words.trim());
        }
        let least = || self.least.iter().find(|(status, _)| *status == answer.status).map(|(_, wait)| *wait);
        error.retry_after = error.retry_after.or_else(|| self.told(&document)).or_else(least);
        error
    }

    /// The wait that the body asks for.
    fn told(&self, document: &Value) -> Option<Duration> {
        let (pointer, unit) = self.wait?;
        let wait = Duration::try_from_secs_f64(document.pointer(pointer)?.as_f64()? * unit).ok()?;
        Some(wait.min(WAIT_MAX))
    }
}

/// A notifier that makes one request of a notice, by `make`.
pub(super) struct Calling<Make> {
    client: Client,
    answers: Answers,
    make: Make,
}

impl<Make: Fn(&Notice) -> Result<Call, SendError> + Send + Sync> Calling<Make> {
    /// One that understands answers so.
    pub(super) fn new(client: &Client, answers: Answers, make: Make) -> Self {
        Self { client: client.clone(), answers, make }
    }
}

impl<Make: Fn(&Notice) -> Result<Call, SendError> + Send + Sync> Notifier for Calling<Make> {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        (self.make)(notice)?.make(&self.client, &self.answers)?;
        Ok(())
    }
}
