//! Files with certificates that are trusted besides those of the system.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::super::error::ConfigError;
use super::super::field::Field;
use super::super::file;

/// The content of a PEM file, beside the configuration file, whose certificates can all be trusted.
pub(super) fn certificates(field: &Field<'_, '_>) -> Result<Vec<u8>, ConfigError> {
    let path = field.folder().join(Path::new(field.words()?));
    let pem = file::read(&path).map_err(|what| field.wrong(&what))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        certificate
            .map_err(|_| field.wrong("is not PEM"))
            .and_then(|der| roots.add(der).map_err(|_| field.wrong("holds a certificate that cannot be read")))?;
    }
    if roots.is_empty() { Err(field.wrong("holds no certificate")) } else { Ok(pem) }
}
