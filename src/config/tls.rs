//! Which certificates are accepted of a node's targets: `http_tls_verify` and `http_ca_file`.

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
