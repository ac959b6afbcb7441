//! How the HTTP targets of a node are asked: the `http_*` keys of `[[probe.service.node]]`.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::config::tls::Trust;
use crate::secret::Secret;

/// How HTTP targets are asked, and what a healthy answer has besides its status.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// The method.
    pub method: Method,
    /// Headers besides the usual ones, which they replace; each can be sent. A name may stand here more than once.
    pub headers: Vec<(String, Secret)>,
    /// What the body of a healthy answer matches, anywhere.
    pub body_match: Option<Regex>,
    /// The values that the JSON of a healthy body has at these JSON pointers (RFC 6901).
    pub json_match: Vec<(String, Value)>,
    /// Whether redirects are followed.
    pub follows_redirects: bool,
    /// Whose certificates are accepted.
    pub trust: Arc<Trust>,
}

/// A method, with the body that is sent.
#[derive(Clone, Debug, Default)]
pub enum Method {
    /// HEAD, and GET where a target refuses HEAD as a method.
    #[default]
    HeadOrGet,
    /// HEAD, whatever the target says to it.
    Head,
    /// GET
    Get,
    /// POST
    Post(Secret),
    /// PUT
    Put(Secret),
    /// PATCH
    Patch(Secret),
}

impl Http {
    /// Whether the body of the answer matters.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        self.body_match.is_some() || !self.json_match.is_empty()
    }
}
