//! Errors of the system and of the libraries, as causes.

use std::io;
use std::time::Duration;

use rustls::CertificateError;

use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::cause::TlsFailure;
use crate::model::observation::Finding;

/// What this host lacks, by the numbers that Linux has for it: it says nothing about a target.
const LACKING: [(i32, &str); 5] = [
    (24 /* EMFILE */, "no file descriptor is left; raise the limit of open files"),
    (23 /* ENFILE */, "no file descriptor is left on this host"),
    (99 /* EADDRNOTAVAIL */, "this host has no address or port left to ask from"),
    (105 /* ENOBUFS */, "this host has no buffers left"),
    (12 /* ENOMEM */, "this host has no memory left"),
];

/// What this host lacks, when that is what an error says.
pub(super) fn lacking(error: &io::Error) -> Option<Finding> {
    let code = error.raw_os_error()?;
    let (_, what) = LACKING.iter().find(|(known, _)| *known == code)?;
    Some(Finding::Blind((*what).to_owned()))
}

/// What an error of the system in that phase says about the target; `limit` is what the attempt was allowed.
#[must_use]
pub fn of_io(error: &io::Error, phase: Phase, limit: Duration) -> Finding {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Finding::Down(Failure::Tls(of_tls(tls)));
    }
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        return super::client::failed(inner, limit);
    }
    if let Some(blind) = lacking(error) {
        return blind;
    }
    Finding::Down(match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut { after: limit, phase },
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Failure::Unreachable
        }
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Failure::Closed(phase),
        kind => Failure::Other(kind.to_string()),
    })
}

/// What an error of the TLS library says about the target.
#[must_use]
pub fn of_tls(error: &rustls::Error) -> TlsFailure {
    match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error),
        rustls::Error::InvalidMessage(_) => TlsFailure::Other("the answer is not TLS".to_owned()),
        rustls::Error::AlertReceived(alert) => TlsFailure::Other(format!("refused by the host ({alert:?})")),
        rustls::Error::PeerIncompatible(_) => {
            TlsFailure::Other("the host offers neither TLS 1.2 nor 1.3 in a common form".to_owned())
        }
        rustls::Error::InappropriateMessage { .. } | rustls::Error::InappropriateHandshakeMessage { .. } => {
            TlsFailure::Other("the host does not keep to the protocol".to_owned())
        }
        other => TlsFailure::Other(other.to_string()),
    }
}

fn of_certificate(error: &CertificateError) -> TlsFailure {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFailure::NotYetValid,
        // A bad signature is that of an issuer which has the name of a trusted one and another key: one made anew.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFailure::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFailure::WrongHost,
        CertificateError::Revoked => TlsFailure::Revoked,
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            TlsFailure::Other("the certificate is one of a CA, not of a host".to_owned())
        }
        other => TlsFailure::Other(format!("invalid certificate ({other})")),
    }
}
