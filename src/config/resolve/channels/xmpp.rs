//! `[notify.xmpp]`

use super::super::super::Jid;
use super::super::super::Xmpp;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::pem::certificates;
use super::distinct;
use crate::secret::Secret;

/// Where servers take clients (RFC 6120, 14.7).
const DEFAULT_PORT: u16 = 5222;

/// `[notify.xmpp]`
pub(super) fn xmpp(section: &Section<'_>) -> Result<Xmpp, ConfigError> {
    Ok(Xmpp {
        to: section.require("to", |field| recipients(&field))?,
        from: section.require("from", |field| jid(&field))?,
        password: section.require("xmpp_password", |field| Ok(Secret::new(field.words()?)))?,
        server: section.read("xmpp_server", |field| server(&field))?,
        ca_pem: section.read("xmpp_ca_file", |field| certificates(&field))?,
    })
}

/// One address, or a list of them.
fn recipients(field: &Field<'_, '_>) -> Result<Vec<Jid>, ConfigError> {
    if !field.is_list() {
        return Ok(vec![jid(field)?]);
    }
    distinct(field, ("recipient", "addresses; write fewer"), jid, Jid::eq)
}

fn jid(field: &Field<'_, '_>) -> Result<Jid, ConfigError> {
    field.parsed("is not an XMPP address")
}

/// A host, with a port or without.
fn server(field: &Field<'_, '_>) -> Result<(String, u16), ConfigError> {
    let text = field.words()?;
    let url = url::Url::parse(&format!("xmpp://{text}")).map_err(|_| field.wrong("is not a host and a port"))?;
    let is_bare =
        url.path().is_empty() && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match url.host_str() {
        Some(host) if is_bare && !text.contains('@') => {
            Ok((host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(DEFAULT_PORT)))
        }
        _ => Err(field.wrong("is not a host and a port")),
    }
}
