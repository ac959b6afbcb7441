//! The certificates of the system.

use rustls::pki_types::CertificateDer;

/// The root certificates of the system, or those of `SSL_CERT_FILE`. Says so in the log if some or all are missing.
#[must_use]
pub fn system() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("a root certificate of the system was not read: {error}");
    }
    if found.certs.is_empty() {
        log::warn!("the system has no root certificates; every https target will count as dead");
    }
    found.certs
}
