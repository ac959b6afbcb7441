//! What `[notify.xmpp]` says.

use std::fmt;

use crate::secret::Secret;

use super::super::Jid;

/// `[notify.xmpp]`
#[derive(Clone, Debug)]
pub struct Xmpp {
    /// The recipients; at least one, and none twice.
    pub to: Vec<Jid>,
    /// The sender.
    pub from: Jid,
    /// The sender's password.
    pub password: Secret,
    /// The server of the sender's domain, when it is not to be looked up: a name or an address without brackets, and a port.
    pub server: Option<(String, u16)>,
    /// Certificates, in PEM, that are trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
}

impl fmt::Display for Xmpp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        write!(f, "XMPP to {}, from {}", to.join(", "), self.from)?;
        self.server.as_ref().map_or(Ok(()), |(host, port)| write!(f, ", through {host}:{port}"))
    }
}
