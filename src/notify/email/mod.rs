//! Email, by SMTP: plain, with STARTTLS, or inside TLS from the first byte.
//!
//! The mail library's time-outs are per read, so the delivery is led step by step, on a thread that is left behind at
//! the deadline, and each step is noted so that a delay can be told by its name.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::SystemTime;

use handlebars::Handlebars;
use lettre::Address;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::MultiPart;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Rcpt;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::extension::Extension;
use lettre::transport::smtp::extension::MailBodyParameter;
use lettre::transport::smtp::extension::MailParameter;
use serde_json::json;

use crate::config;
use crate::config::Encryption;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;
use crate::net::client::Client;
use crate::net::deadline::Unanswered;
use crate::net::deadline::within;
use crate::net::failure;

use super::Notifier;
use super::Page;
use super::SendError;
use super::text;

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(20);

/// How much of a server's own words is passed on.
const ANSWER_MAX: usize = 200;

/// Tells by email.
pub struct Email {
    config: Arc<config::Email>,
    page: Arc<Page>,
}

/// The notifier, when `[notify.email]` is there.
pub(super) fn build(notify: &config::Notify, page: &Arc<Page>, _: &Client) -> Option<Box<dyn Notifier>> {
    let config = Arc::new(notify.email.clone()?);
    Some(Box::new(Email { config, page: page.clone() }))
}

impl Notifier for Email {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let message =
            compose(notice, &self.config, &self.page).map_err(|error| SendError::permanent(error.to_string()))?;
        let step = Step::default();
        let (config, bytes, noted) = (self.config.clone(), message.formatted(), step.clone());
        match within(LIMIT, "vigil-smtp", move || deliver(&config, &bytes, &noted)) {
            Ok(delivered) => delivered,
            Err(Unanswered::Late(_)) => Err(timed_out(&step)),
            Err(other) => Err(SendError::passing(other.to_string())),
        }
    }
}

/// What the delivery is busy with, as it stands after "while" in an error.
#[derive(Clone, Default)]
struct Step(Arc<Mutex<&'static str>>);

impl Step {
    fn enter(&self, name: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    fn name(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn timed_out(step: &Step) -> SendError {
    SendError::passing(format!("timed out after {} while {}", words::duration(LIMIT), step.name()))
}

/// One SMTP session. Each read and write may take the whole limit; the limit over all of them is the caller's.
fn deliver(config: &config::Email, message: &[u8], step: &Step) -> Result<(), SendError> {
    let failed = |error: smtp::Error| explain(&error, step);
    let hello = ClientId::default();
    step.enter("connecting");
    let tls = match config.encryption {
        Encryption::Plain => None,
        Encryption::StartTls | Encryption::Implicit => Some(tls(config).map_err(failed)?),
    };
    let from_the_start = tls.as_ref().filter(|_| config.encryption == Encryption::Implicit);
    let server = (config.smtp_host.as_str(), config.smtp_port);
    let mut session = SmtpConnection::connect(server, Some(LIMIT), &hello, from_the_start, None).map_err(failed)?;
    if let (Encryption::StartTls, Some(tls)) = (config.encryption, &tls) {
        step.enter("waiting for the answer to STARTTLS");
        if !session.can_starttls() {
            return Err(SendError::passing("the server does not offer STARTTLS, which `smtp_encrypt` demands"));
        }
        session.starttls(tls, &hello).map_err(failed)?;
    }
    if let Some(credentials) = &config.credentials {
        step.enter("waiting for the answer to AUTH");
        let credentials = smtp::authentication::Credentials::new(
            credentials.username.clone(),
            credentials.password.reveal().to_owned(),
        );
        session.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).map_err(failed)?;
    }
    step.enter("waiting for the answer to MAIL FROM");
    let parameters = parameters(&session, message, [&config.from.email, &config.to.email])?;
    session.command(Mail::new(Some(config.from.email.clone()), parameters)).map_err(failed)?;
    step.enter("waiting for the answer to RCPT TO");
    session.command(Rcpt::new(config.to.email.clone(), Vec::new())).map_err(failed)?;
    step.enter("waiting for the answer to DATA");
    session.command(Data).map_err(failed)?;
    step.enter("waiting for the answer to the message");
    session.message(message).map_err(failed)?;
    // The message is accepted; what becomes of the session is no longer of interest.
    let _ = session.quit();
    Ok(())
}

fn tls(config: &config::Email) -> Result<TlsParameters, smtp::Error> {
    let mut builder = TlsParameters::builder(config.smtp_host.clone());
    if let Some(pem) = &config.ca_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem)?);
    }
    builder.build_rustls()
}

/// What the message and its addresses demand of the server beyond plain ASCII.
fn parameters(
    session: &SmtpConnection,
    message: &[u8],
    addresses: [&Address; 2],
) -> Result<Vec<MailParameter>, SendError> {
    let mut parameters = Vec::new();
    if addresses.iter().any(|address| !address.user().is_ascii() || !address.domain().is_ascii()) {
        if !session.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::permanent("the server does not take addresses beyond ASCII (SMTPUTF8)"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// The library's error, in words for people.
fn explain(error: &smtp::Error, step: &Step) -> SendError {
    if let Some(code) = error.status() {
        let words = error.source().map(ToString::to_string).unwrap_or_default();
        let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(ANSWER_MAX).collect();
        return SendError {
            permanent: error.is_permanent(),
            retry_after: None,
            what: format!("the server refused with {code} while {}: {}", step.name(), words.trim()),
        };
    }
    let mut inner = error.source();
    while let Some(cause) = inner {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return SendError::passing(failure::of_tls(tls).to_string());
        }
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return explain_io(cause, step);
        }
        inner = cause.source();
    }
    if error.is_response() {
        return SendError::passing(format!("the server broke off or answered no SMTP while {}", step.name()));
    }
    SendError::passing(format!("{error} while {}", step.name()))
}

fn explain_io(error: &io::Error, step: &Step) -> SendError {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return SendError::passing(failure::of_tls(tls).to_string());
    }
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => timed_out(step),
        io::ErrorKind::ConnectionRefused => SendError::passing("connection refused"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            SendError::passing(format!("the server broke off while {}", step.name()))
        }
        kind => SendError::passing(format!("{kind} while {}", step.name())),
    }
}

/// The message: text and HTML, with a Message-ID that stays the same when the delivery is tried again.
fn compose(notice: &Notice, config: &config::Email, page: &Page) -> Result<Message, Box<dyn Error>> {
    let id = format!("<vigil-notice-{}@{}>", notice.at.as_nanosecond(), config.from.email.domain());
    let sender = config.from.name.clone().unwrap_or_else(|| page.title.clone());
    let html = Handlebars::new().render_template(include_str!("email.hbs"), &facts(notice, page))?;
    let message = Message::builder()
        .from(Mailbox::new(Some(sender), config.from.email.clone()))
        .to(config.to.clone())
        .subject(subject(notice))
        .date(SystemTime::from(notice.at))
        .message_id(Some(id))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(body(notice, page), html))?;
    Ok(message)
}

fn subject(notice: &Notice) -> String {
    let status = notice.status.word().to_uppercase();
    let dead = text::dead(notice);
    match (notice.test, dead.is_empty()) {
        (true, _) => format!("{status} | test notice"),
        (false, true) => status,
        (false, false) => format!("{status} | {dead}"),
    }
}

fn body(notice: &Notice, page: &Page) -> String {
    let time = words::time(notice.at);
    let kind = match (notice.test, notice.changed) {
        (true, _) => "Test notice",
        (false, true) => "Status change report",
        (false, false) => "Node change report",
    };
    let mut lines = vec![format!("{kind} from: {time}"), String::new(), "--".to_owned()];
    lines.push(format!("Status: {}", text::capital(notice.status)));
    let dead = text::dead(notice);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {time}"));
    lines.push(format!("URL: {}", page.url));
    for story in text::stories(notice) {
        lines.push(format!("Change: {}", story.head));
        lines.extend(story.details.iter().map(|detail| format!("  - {detail}")));
    }
    lines.push("--".to_owned());
    lines.push(String::new());
    lines.push("You get this because you are the recipient in the configuration of this status page.".to_owned());
    lines.join("\r\n")
}

fn facts(notice: &Notice, page: &Page) -> serde_json::Value {
    let (color, headline) = match notice.status {
        _ if notice.test => ("#1957c2", "This is a test notice, nothing has changed"),
        Status::Healthy => ("#0b7a29", "Everything is healthy"),
        Status::Sick => ("#a85a00", "Something is sick"),
        Status::Dead => ("#c01515", "Something is dead"),
    };
    json!({
        "title": page.title,
        "url": page.url,
        "headline": headline,
        "color": color,
        "stories": text::stories(notice),
        "dead": text::dead(notice),
        "time": words::moment(notice.at),
    })
}
