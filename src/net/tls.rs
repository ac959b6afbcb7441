//! TLS: one provider, TLS 1.2 and 1.3, and what a certificate says of itself.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::ConfigBuilder;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::WantsVerifier;
use rustls::client::Resumption;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::verify_tls12_signature;
use rustls::crypto::verify_tls13_signature;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Has certificates verified against `roots` and those in `ca_pem`. Ones that cannot be used are left out: those of the
/// configuration were tried when it was read.
#[must_use]
pub fn verifying(roots: &[CertificateDer<'static>], ca_pem: Option<&[u8]>) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    store.add_parsable_certificates(CertificateDer::pem_slice_iter(ca_pem.unwrap_or_default()).flatten());
    finish(builder(provider()).with_root_certificates(store).with_no_client_auth())
}

/// Takes every certificate, of anybody and for any host.
#[must_use]
pub fn accepting_all() -> Arc<ClientConfig> {
    let provider = provider();
    let verifier = Arc::new(Anybody(provider.clone()));
    finish(builder(provider).dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Until when the certificate is valid that the other side has shown; none if it cannot be read.
#[must_use]
pub fn valid_until(connection: &ClientConnection) -> Option<Timestamp> {
    let shown = connection.peer_certificates()?.first()?;
    let certificate = Certificate::from_der(shown).ok()?;
    let end = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn builder(provider: Arc<CryptoProvider>) -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    #[expect(clippy::expect_used, reason = "the provider is compiled in, and it has TLS 1.2 and 1.3")]
    builder.expect("ring has the default protocol versions")
}

/// Sessions are not resumed: a resumed one is of the certificate that was shown when it began.
fn finish(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Verifies that the other side has the key of its certificate, and nothing else.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
