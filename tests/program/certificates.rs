//! Certificates of these tests, made anew each time: an authority of our own and what it signs.

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::date_time_ymd;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// The names by which a server on this host is asked for.
pub(crate) const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A server's certificate with its key.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    /// A new authority, trusted by nobody yet.
    pub(crate) fn new() -> Self {
        Self::named("Vigil test CA")
    }

    /// The same, of that name.
    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate, as a file of trusted ones holds it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names and addresses.
    pub(crate) fn server(&self, names: &[&str]) -> Identity {
        self.sign(&params(names))
    }

    /// The same, whose time is over since 2021.
    pub(crate) fn expired(&self, names: &[&str]) -> Identity {
        self.valid(names, 2020, 2021)
    }

    /// The same, valid from the start of one year to that of another.
    pub(crate) fn valid(&self, names: &[&str], from: i32, to: i32) -> Identity {
        let mut params = params(names);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        self.sign(&params)
    }

    /// The same, valid for so many days from now, and an hour.
    pub(crate) fn lasting(&self, names: &[&str], days: u64) -> Identity {
        let mut params = params(names);
        params.not_after = (SystemTime::now() + Duration::from_hours(24 * days + 1)).into();
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Vigil test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

impl Identity {
    /// A certificate that nobody signed but itself, as one of a host or of a CA.
    pub(crate) fn self_signed(names: &[&str], is_ca: IsCa) -> Self {
        let (mut params, key) = (params(names), KeyPair::generate().unwrap());
        params.is_ca = is_ca;
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    /// The certificate and its key, as servers read them from files.
    pub(crate) fn pem(&self) -> (String, String) {
        (self.certificate.pem(), self.key.serialize_pem())
    }

    /// A TLS server that presents it.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let chain: Vec<CertificateDer> = vec![self.certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
    }
}
