//! The keys of `[[probe.service.node]]` for targets that show a certificate.

use std::time::Duration;

use super::super::error::ConfigError;
use super::super::section::Section;
use super::super::tls::Trust;
use super::pem::certificates;

/// These keys.
pub(super) const KEYS: &[&str] = &["http_tls_verify", "http_ca_file", "http_tls_expiry_sick_below"];

/// Longer than any certificate is valid, in days.
const LONGEST: u32 = 36_500;

/// Whose certificates are accepted.
pub(super) fn trust(section: &Section<'_>) -> Result<Trust, ConfigError> {
    let verified = section.read("http_tls_verify", |field| field.flag())?.unwrap_or(true);
    let ca = section.read("http_ca_file", |field| certificates(&field))?;
    if verified {
        return Ok(ca.map_or(Trust::System, Trust::Also));
    }
    section.warn("http_tls_verify", "is `false`, so anybody on the way can pass for the target");
    if ca.is_some() {
        section.warn("http_ca_file", "is not used while `http_tls_verify` is `false`");
    }
    Ok(Trust::Anybody)
}

/// The time for which a certificate has to be valid.
pub(super) fn certificate_left(section: &Section<'_>) -> Result<Duration, ConfigError> {
    let days = section.read("http_tls_expiry_sick_below", |field| field.whole(1..=LONGEST))?.unwrap_or(0);
    Ok(Duration::from_hours(24 * u64::from(days)))
}
