//! The APIs of providers, where those who run their own can say which.

use url::Url;

use super::super::super::error::ConfigError;
use super::super::super::section::Section;
use super::super::web_url::called;

/// The URL of an API: the key `name`, or the usual one.
pub(super) fn api(section: &Section<'_>, name: &str, usual: &'static str) -> Result<Url, ConfigError> {
    match section.read(name, |field| called(&field))? {
        Some(url) => Ok(url),
        None => usual.parse().map_err(|_| section.fault(name, format!("the usual one, `{usual}`, is not a URL"))),
    }
}
