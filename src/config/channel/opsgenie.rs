//! What `[notify.opsgenie]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.opsgenie]`
#[derive(Clone, Debug)]
pub struct Opsgenie {
    /// The key of the integration.
    pub api_key: Secret,
    /// The API, below which `v2/alerts` is.
    pub api_url: Url,
    /// The priority of alerts; none goes by status.
    pub priority: Option<Priority>,
}

/// A priority, from the highest to the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Critical.
    P1,
    /// High.
    P2,
    /// Moderate.
    P3,
    /// Low.
    P4,
    /// Informational.
    P5,
}

impl Priority {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::P1, Self::P2, Self::P3, Self::P4, Self::P5];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
            Self::P5 => "P5",
        }
    }
}

impl fmt::Display for Opsgenie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opsgenie, through {}", self.api_url.host_str().unwrap_or_default())
    }
}
