//! URLs that are linked or called.

use ureq::http::Uri;
use url::Url;

use super::super::Credentials;
use super::super::Hook;
use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::section::Section;
use crate::secret::Secret;

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

/// The same without credentials, where another header than theirs is sent.
pub(super) fn bare(field: &Field<'_, '_>) -> Result<Url, ConfigError> {
    match with_credentials(field)? {
        (url, None) => Ok(url),
        (_, Some(_)) => Err(field.wrong("has a user name or a password in it, which is not sent there")),
    }
}

/// The same with its credentials apart: the HTTP client takes them only as a header.
fn with_credentials(field: &Field<'_, '_>) -> Result<(Url, Option<Credentials>), ConfigError> {
    let mut url = called(field)?;
    let credentials = Credentials::take(&mut url);
    url.set_fragment(None);
    Ok((url, credentials))
}

/// The same as a secret.
pub(super) fn hook(field: &Field<'_, '_>) -> Result<Hook, ConfigError> {
    let (url, credentials) = with_credentials(field)?;
    Ok(Hook { url: Secret::new(url), credentials })
}

/// A URL below which an API is called: without credentials, and without a query, which would get lost.
pub(super) fn base(field: &Field<'_, '_>) -> Result<Url, ConfigError> {
    without_query(field, bare(field)?)
}

/// The same with its credentials apart.
pub(super) fn base_with_credentials(field: &Field<'_, '_>) -> Result<(Url, Option<Credentials>), ConfigError> {
    let (url, credentials) = with_credentials(field)?;
    Ok((without_query(field, url)?, credentials))
}

fn without_query(field: &Field<'_, '_>, url: Url) -> Result<Url, ConfigError> {
    if url.query().is_some() { Err(field.wrong("has a `?` in it")) } else { Ok(url) }
}

/// The same for an API that is at `usual` unless the key `name` says otherwise.
pub(super) fn api(section: &Section<'_>, name: &str, usual: &str) -> Result<Url, ConfigError> {
    match section.read(name, |field| base(&field))? {
        Some(url) => Ok(url),
        None => usual.parse().map_err(|_| section.fault(name, format!("the usual one, `{usual}`, is not a URL"))),
    }
}

/// Whether the HTTP client, whose idea of a URL is narrower than a browser's, can call it.
pub(super) fn callable(url: &Url) -> bool {
    url.as_str().parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
}
