//! One SMTP session (RFC 5321): the mail library's commands, answers and extensions, led step by step over a stream of
//! our own. The library's client has time-outs per read only, so that a server that drips would hold a delivery for
//! ever, and it cannot say what it was waiting for.

use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Quit;
use lettre::transport::smtp::commands::Rcpt;
use lettre::transport::smtp::commands::Starttls;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::extension::Extension;
use lettre::transport::smtp::extension::MailBodyParameter;
use lettre::transport::smtp::extension::MailParameter;
use lettre::transport::smtp::extension::ServerInfo;
use lettre::transport::smtp::response::Response;
use lettre::transport::smtp::response::Severity;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;

use crate::clock::Clock;
use crate::config;
use crate::config::Encryption;
use crate::model::cause::Phase;
use crate::model::observation::Finding;
use crate::net::failure;
use crate::net::resolve::Resolver;
use crate::net::stream::Deadline;
use crate::net::stream::Stream;
use crate::net::tls;

use super::super::SendError;
use super::super::discreet;
use super::super::trouble;

/// The longest answer, in bytes: an EHLO answer has some 20 lines of at most 512 (RFC 5321, 4.5.3.1.5).
const ANSWER_MAX: usize = 64 * 1024;

/// How many challenges of AUTH are answered: LOGIN has two.
const CHALLENGES_MAX: usize = 3;

/// How long the server may take to say good-bye: the message is accepted by then.
const QUIT_LIMIT: Duration = Duration::from_secs(1);

/// A mail server, and the way from the sender to the recipient.
pub(super) struct Account {
    host: String,
    port: u16,
    credentials: Option<Credentials>,
    encryption: Encryption,
    from: Address,
    to: Address,
    tls: Arc<ClientConfig>,
    resolver: Resolver,
}

impl Account {
    /// The account that is configured, for one of its recipients; `roots` are trusted besides those that it names.
    pub(super) fn new(
        config: &config::Email,
        to: &Mailbox,
        roots: &[CertificateDer<'static>],
        resolver: Resolver,
    ) -> Self {
        let credentials = config.credentials.as_ref();
        let credentials =
            credentials.map(|one| Credentials::new(one.username.clone(), one.password.reveal().to_owned()));
        Self {
            host: config.smtp_host.clone(),
            port: config.smtp_port,
            credentials,
            encryption: config.encryption,
            from: config.from.email.clone(),
            to: to.email.clone(),
            tls: tls::verifying(roots, config.ca_pem.as_deref()),
            resolver,
        }
    }

    /// Delivers a message, within `limit` over everything.
    ///
    /// # Errors
    /// [`SendError`], when the server did not accept it.
    pub(super) fn deliver(&self, message: &[u8], limit: Duration, clock: &dyn Clock) -> Result<(), SendError> {
        let deadline = Deadline::after(limit, clock);
        let mut step = Step::Resolve;
        self.lead(message, deadline, &mut step).map_err(|trouble| explain(trouble, step, limit))?;
        Ok(())
    }

    fn lead(&self, message: &[u8], deadline: Deadline<'_>, step: &mut Step) -> Result<(), Trouble> {
        let addresses = self.resolver.resolve(&self.host, self.port, deadline.left()?).map_err(Trouble::Found)?;
        *step = Step::Connect;
        let mut stream = Stream::connect(&addresses, deadline)?;
        if self.encryption == Encryption::Implicit {
            *step = Step::Handshake;
            stream = stream.encrypt(self.tls.clone(), self.name()?)?;
        }
        let mut session = Session { stream, step, unread: Vec::new() };
        session.answer(Step::Greeting)?;
        let mut server = session.hello()?;
        if self.encryption == Encryption::StartTls {
            if !server.supports_feature(Extension::StartTls) {
                return Err(Trouble::Lacking("STARTTLS, which `smtp_encrypt` demands"));
            }
            session.command(Step::StartTls, &Starttls.to_string())?;
            session = session.encrypt(self.tls.clone(), self.name()?)?;
            server = session.hello()?;
        }
        if let Some(credentials) = &self.credentials {
            session.log_in(&server, credentials)?;
        }
        let mail = Mail::new(Some(self.from.clone()), self.parameters(&server, message)?);
        session.command(Step::MailFrom, &mail.to_string())?;
        session.command(Step::RcptTo, &Rcpt::new(self.to.clone(), Vec::new()).to_string())?;
        session.command(Step::Data, &Data.to_string())?;
        session.message(message)?;
        session.quit(deadline);
        Ok(())
    }

    fn name(&self) -> Result<ServerName<'static>, Trouble> {
        let name = ServerName::try_from(self.host.clone());
        name.map_err(|_| Trouble::Unnamed)
    }

    /// What the message and its addresses demand of the server beyond plain ASCII.
    fn parameters(&self, server: &ServerInfo, message: &[u8]) -> Result<Vec<MailParameter>, Trouble> {
        let mut parameters = Vec::new();
        if [&self.from, &self.to].iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                return Err(Trouble::Lacking("SMTPUTF8, which an address beyond ASCII demands"));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() && server.supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }
}

/// What a session is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Resolve,
    Connect,
    Handshake,
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    Message,
}

impl Step {
    /// The step as it stands after "while".
    fn gerund(self) -> &'static str {
        match self {
            Self::Resolve => "resolving the host name",
            Self::Connect => "connecting",
            Self::Handshake => "shaking hands over TLS",
            Self::Greeting => "waiting for the greeting",
            Self::Ehlo => "waiting for the answer to EHLO",
            Self::StartTls => "waiting for the answer to STARTTLS",
            Self::Auth => "waiting for the answer to AUTH",
            Self::MailFrom => "waiting for the answer to MAIL FROM",
            Self::RcptTo => "waiting for the answer to RCPT TO",
            Self::Data => "waiting for the answer to DATA",
            Self::Message => "waiting for the answer to the message",
        }
    }
}

/// Why a session came to its end.
enum Trouble {
    /// The system's, or that of TLS.
    Io(io::Error),
    /// What the resolver found.
    Found(Finding),
    /// The server refuses.
    Refused(Response),
    /// The answer is none.
    Malformed,
    /// The server does not offer something.
    Lacking(&'static str),
    /// The server's name in the configuration is none that a certificate can have.
    Unnamed,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A trouble in words for people.
fn explain(trouble: Trouble, step: Step, limit: Duration) -> SendError {
    let found = match trouble {
        Trouble::Refused(response) => {
            let words = discreet::words(&response.message().collect::<Vec<_>>().join(" "));
            let permanent = response.code().severity == Severity::PermanentNegativeCompletion;
            let what = format!("the server refused with {} while {}: {words}", response.code(), step.gerund());
            return SendError { permanent, retry_after: None, what: what.trim_end_matches([':', ' ']).to_owned() };
        }
        Trouble::Malformed => {
            return SendError::passing(format!("the server answered no SMTP while {}", step.gerund()));
        }
        Trouble::Lacking(what) => return SendError::passing(format!("the server does not offer {what}")),
        Trouble::Unnamed => {
            return SendError::passing(
                "TLS cannot verify the name in `smtp_host`; write the server's DNS name or address",
            );
        }
        // The phase is replaced by the step below.
        Trouble::Io(error) => failure::of_io(&error, Phase::Answer, limit),
        Trouble::Found(finding) => finding,
    };
    SendError::passing(trouble::words(found, step.gerund(), limit))
}

/// A session under way.
struct Session<'a, 's> {
    stream: Stream<'a>,
    step: &'s mut Step,
    /// What has come in and belongs to no answer yet.
    unread: Vec<u8>,
}

impl<'a> Session<'a, '_> {
    /// Introduces this host; tells what the server can do.
    fn hello(&mut self) -> Result<ServerInfo, Trouble> {
        let answer = self.command(Step::Ehlo, &Ehlo::new(ClientId::default()).to_string())?;
        ServerInfo::from_response(&answer).map_err(|_| Trouble::Malformed)
    }

    /// Goes on inside TLS. What came in before was not protected, and is no answer to what is asked from now on.
    fn encrypt(mut self, tls: Arc<ClientConfig>, host: ServerName<'static>) -> Result<Self, Trouble> {
        *self.step = Step::Handshake;
        if !self.unread.is_empty() {
            return Err(Trouble::Malformed);
        }
        self.stream = self.stream.encrypt(tls, host)?;
        Ok(self)
    }

    fn log_in(&mut self, server: &ServerInfo, credentials: &Credentials) -> Result<(), Trouble> {
        let mechanism = server.get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login]);
        let mechanism = mechanism.ok_or(Trouble::Lacking("AUTH by PLAIN or LOGIN"))?;
        let begin = Auth::new(mechanism, credentials.clone(), None).map_err(|_| Trouble::Malformed)?;
        let mut answer = self.command(Step::Auth, &begin.to_string())?;
        for _ in 0..CHALLENGES_MAX {
            if !answer.has_code(334) {
                return Ok(());
            }
            let next = Auth::new_from_response(mechanism, credentials.clone(), &answer);
            answer = self.command(Step::Auth, &next.map_err(|_| Trouble::Malformed)?.to_string())?;
        }
        Err(Trouble::Malformed)
    }

    /// Sends the message as what follows DATA: a line that begins with a dot gets another one, and a dot ends it.
    fn message(&mut self, message: &[u8]) -> Result<Response, Trouble> {
        let mut bytes = Vec::with_capacity(message.len() + 8);
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                bytes.push(b'.');
            }
            bytes.extend_from_slice(line);
        }
        if !bytes.ends_with(b"\r\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b".\r\n");
        self.send(Step::Message, &bytes)
    }

    /// Takes leave. The message is accepted; what becomes of the session is no longer of interest.
    fn quit(&mut self, deadline: Deadline<'a>) {
        self.stream.end_by(deadline.no_later_than(QUIT_LIMIT));
        let _ = self.command(Step::Message, &Quit.to_string());
    }

    fn command(&mut self, step: Step, line: &str) -> Result<Response, Trouble> {
        self.send(step, line.as_bytes())
    }

    fn send(&mut self, step: Step, bytes: &[u8]) -> Result<Response, Trouble> {
        *self.step = step;
        let sent = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
        // A server that refuses may close before it has read everything; its answer is worth more than the broken pipe.
        match (self.answer(step), sent) {
            (Err(Trouble::Io(_)), Err(error)) => Err(error.into()),
            (answer, _) => answer,
        }
    }

    /// Reads one answer, which may have many lines.
    fn answer(&mut self, step: Step) -> Result<Response, Trouble> {
        *self.step = step;
        let mut read = 0;
        let end = loop {
            if let Some(length) = self.unread[read..].iter().position(|byte| *byte == b'\n') {
                let line = &self.unread[read..read + length];
                if line.len() < 3 || !line[..3].iter().all(u8::is_ascii_digit) {
                    return Err(Trouble::Malformed);
                }
                read += length + 1;
                if line.get(3) != Some(&b'-') {
                    break read;
                }
                continue;
            }
            if self.unread.len() > ANSWER_MAX {
                return Err(Trouble::Malformed);
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes)? {
                0 => return Err(Trouble::Io(io::ErrorKind::UnexpectedEof.into())),
                count => self.unread.extend_from_slice(&bytes[..count]),
            }
        };
        let answer: Vec<u8> = self.unread.drain(..end).collect();
        let answer = String::from_utf8_lossy(&answer).trim_end().to_owned() + "\r\n";
        let answer: Response = answer.parse().map_err(|_| Trouble::Malformed)?;
        if answer.is_positive() { Ok(answer) } else { Err(Trouble::Refused(answer)) }
    }
}
