//! TLS with the targets of a node: whose certificates are accepted, and what comes before the handshake.

/// Whose certificates are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those that the system's roots vouch for.
    #[default]
    System,
    /// Those that they, or the certificates in this PEM, vouch for.
    Also(Vec<u8>),
    /// Those of anybody.
    Anybody,
}

/// A protocol that begins in the clear, and is asked to go on inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// SMTP (RFC 3207)
    Smtp,
    /// IMAP (RFC 3501, 6.2.1)
    Imap,
}
