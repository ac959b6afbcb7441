//! What `[notify.pagerduty]` says.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// `[notify.pagerduty]`
#[derive(Clone, Debug)]
pub struct Pagerduty {
    /// The integration key.
    pub routing_key: Secret,
    /// The events API, below which `v2/enqueue` is.
    pub api_url: Url,
}

impl fmt::Display for Pagerduty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PagerDuty, through {}", self.api_url.host_str().unwrap_or_default())
    }
}
