//! What `[notify.http]` says.

use std::fmt;

use super::super::Hook;
use super::super::template::Template;

/// `[notify.http]`: a request of the operator's own making.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// Where it goes; an `http` or `https` URL that may hold a token.
    pub url: Hook,
    /// Its method.
    pub method: HttpMethod,
    /// Its headers, by name in lower case; `content-type` is among them if there is a body.
    pub headers: Vec<(String, Template)>,
    /// Its body; none for GET.
    pub body: Option<Template>,
}

/// The methods of such a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// GET, without a body.
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
}

impl HttpMethod {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Get, Self::Post, Self::Put, Self::Patch];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an HTTP request, by {}", self.method.word())
    }
}
