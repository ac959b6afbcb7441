//! `[notify.http]`

use ureq::http::HeaderName;

use super::super::super::HttpMethod;
use super::super::super::HttpRequest;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::super::template::Escape;
use super::super::super::template::Template;
use super::super::http::OURS;
use super::super::web_url::hook;

/// The most headers of a request.
const HEADERS_MAX: usize = 50;

const CONTENT_TYPE: &str = "content-type";

/// What the body is unless it is said.
const USUAL_TYPE: &str = "application/json";

/// The body unless it is said: all variables.
const USUAL_BODY: &str = "{{json this}}";

/// `[notify.http]`
pub(super) fn http(section: &Section<'_>) -> Result<HttpRequest, ConfigError> {
    let url = section.require("url", |field| hook(&field))?;
    let method = section.read("method", |field| method(&field))?.unwrap_or(HttpMethod::Post);
    let (mut headers, given_type) = section.read("headers", |field| headers(&field))?.unwrap_or_default();
    if method == HttpMethod::Get {
        if section.field("body").is_some() {
            section.warn("body", "is not sent with GET, ignored; write `method = \"POST\"`, `\"PUT\"` or `\"PATCH\"`");
        }
        return Ok(HttpRequest { url, method, headers, body: None });
    }
    let content_type = given_type.unwrap_or_else(|| USUAL_TYPE.to_owned());
    let escape = escape(&content_type);
    let body = section.read("body", |field| body(&field, escape))?;
    let unusual = |what: String| section.fault("body", what);
    let body = match body {
        Some(body) => body,
        None if escape == Escape::Json => Template::new(USUAL_BODY, escape).map_err(unusual)?,
        None => {
            let what = "is missing; write a template of what `Content-Type` says, or leave that out for JSON";
            return Err(section.fault("body", what));
        }
    };
    if !headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
        let usual = Template::new(USUAL_TYPE, Escape::None).map_err(|what| section.fault("headers", what))?;
        headers.push((CONTENT_TYPE.to_owned(), usual));
    }
    Ok(HttpRequest { url, method, headers, body: Some(body) })
}

fn method(field: &Field<'_, '_>) -> Result<HttpMethod, ConfigError> {
    let text = field.text()?;
    HttpMethod::ALL.into_iter().find(|method| method.word() == text).ok_or_else(|| field.wrong("is not a method"))
}

/// A template whose text is never shown: it may hold a token.
fn template(field: &Field<'_, '_>, escape: Escape) -> Result<Template, ConfigError> {
    Template::new(field.text()?, escape).map_err(|why| field.fault(format!("is not a template: {why}")))
}

fn body(field: &Field<'_, '_>, escape: Escape) -> Result<Template, ConfigError> {
    let body = template(field, escape)?;
    if escape == Escape::Json {
        body.check_json().map_err(|why| {
            let right = "write `\"{{x}}\"` or `{{json x}}` for a text, or name another `Content-Type` in `headers`";
            field.fault(format!("does not always make JSON: {why}; {right}"))
        })?;
    }
    Ok(body)
}

/// Headers, and the value of `Content-Type` if it is among them.
type Headers = (Vec<(String, Template)>, Option<String>);

fn headers(field: &Field<'_, '_>) -> Result<Headers, ConfigError> {
    let (mut headers, mut content_type) = (Vec::new(), None);
    for (name, value) in field.pairs()? {
        let name = HeaderName::try_from(name)
            .map_err(|_| value.fault("is not the name of a header; write one such as `X-Api-Key`"))?;
        if OURS.contains(&name.as_str()) {
            value.warn("is set by Vigil itself, ignored");
            continue;
        }
        if headers.len() >= HEADERS_MAX {
            return Err(value.fault(format!("is one header too many; write at most {HEADERS_MAX}")));
        }
        if name == CONTENT_TYPE {
            content_type = Some(value.text()?.to_owned());
        }
        headers.push((name.to_string(), template(&value, Escape::None)?));
    }
    Ok((headers, content_type))
}

/// How variables are escaped in a body of that type.
fn escape(content_type: &str) -> Escape {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffix = essence.rsplit(['/', '+']).next().unwrap_or_default();
    match (essence.as_str(), suffix) {
        ("application/x-www-form-urlencoded", _) => Escape::Form,
        (_, "json") => Escape::Json,
        (_, "html" | "xml") => Escape::Markup,
        _ => Escape::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_body_says_how_it_is_escaped() {
        for (content_type, wanted) in [
            ("application/json", Escape::Json),
            ("Application/JSON; charset=utf-8", Escape::Json),
            ("application/vnd.api+json", Escape::Json),
            ("application/x-www-form-urlencoded", Escape::Form),
            ("text/html; charset=utf-8", Escape::Markup),
            ("application/xml", Escape::Markup),
            ("image/svg+xml", Escape::Markup),
            ("text/plain", Escape::None),
            ("", Escape::None),
        ] {
            assert_eq!(escape(content_type), wanted, "{content_type}");
        }
    }
}
