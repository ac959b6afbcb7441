//! What `[notify.email]` says.

use std::fmt;

use lettre::message::Mailbox;

use super::super::Credentials;

/// `[notify.email]`
#[derive(Clone, Debug)]
pub struct Email {
    /// The recipients, each told by a message of its own; at least one, and no address twice.
    pub to: Vec<Mailbox>,
    /// The sender.
    pub from: Mailbox,
    /// The mail server's name or address.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// How to log in, if at all.
    pub credentials: Option<Credentials>,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// Certificates, in PEM, that are trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// How an SMTP connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    Plain,
    /// By STARTTLS, which the server must offer.
    StartTls,
    /// By TLS from the first byte, as on port 465.
    Implicit,
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        write!(f, "email to {}, through {}:{}", to.join(", "), self.smtp_host, self.smtp_port)
    }
}
