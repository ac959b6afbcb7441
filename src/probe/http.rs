//! `http://` and `https://`: up when the answer's status is in the healthy range.
//!
//! HEAD, and GET where a target refuses HEAD; a fresh connection each time; redirects are answers, not followed.

use std::fmt;
use std::io;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::Agent;
use ureq::Body;
use ureq::config::Config;
use ureq::http::Response;
use ureq::http::Uri;
use ureq::tls::Certificate;
use ureq::tls::RootCerts;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::ConnectProxyConnector;
use ureq::unversioned::transport::ConnectionDetails;
use ureq::unversioned::transport::Connector;
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::RustlsConnector;
use ureq::unversioned::transport::TcpConnector;
use ureq::unversioned::transport::Transport;
use url::Url;

use crate::clock::Clock;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;

use super::Probe;
use super::failure;
use super::phase;
use super::resolve::Resolver;

/// How much of a body is read: enough for any health document, little enough for any memory.
const BODY_MAX: u64 = 1024 * 1024;

/// How many addresses of a name the client has room for.
const ADDRESSES_MAX: usize = 16;

/// Asks by an HTTP request.
pub struct Http {
    url: String,
    authorization: Option<String>,
    healthy: Range<u16>,
    client: Client,
}

/// The HTTP client that all probes share.
#[derive(Clone)]
pub struct Client(Agent);

impl Http {
    /// A probe of `url` that is up when the status is in `healthy`.
    #[must_use]
    pub fn new(url: &Url, healthy: Range<u16>, client: Client) -> Self {
        Self { url: without_credentials(url), authorization: authorization(url), healthy, client }
    }

    fn request(&self, method: &str, limit: Duration) -> Result<Response<Body>, ureq::Error> {
        let builder = match method {
            "HEAD" => self.client.0.head(&self.url),
            _ => self.client.0.get(&self.url),
        };
        let builder = builder.header("Cache-Control", "no-cache");
        let builder = match &self.authorization {
            Some(authorization) => builder.header("Authorization", authorization),
            None => builder,
        };
        builder.config().timeout_global(Some(limit)).build().call()
    }

    /// The status of the answer, once it has come in whole.
    fn status(&self, limit: Duration, clock: &dyn Clock) -> Result<u16, ureq::Error> {
        let start = clock.now().instant;
        phase::enter(Phase::Resolve);
        let answer = self.request("HEAD", limit)?;
        if !matches!(answer.status().as_u16(), 405 | 501) {
            return Ok(answer.status().as_u16());
        }
        drop(answer);
        let left = limit.saturating_sub(clock.now().instant.saturating_duration_since(start));
        phase::enter(Phase::Resolve);
        let answer = self.request("GET", left)?;
        let status = answer.status().as_u16();
        phase::enter(Phase::Body);
        io::copy(&mut answer.into_body().into_reader().take(BODY_MAX), &mut io::sink())?;
        Ok(status)
    }
}

impl Probe for Http {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        match self.status(limit, clock) {
            Ok(status) if self.healthy.contains(&status) => {
                Finding::Up(clock.now().instant.saturating_duration_since(start))
            }
            Ok(status) => Finding::Down(Failure::HttpStatus(status)),
            Err(error) => failed(&error, limit),
        }
    }
}

/// What an error of the HTTP client says about the target.
pub(super) fn failed(error: &ureq::Error, limit: Duration) -> Finding {
    let phase = phase::current();
    Finding::Down(match error {
        ureq::Error::Timeout(_) => Failure::TimedOut { after: limit, phase },
        ureq::Error::Io(error) => return failure::of_io(error, phase, limit),
        ureq::Error::Rustls(error) => Failure::Tls(failure::of_tls(error)),
        ureq::Error::Protocol(error) => Failure::Malformed(error.to_string()),
        ureq::Error::Http(error) => Failure::Malformed(error.to_string()),
        ureq::Error::LargeResponseHeader(..) => Failure::Malformed("its head is too large".to_owned()),
        ureq::Error::Other(error) => match error.downcast_ref::<Unresolved>() {
            Some(Unresolved(finding)) => return finding.clone(),
            None => Failure::Other(error.to_string()),
        },
        other => Failure::Other(other.to_string()),
    })
}

/// The URL as written, without user and password, which go into a header.
fn without_credentials(url: &Url) -> String {
    let mut bare = url.clone();
    // Both fail only for URLs without a host, which have no credentials either.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_fragment(None);
    bare.into()
}

fn authorization(url: &Url) -> Option<String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decode(url.username()), decode(url.password().unwrap_or_default()));
    let given = !url.username().is_empty() || url.password().is_some();
    given.then(|| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

impl Client {
    /// A client that trusts the system's roots (or those of `SSL_CERT_FILE`).
    #[must_use]
    pub fn new(user_agent: &str, resolver: Arc<Resolver>) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(system_roots()))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Config::builder()
            .tls_config(tls)
            .user_agent(user_agent)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .build();
        let connector =
            ().chain(Note(Phase::Connect))
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(Note(Phase::Handshake))
                .chain(Tls(RustlsConnector::default()))
                .chain(Note(Phase::Answer));
        Self(Agent::with_parts(config, connector, Names(resolver)))
    }
}

fn system_roots() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("a root certificate of the system was not read: {error}");
    }
    if found.certs.is_empty() {
        log::warn!("the system has no root certificates; every https target will count as dead");
    }
    found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}

/// Resolves names for the HTTP client as for every other probe.
#[derive(Debug)]
struct Names(Arc<Resolver>);

/// Why a name was not resolved, on its way through the HTTP client.
#[derive(Debug, thiserror::Error)]
#[error("the host name was not resolved")]
struct Unresolved(Finding);

impl ureq::unversioned::resolver::Resolver for Names {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or_else(|| ureq::Error::BadUri("no host".to_owned()))?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = self.0.resolve(host, port, *timeout.after);
        let found = found.map_err(|finding| ureq::Error::Other(Box::new(Unresolved(finding))))?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(ADDRESSES_MAX) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// Notes the phase that begins where it stands in the chain.
#[derive(Debug)]
struct Note(Phase);

impl<In: Transport> Connector<In> for Note {
    type Out = In;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<In>, ureq::Error> {
        phase::enter(self.0);
        Ok(chained)
    }
}

/// TLS, with one set of roots for all requests: the client would build it anew for each request that brings a limit
/// of its own.
struct Tls(RustlsConnector);

impl<In: Transport> Connector<In> for Tls {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let shared = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.0.connect(&shared, chained)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
