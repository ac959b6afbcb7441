//! URLs that are linked or called.

use ureq::http::Uri;
use url::Url;

use super::super::error::ConfigError;
use super::super::field::Field;

/// The schemes of the web.
pub(super) const WEB: &[&str] = &["http", "https"];

/// Those that a visitor can follow.
pub(super) const LINKED: &[&str] = &["http", "https", "mailto", "tel"];

/// An absolute URL with one of `schemes`.
pub(super) fn absolute(field: &Field<'_, '_>, schemes: &[&str]) -> Result<Url, ConfigError> {
    let url: Url = field.parsed("is not an absolute URL")?;
    if !schemes.contains(&url.scheme()) {
        return Err(field.wrong("is a URL of another kind"));
    }
    Ok(url)
}

/// An `http` or `https` URL that Vigil itself calls.
pub(super) fn called(field: &Field<'_, '_>) -> Result<Url, ConfigError> {
    let url = absolute(field, WEB)?;
    if callable(&url) { Ok(url) } else { Err(field.wrong("is not a URL that can be called")) }
}

/// Whether the HTTP client, whose idea of a URL is narrower than a browser's, can call it.
pub(super) fn callable(url: &Url) -> bool {
    url.as_str().parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
}
