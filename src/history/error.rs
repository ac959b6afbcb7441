//! What goes wrong with a database, and whether it may pass.

/// Why history was not opened, written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// This database must not be used as it is: somebody must act.
    #[error("{place}: {why}")]
    Refused {
        /// The database, without its password.
        place: String,
        /// Why.
        why: Refusal,
    },
    /// Something went wrong that may pass: the disk is full, the server is away.
    #[error("{place}: {what}")]
    Failed {
        /// The database, without its password.
        place: String,
        /// What, in the words of the database or the system.
        what: String,
    },
}

/// Why a database must not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A later Vigil has written it.
    #[error(
        "was written by a later Vigil (schema {found}, this one knows {known}); install that one again, or go back to \
         the copy that it made"
    )]
    Newer {
        /// The version of its schema.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// Another program has written it.
    #[error("{0}; name another file, or move this one away")]
    Foreign(&'static str),
    /// It cannot hold every name.
    #[error("has the encoding {0}, in which not every name can be stored; make one with the encoding UTF8")]
    Encoding(String),
    /// Another Vigil writes it.
    #[error("is used by another Vigil; end that one, or name another database")]
    InUse,
}

impl HistoryError {
    /// Whether the program must not start with this database. That another Vigil has it may pass: that one may be about
    /// to end.
    #[must_use]
    pub fn forbids_start(&self) -> bool {
        matches!(self, Self::Refused { why: Refusal::Newer { .. } | Refusal::Foreign(_) | Refusal::Encoding(_), .. })
    }
}
