//! A request of the operator's own making: its headers and its body are templates, which get the variables that
//! docs/CONFIGURATION.md describes.
//!
//! Whoever answers is not known, so a status means what HTTP says
//! (<https://www.rfc-editor.org/rfc/rfc9110#name-status-codes>).

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::config::HttpMethod;
use crate::model::notice::Notice;
use crate::net::basic;
use crate::net::client::Client;

use super::Notifier;
use super::Page;
use super::SendError;
use super::Target;
use super::document;
use super::document::PageOf;
use super::fit;
use super::plain;
use super::post;
use super::say;

/// How much of the whole text there is, in bytes.
const TEXT_MAX: usize = 16_000;

/// How much of a list of replicas is in it.
const NODES_MAX: usize = 1_000;

/// What the credentials of the URL are sent as, unless a header of this name is configured.
const AUTHORIZATION: &str = "authorization";

/// Whoever answers.
pub(super) fn targets(config: &config::HttpRequest, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    vec![Target::only(Http { config, page, client: client.clone() })]
}

struct Http {
    config: config::HttpRequest,
    page: Arc<Page>,
    client: Client,
}

impl Notifier for Http {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let (headers, body) = filled(notice, &self.config, &self.page)?;
        let credentials = self.config.url.credentials.as_ref();
        let authorization = credentials.map(|one| basic::authorization(&one.username, one.password.reveal()));
        let mut request = post::to(&self.client, self.config.url.url.reveal());
        request = match self.config.method {
            HttpMethod::Get => request.get(),
            HttpMethod::Post => request,
            HttpMethod::Put => request.put(),
            HttpMethod::Patch => request.patch(),
        };
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        if let Some(authorization) =
            authorization.as_ref().filter(|_| !headers.iter().any(|(name, _)| name == AUTHORIZATION))
        {
            request = request.header(AUTHORIZATION, authorization.reveal());
        }
        request.bytes("application/json", body.unwrap_or_default().as_bytes())
    }
}

/// The headers, and the body if there is one.
type Filled = (Vec<(String, String)>, Option<String>);

/// What the templates make of a notice.
///
/// # Errors
/// A permanent one, when it is too long: that a template works at all was tried when the file was read.
fn filled(notice: &Notice, config: &config::HttpRequest, page: &Page) -> Result<Filled, SendError> {
    let variables = variables(notice, page);
    let failed = |what: &str, why: String| SendError::permanent(format!("{what} of the request fails: {why}"));
    let mut headers = Vec::new();
    for (name, template) in &config.headers {
        let value = template.render(&variables).map_err(|why| failed(&format!("the header `{name}`"), why))?;
        headers.push((name.clone(), on_one_line(&value)));
    }
    let body = config.body.as_ref().map(|template| template.render(&variables)).transpose();
    Ok((headers, body.map_err(|why| failed("the body", why))?))
}

/// A header ends with its line: what would end it becomes a space.
fn on_one_line(value: &str) -> String {
    let one_line: String = value.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    one_line.trim().to_owned()
}

/// What templates see of a notice. Whatever is added here stands in the samples by which templates are tried, too.
fn variables(notice: &Notice, page: &Page) -> Value {
    let dead = notice.dead.iter().map(|key| {
        json!({
            "service": key.node.service.as_str(),
            "node": key.node.node.as_str(),
            "replica": key.replica.as_str(),
        })
    });
    json!({
        "kind": document::kind(notice),
        "status": notice.status.word(),
        "changed": notice.changed,
        "time": notice.at.to_string(),
        "reminder": document::reminder(notice),
        "urgent": notice.is_urgent_for(0),
        "title": say::title(notice, page),
        "text": fit::lines(&plain::whole(notice, NODES_MAX), TEXT_MAX, fit::bytes),
        "page": PageOf::of(page),
        "changes": document::changes(notice),
        "dead": dead.collect::<Vec<_>>(),
        "more_dead": notice.more_dead,
    })
}

#[cfg(test)]
mod tests;
