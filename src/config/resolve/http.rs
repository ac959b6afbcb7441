//! The `http_*` keys of `[[probe.service.node]]`.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;
use ureq::http::HeaderName;
use ureq::http::HeaderValue;

use super::super::Address;
use super::super::Mode;
use super::super::Target;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::http::Http;
use super::super::http::Method;
use super::super::section::Section;
use super::tls;
use super::tls::trust;
use crate::secret::Secret;

/// Headers that say how long a request is, and those of the connection: they follow from what is sent.
pub(super) const OURS: [&str; 4] = ["connection", "content-length", "expect", "transfer-encoding"];

/// The keys that say how an HTTP target is asked.
const KEYS: &[&str] = &[
    "http_headers",
    "http_method",
    "http_body",
    "http_body_healthy_match",
    "http_json_healthy_match",
    "http_follow_redirects",
];

/// How the HTTP targets of a node are asked.
pub(super) fn http(section: &Section<'_>) -> Result<Http, ConfigError> {
    let body_match = section.read("http_body_healthy_match", |field| pattern(&field))?;
    let json_match = section.read("http_json_healthy_match", |field| json(&field))?.unwrap_or_default();
    let http = Http {
        method: method(section, body_match.is_some() || !json_match.is_empty())?,
        headers: section.read("http_headers", |field| headers(&field))?.unwrap_or_default(),
        body_match,
        json_match,
        follows_redirects: section.read("http_follow_redirects", |field| field.flag())?.unwrap_or(false),
        trust: Arc::new(trust(section)?),
    };
    if http.reads_body() && matches!(http.method, Method::Head) {
        let what = "is `HEAD`, to which no answer has a body; leave it out, or write `http_method = \"GET\"`";
        section.warn("http_method", what);
    }
    Ok(http)
}

/// Warns about keys for targets that the node does not have.
pub(super) fn mind_unused(section: &Section<'_>, mode: &Mode) {
    let targets: &[Target] = if let Mode::Poll(targets) = mode { targets } else { &[] };
    let any = |is: fn(&Address) -> bool| targets.iter().any(|target| is(&target.address));
    let warn = |keys: &[&str], what: &str| {
        for key in keys.iter().filter(|key| section.field(key).is_some()) {
            section.warn(key, format!("has no effect: no replica of this node is {what}"));
        }
    };
    if !any(|address| matches!(address, Address::Http { .. })) {
        warn(KEYS, "an `http://` or `https://` URL");
    }
    if !any(shows_certificate) {
        warn(tls::KEYS, "an `https://` or `tls://` URL");
    }
}

/// Whether a target may show a certificate; one that redirects may do so in the end.
fn shows_certificate(address: &Address) -> bool {
    match address {
        Address::Http { url, how } => url.scheme() == "https" || how.follows_redirects,
        Address::Tls { .. } => true,
        Address::Tcp { .. } | Address::Ssh { .. } | Address::Icmp { .. } | Address::Dns(_) => false,
    }
}

fn method(section: &Section<'_>, reads_body: bool) -> Result<Method, ConfigError> {
    let body = section.read("http_body", |field| field.text().map(Secret::new))?;
    let given = body.is_some();
    let body = || body.clone().unwrap_or_else(|| Secret::new(""));
    let method = section.read("http_method", |field| match field.text()? {
        "HEAD" => Ok(Method::Head),
        "GET" => Ok(Method::Get),
        "POST" => Ok(Method::Post(body())),
        "PUT" => Ok(Method::Put(body())),
        "PATCH" => Ok(Method::Patch(body())),
        _ => Err(field.wrong("is not a method")),
    })?;
    let method = method.unwrap_or(if reads_body { Method::Get } else { Method::HeadOrGet });
    if given && matches!(method, Method::HeadOrGet | Method::Head | Method::Get) {
        let what = "is not sent with HEAD or GET, ignored; write `http_method = \"POST\"`, `\"PUT\"` or `\"PATCH\"`";
        section.warn("http_body", what);
    }
    Ok(method)
}

/// No message shows a value: it may be a token.
fn headers(field: &Field<'_, '_>) -> Result<Vec<(String, Secret)>, ConfigError> {
    let mut headers = Vec::new();
    for (name, value) in field.pairs()? {
        let name = HeaderName::try_from(name)
            .map_err(|_| value.fault("is not the name of a header; write one such as `X-Api-Key`"))?;
        let values = if value.is_list() { value.items()? } else { vec![value] };
        if OURS.contains(&name.as_str()) {
            values.iter().take(1).for_each(|value| value.warn("is set by Vigil itself, ignored"));
            continue;
        }
        for value in values {
            let text = value.text()?;
            HeaderValue::from_bytes(text.as_bytes()).map_err(|_| value.fault(UNFIT))?;
            headers.push((name.to_string(), Secret::new(text)));
        }
    }
    Ok(headers)
}

const UNFIT: &str = "cannot be sent as a header; write a text without line breaks and control characters";

fn json(field: &Field<'_, '_>) -> Result<Vec<(String, Value)>, ConfigError> {
    let pair = |(pointer, value): (&str, Field<'_, '_>)| {
        // An escape other than `~0` and `~1` has no meaning (RFC 6901, 3).
        let is_pointer = pointer.is_empty() || pointer.starts_with('/');
        if !is_pointer || pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return Err(value.fault("is not at a JSON pointer; write one such as `/status` or `/checks/0/ok`"));
        }
        Ok((pointer.to_owned(), value.json()?))
    };
    field.pairs()?.into_iter().map(pair).collect()
}

fn pattern(field: &Field<'_, '_>) -> Result<Regex, ConfigError> {
    Regex::new(field.text()?).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => field.wrong_so("takes too much memory; write a shorter one"),
        // The last line says what is wrong, and those above draw where.
        other => {
            let text = other.to_string();
            let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            field.wrong_so(&format!("is not a regular expression ({why}); see https://docs.rs/regex/#syntax"))
        }
    })
}
