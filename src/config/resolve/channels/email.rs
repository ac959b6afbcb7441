//! `[notify.email]`

use std::net::IpAddr;
use std::net::Ipv6Addr;

use lettre::message::Mailbox;
use url::Host;

use super::super::super::Credentials;
use super::super::super::Email;
use super::super::super::Encryption;
use super::super::super::error::ConfigError;
use super::super::super::field::Field;
use super::super::super::section::Section;
use super::super::pem::certificates;
use super::distinct;
use crate::secret::Secret;

const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 587;
/// Where the connection is encrypted from its first byte (RFC 8314).
const IMPLICIT_TLS_PORT: u16 = 465;

/// `[notify.email]`
pub(super) fn email(section: &Section<'_>) -> Result<Email, ConfigError> {
    let smtp_host = section.read("smtp_host", |field| host(&field))?.unwrap_or_else(|| DEFAULT_HOST.to_owned());
    let smtp_port = section.read("smtp_port", |field| field.whole(1..=u16::MAX))?.unwrap_or(DEFAULT_PORT);
    let encryption = match section.read("smtp_encrypt", |field| field.flag())? {
        Some(false) => Encryption::Plain,
        Some(true) | None if smtp_port == IMPLICIT_TLS_PORT => Encryption::Implicit,
        Some(true) | None => Encryption::StartTls,
    };
    let credentials = credentials(section)?;
    if encryption == Encryption::Plain && credentials.is_some() && !is_this_host(&smtp_host) {
        section.warn("smtp_encrypt", "is `false`, so the password crosses the network for all to read");
    }
    Ok(Email {
        to: section.require("to", |field| recipients(&field))?,
        from: section.require("from", |field| mailbox(&field))?,
        smtp_host,
        smtp_port,
        credentials,
        encryption,
        ca_pem: section.read("smtp_ca_file", |field| certificates(&field))?,
    })
}

/// One address, or a list of them.
fn recipients(field: &Field<'_, '_>) -> Result<Vec<Mailbox>, ConfigError> {
    if !field.is_list() {
        return Ok(vec![mailbox(field)?]);
    }
    let words = ("recipient", "addresses; write that of a mailing list");
    distinct(field, words, mailbox, |one, other| one.email == other.email)
}

fn mailbox(field: &Field<'_, '_>) -> Result<Mailbox, ConfigError> {
    field.parsed("is not an email address")
}

/// A name or an address without brackets.
fn host(field: &Field<'_, '_>) -> Result<String, ConfigError> {
    let text = field.words()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<Ipv6Addr>().is_ok() {
        return Ok(bare.to_owned());
    }
    match Host::parse(text) {
        Ok(host) => Ok(host.to_string()),
        Err(_) => Err(field.wrong("is not a host")),
    }
}

/// A user name and a password, of which each is useless without the other; an empty one is none.
fn credentials(section: &Section<'_>) -> Result<Option<Credentials>, ConfigError> {
    let given = |name| Ok(section.read(name, |field| field.text())?.filter(|text| !text.is_empty()));
    match (given("smtp_username")?, given("smtp_password")?) {
        (Some(username), Some(password)) => {
            Ok(Some(Credentials { username: username.to_owned(), password: Secret::new(password) }))
        }
        (Some(_), None) => {
            section.warn("smtp_username", "is not used without `smtp_password`: mail is sent without logging in");
            Ok(None)
        }
        (None, Some(_)) => {
            section.warn("smtp_password", "is not used without `smtp_username`: mail is sent without logging in");
            Ok(None)
        }
        (None, None) => Ok(None),
    }
}

fn is_this_host(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
