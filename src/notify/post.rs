//! A JSON document to a web hook, and what its answer means.

use std::time::Duration;

use serde::Serialize;

use crate::model::observation::Finding;
use crate::net::client::Client;
use crate::net::client::Method;
use crate::net::client::Request;

use super::SendError;

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(10);

/// Answers after which another try is in vain: the hook is wrong, revoked or gone.
const PERMANENT: [u16; 5] = [400, 401, 403, 404, 410];

/// Posts `document` to `url`, which is never told to anybody.
///
/// # Errors
/// [`SendError`], when the answer is not 2xx, or none came within 10 s.
pub fn json(client: &Client, url: &str, document: &impl Serialize) -> Result<(), SendError> {
    let body = serde_json::to_vec(document).map_err(|error| SendError::permanent(error.to_string()))?;
    let headers = [("Content-Type", "application/json")];
    match client.ask(&Request { url, method: Method::Post(&body), headers: &headers, limit: LIMIT }) {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => Err(SendError {
            permanent: PERMANENT.contains(&answer.status),
            retry_after: answer.retry_after,
            what: format!("the hook answered HTTP {}", answer.status),
        }),
        Err(Finding::Down(failure)) => Err(SendError::passing(failure.to_string())),
        Err(Finding::Blind(what)) => Err(SendError::passing(what)),
        Err(
            Finding::Up(_) | Finding::Certified { .. } | Finding::Ailing(..) | Finding::Queue(_) | Finding::Unread(_),
        ) => Ok(()),
    }
}
