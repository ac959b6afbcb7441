//! One XMPP session (RFC 6120): STARTTLS, SASL PLAIN, a resource, one message, and an answer that shows that the server has
//! dealt with it. The client library that is there is asynchronous and brings some 45 packages; what a message needs of
//! the protocol is a handful of elements, over a stream of our own that has one deadline over everything.

use std::io;
use std::io::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;

use crate::clock::Clock;
use crate::config;
use crate::config::Jid;
use crate::model::cause::Phase;
use crate::model::observation::Finding;
use crate::net::dns::srv;
use crate::net::dns::srv::Host;
use crate::net::failure;
use crate::net::resolve::Resolver;
use crate::net::stream::Deadline;
use crate::net::stream::Stream;
use crate::net::tls;
use crate::secret::Secret;

use super::super::SendError;
use super::super::discreet;
use super::super::trouble;
use super::xml::Element;
use super::xml::Elements;
use super::xml::Unreadable;
use super::xml::escaped;

/// Where servers take clients (RFC 6120, 14.7).
const PORT: u16 = 5222;

/// What a domain calls its servers for clients (RFC 6120, 3.2.1).
const SERVICE: &str = "_xmpp-client._tcp";

/// How long name servers may take to say where the domain's server is; the domain itself is tried then.
const SRV_LIMIT: Duration = Duration::from_secs(5);

/// The ids of what is asked of the server in a session.
const BIND: &str = "bind";
const MESSAGE: &str = "notice";
const PING: &str = "ping";

/// The sender's account.
pub(super) struct Account {
    jid: Jid,
    password: Secret,
    /// The server, when it is configured.
    server: Option<Host>,
    /// Who knows where it is, when it is not.
    name_servers: Vec<SocketAddr>,
    tls: Arc<ClientConfig>,
    resolver: Resolver,
}

impl Account {
    /// The account that is configured; `roots` are trusted besides those that it names.
    pub(super) fn new(config: &config::Xmpp, roots: &[CertificateDer<'static>], resolver: Resolver) -> Self {
        let tls = tls::verifying(roots, config.ca_pem.as_deref());
        let (jid, password, server) = (config.from.clone(), config.password.clone(), config.server.clone());
        Self { jid, password, server, name_servers: srv::name_servers(), tls, resolver }
    }

    /// Delivers a message, within `limit` over everything.
    ///
    /// # Errors
    /// [`SendError`], when the server did not take it.
    pub(super) fn deliver(&self, to: &Jid, text: &str, limit: Duration, clock: &dyn Clock) -> Result<(), SendError> {
        let deadline = Deadline::after(limit, clock);
        let mut step = Step::Resolve;
        self.lead(to, text, deadline, &mut step).map_err(|trouble| explain(trouble, step, limit))
    }

    fn lead(&self, to: &Jid, text: &str, deadline: Deadline<'_>, step: &mut Step) -> Result<(), Trouble> {
        let connection = self.connect(deadline, step)?;
        let mut session = Session { elements: Elements::new(connection), step, domain: &self.jid.domain };
        session.open()?.child("starttls").ok_or(Trouble::Lacking("STARTTLS"))?;
        session = session.encrypt(self.tls.clone())?;
        let features = session.open()?;
        session.log_in(&features, &self.jid.local, self.password.reveal())?;
        session = session.renew();
        session.open()?.child("bind").ok_or(Trouble::Lacking("a resource"))?;
        session.bind()?;
        session.message(to, text)
    }

    /// Connects to the first server of the domain that answers.
    fn connect<'a>(&self, deadline: Deadline<'a>, step: &mut Step) -> Result<Stream<'a>, Trouble> {
        let mut last = Trouble::Lacking("XMPP to clients, its domain says");
        for (host, port) in self.servers(deadline) {
            *step = Step::Resolve;
            let connected = self.resolver.resolve(&host, port, deadline.left()?).map_err(Trouble::Found);
            let connected = connected.and_then(|addresses| {
                *step = Step::Connect;
                Ok(Stream::connect(&addresses, deadline)?)
            });
            match connected {
                Ok(connection) => return Ok(connection),
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    /// Where the domain's servers are: where the configuration says, or else its SRV records, or else at its own name.
    fn servers(&self, deadline: Deadline<'_>) -> Vec<Host> {
        if let Some(server) = &self.server {
            return vec![server.clone()];
        }
        let domain = &self.jid.domain;
        let is_address = domain.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let hosts = if is_address || domain == "localhost" {
            None
        } else {
            srv::hosts(SERVICE, domain, &self.name_servers, deadline.no_later_than(SRV_LIMIT)).ok().flatten()
        };
        hosts.unwrap_or_else(|| vec![(domain.clone(), PORT)])
    }
}

/// What a session is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Resolve,
    Connect,
    Features,
    StartTls,
    Handshake,
    Auth,
    Bind,
    Message,
}

impl Step {
    /// The step as it stands after "while".
    fn gerund(self) -> &'static str {
        match self {
            Self::Resolve => "resolving the host name",
            Self::Connect => "connecting",
            Self::Features => "waiting for the features of the stream",
            Self::StartTls => "waiting for the answer to STARTTLS",
            Self::Handshake => "shaking hands over TLS",
            Self::Auth => "waiting for the answer to the login",
            Self::Bind => "waiting for a resource",
            Self::Message => "waiting for the answer to the message",
        }
    }
}

/// Why a session came to its end.
#[derive(Debug)]
enum Trouble {
    /// The system's, or that of TLS.
    Io(io::Error),
    /// What the resolver found.
    Found(Finding),
    /// The server refuses, in these words; whether another try is in vain.
    Refused(String, bool),
    /// The answer is none.
    Malformed,
    /// The server does not offer something.
    Lacking(&'static str),
    /// The domain of the sender is none that a certificate can have.
    Unnamed,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Io(error) => Self::Io(error),
            Unreadable::Malformed => Self::Malformed,
        }
    }
}

/// A trouble in words for people.
fn explain(trouble: Trouble, step: Step, limit: Duration) -> SendError {
    let busy = step.gerund();
    let found = match trouble {
        Trouble::Refused(words, permanent) => {
            let what = format!("the server refused while {busy}: {words}");
            return if permanent { SendError::permanent(what) } else { SendError::passing(what) };
        }
        Trouble::Malformed => return SendError::passing(format!("the server answered no XMPP while {busy}")),
        Trouble::Lacking(what) => return SendError::passing(format!("the server does not offer {what}")),
        Trouble::Unnamed => return SendError::permanent("TLS cannot verify the domain of `from`; write its DNS name"),
        // The phase is replaced by the step.
        Trouble::Io(error) => failure::of_io(&error, Phase::Answer, limit),
        Trouble::Found(finding) => finding,
    };
    SendError::passing(trouble::words(found, busy, limit))
}

/// What an element that tells of an error says: its condition, and the server's own words if there are any.
fn words(error: &Element) -> String {
    let condition = error.children.iter().find(|child| child.name != "text");
    let condition = condition.map_or("no reason given", |child| child.name.as_str());
    let text = error.child("text").map_or("", |text| text.text.as_str()).trim();
    let words = if text.is_empty() { condition.to_owned() } else { format!("{condition}, {text}") };
    discreet::words(&words)
}

/// A session under way.
struct Session<'a, 's> {
    elements: Elements<Stream<'a>>,
    step: &'s mut Step,
    domain: &'s str,
}

impl Session<'_, '_> {
    /// Opens the stream; tells its features.
    fn open(&mut self) -> Result<Element, Trouble> {
        let domain = escaped(self.domain);
        let opening = format!(
            "<?xml version='1.0'?><stream:stream to='{domain}' version='1.0' xml:lang='en' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>"
        );
        self.say(Step::Features, &opening)?;
        let features = self.hear()?;
        if features.name == "features" { Ok(features) } else { Err(Trouble::Malformed) }
    }

    /// Goes on inside TLS.
    fn encrypt(mut self, tls: Arc<ClientConfig>) -> Result<Self, Trouble> {
        let name = ServerName::try_from(self.domain.to_owned()).map_err(|_| Trouble::Unnamed)?;
        self.say(Step::StartTls, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
        let answer = self.hear()?;
        if answer.name != "proceed" {
            return Err(Trouble::Refused(words(&answer), false));
        }
        *self.step = Step::Handshake;
        let connection = self.elements.into_connection().ok_or(Trouble::Malformed)?;
        Ok(Self { elements: Elements::new(connection.encrypt(tls, name)?), ..self })
    }

    /// Begins the stream anew, as after a login.
    fn renew(self) -> Self {
        Self { elements: self.elements.renew(), ..self }
    }

    /// Logs in by PLAIN, which every server has to know (RFC 6120, 13.8.1), and which is safe inside TLS.
    fn log_in(&mut self, features: &Element, user: &str, password: &str) -> Result<(), Trouble> {
        let offered = features.child("mechanisms").map_or(&[][..], |mechanisms| &mechanisms.children);
        if !offered.iter().any(|mechanism| mechanism.text.trim() == "PLAIN") {
            return Err(Trouble::Lacking("a login by PLAIN"));
        }
        let credentials = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
        self.say(
            Step::Auth,
            &format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{credentials}</auth>"),
        )?;
        let answer = self.hear()?;
        match answer.name.as_str() {
            "success" => Ok(()),
            "failure" => Err(Trouble::Refused(words(&answer), answer.child("temporary-auth-failure").is_none())),
            _ => Err(Trouble::Malformed),
        }
    }

    /// Has the server give this session a resource.
    fn bind(&mut self) -> Result<(), Trouble> {
        let bind = format!("<iq type='set' id='{BIND}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        self.say(Step::Bind, &bind)?;
        loop {
            let answer = self.hear()?;
            match (answer.name.as_str(), answer.attribute("id"), answer.attribute("type")) {
                ("iq", Some(BIND), Some("result")) => return Ok(()),
                ("iq", Some(BIND), _) => return Err(refusal(&answer)),
                _ => {}
            }
        }
    }

    /// Sends a message, and a ping behind it (XEP-0199): servers deal with what a client sends in its order, so whatever
    /// they answer to the ping shows that they took the message.
    fn message(&mut self, to: &Jid, text: &str) -> Result<(), Trouble> {
        let (to, domain, text) = (escaped(&to.to_string()), escaped(self.domain), escaped(text));
        self.say(
            Step::Message,
            &format!(
                "<message type='chat' id='{MESSAGE}' to='{to}'><body>{text}</body></message>\
                 <iq type='get' id='{PING}' to='{domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
            ),
        )?;
        loop {
            let answer = self.hear()?;
            match (answer.name.as_str(), answer.attribute("id"), answer.attribute("type")) {
                ("message", Some(MESSAGE), Some("error")) => return Err(refusal(&answer)),
                ("iq", Some(PING), _) => break,
                _ => {}
            }
        }
        // What becomes of the session is no longer of interest.
        let _ = self.say(Step::Message, "</stream:stream>");
        Ok(())
    }

    fn say(&mut self, step: Step, text: &str) -> io::Result<()> {
        *self.step = step;
        let connection = self.elements.connection();
        connection.write_all(text.as_bytes())?;
        connection.flush()
    }

    /// The next element; one that tells of the end of the stream is a refusal.
    fn hear(&mut self) -> Result<Element, Trouble> {
        let element = self.elements.read()?;
        if element.name == "error" { Err(Trouble::Refused(words(&element), false)) } else { Ok(element) }
    }
}

/// Why a stanza was not accepted (RFC 6120, 8.3). Another try is in vain unless the server says to wait; a server that is
/// not found may be found later.
fn refusal(stanza: &Element) -> Trouble {
    let Some(error) = stanza.child("error") else { return Trouble::Malformed };
    let passing = error.attribute("type") == Some("wait") || error.child("remote-server-not-found").is_some();
    Trouble::Refused(words(error), !passing)
}

#[cfg(test)]
mod tests;
