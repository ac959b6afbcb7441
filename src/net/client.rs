//! The HTTP client of probes and hooks: one set of roots, one resolver, a fresh connection for each request, one
//! deadline over everything.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use ureq::Agent;
use ureq::Body;
use ureq::config::Config;
use ureq::http::HeaderValue;
use ureq::http::Response;
use ureq::http::Uri;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::ConnectProxyConnector;
use ureq::unversioned::transport::ConnectionDetails;
use ureq::unversioned::transport::Connector;
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::TcpConnector;
use ureq::unversioned::transport::Transport;

use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;

use super::failure;
use super::https;
use super::phase;
use super::resolve::Resolver;
use super::roots;
use super::tls;

/// How much of a body is read: enough for any health document, little enough for any memory.
pub const BODY_MAX: u64 = 1024 * 1024;

/// How many addresses of a name the client has room for.
const ADDRESSES_MAX: usize = 16;

/// An HTTP client. Clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    resolver: Arc<Resolver>,
    roots: Arc<[CertificateDer<'static>]>,
    tls: Arc<ClientConfig>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The URL, without credentials.
    pub url: &'a str,
    /// The method, with its body.
    pub method: Method<'a>,
    /// Headers besides those that the client sets itself.
    pub headers: &'a [(&'a str, &'a str)],
    /// The deadline over everything: name, connection, handshake, head and body.
    pub limit: Duration,
}

/// The methods that are used.
#[derive(Clone, Copy, Debug)]
pub enum Method<'a> {
    /// HEAD
    Head,
    /// GET
    Get,
    /// POST, with a body.
    Post(&'a [u8]),
    /// PUT, with a body.
    Put(&'a [u8]),
    /// PATCH, with a body.
    Patch(&'a [u8]),
}

/// What came back; its body has come in whole, or up to a mebibyte.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, when it is in seconds.
    pub retry_after: Option<Duration>,
    /// `Location`, where a redirect leads; it may hold a secret.
    pub location: Option<String>,
    /// Until when the certificate of the other side is valid, when it showed one.
    pub valid_until: Option<Timestamp>,
}

impl Client {
    /// Asks, and waits for the whole answer. Redirects are answers, not followed.
    ///
    /// # Errors
    /// What was found instead of an answer.
    pub fn ask(&self, request: &Request) -> Result<Answer, Finding> {
        self.ask_into(request, &mut io::sink())
    }

    /// The same, with the body of the answer, or its first mebibyte, in `body`.
    ///
    /// # Errors
    /// What was found instead of an answer.
    pub fn ask_into(&self, request: &Request, body: &mut impl Write) -> Result<Answer, Finding> {
        phase::enter(Phase::Resolve);
        https::take_valid_until();
        self.try_ask(request, body).map_err(|error| failed(&error, request.limit))
    }

    fn try_ask(&self, request: &Request, into: &mut impl Write) -> Result<Answer, ureq::Error> {
        let mut head = ureq::http::Request::builder().uri(request.url);
        for (name, value) in request.headers {
            head = head.header(*name, HeaderValue::from_bytes(value.as_bytes()).map_err(ureq::http::Error::from)?);
        }
        let answer = match request.method {
            Method::Head => self.run(head.method("HEAD").body(())?, request.limit),
            Method::Get => self.run(head.method("GET").body(())?, request.limit),
            Method::Post(body) => self.run(head.method("POST").body(body)?, request.limit),
            Method::Put(body) => self.run(head.method("PUT").body(body)?, request.limit),
            Method::Patch(body) => self.run(head.method("PATCH").body(body)?, request.limit),
        }?;
        let status = answer.status().as_u16();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header("retry-after").and_then(|value| value.trim().parse().ok());
        let location = header("location").map(str::to_owned);
        let valid_until = https::take_valid_until();
        phase::enter(Phase::Body);
        io::copy(&mut answer.into_body().into_reader().take(BODY_MAX), into)?;
        Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs), location, valid_until })
    }

    fn run(
        &self,
        request: ureq::http::Request<impl ureq::AsSendBody>,
        limit: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        self.agent.run(self.agent.configure_request(request).timeout_global(Some(limit)).build())
    }

    /// A client that trusts the system's roots (or those of `SSL_CERT_FILE`).
    #[must_use]
    pub fn new(user_agent: &str, resolver: Arc<Resolver>) -> Self {
        let roots = roots::system();
        let tls = tls::verifying(&roots, None);
        let config = Config::builder()
            .user_agent(user_agent)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .build();
        let agent = agent(config, tls.clone(), resolver.clone());
        Self { agent, resolver, roots: roots.into(), tls }
    }

    /// The same client with other settings of TLS.
    #[must_use]
    pub fn over(&self, tls: Arc<ClientConfig>) -> Self {
        let agent = agent(self.agent.config().clone(), tls.clone(), self.resolver.clone());
        Self { agent, tls, ..self.clone() }
    }

    /// The certificates of the system (or of `SSL_CERT_FILE`), for others who speak TLS.
    #[must_use]
    pub fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    /// Its settings of TLS.
    #[must_use]
    pub fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }
}

fn agent(config: Config, tls: Arc<ClientConfig>, resolver: Arc<Resolver>) -> Agent {
    let connector =
        ().chain(Note(Phase::Connect))
            .chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(Note(Phase::Handshake))
            .chain(https::Tls(tls))
            .chain(Note(Phase::Answer));
    Agent::with_parts(config, connector, Names(resolver))
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

/// What an error of the HTTP client says about the target.
pub(super) fn failed(error: &ureq::Error, limit: Duration) -> Finding {
    let phase = phase::current();
    Finding::Down(match error {
        ureq::Error::Timeout(_) => Failure::TimedOut { after: limit, phase },
        ureq::Error::Io(error) => return failure::of_io(error, phase, limit),
        ureq::Error::Rustls(error) => Failure::Tls(failure::of_tls(error)),
        ureq::Error::Protocol(error) => Failure::Malformed(malformed(&error.to_string())),
        ureq::Error::Http(error) => Failure::Malformed(error.to_string()),
        ureq::Error::LargeResponseHeader(..) => Failure::Malformed("its head is too large".to_owned()),
        ureq::Error::Other(error) => match error.downcast_ref::<Unresolved>() {
            Some(Unresolved(finding)) => return finding.clone(),
            None => Failure::Other(error.to_string()),
        },
        other => Failure::Other(other.to_string()),
    })
}

/// What the parser says, without its own name for itself.
fn malformed(what: &str) -> String {
    let bare = ["http parse fail: ", "http parse resulted in "].iter().find_map(|name| what.rsplit_once(name));
    bare.map_or(what, |(_, rest)| rest).to_owned()
}
