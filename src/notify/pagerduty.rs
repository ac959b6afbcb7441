//! PagerDuty, by its Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>.
//!
//! A node that is dead triggers an alert, and resolves it when it is not dead any more, by the same `dedup_key`. 202 is
//! success, 400 is for good, 429 and 5xx pass (<https://developer.pagerduty.com/docs/events-api-v2-overview#response-codes--retry-logic>).
//! A summary has up to 1,024 characters, a `dedup_key` up to 255, and an event up to 512 KB.
//!
//! A notice of several nodes is several events. A retry goes on with the one that failed; should one be repeated after
//! all, by a start of the program, `dedup_key` makes it an entry in the log of the same alert.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::model::notice::Notice;
use crate::net::client::Client;

use super::Notifier;
use super::Page;
use super::SendError;
use super::Target;
use super::alerts::Alert;
use super::alerts::Severity;
use super::alerts::alerts;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::fit;
use super::series::Series;

/// What PagerDuty takes as a summary.
const SUMMARY_MAX: usize = 1_024;

/// How much of a page's title is sent.
const TITLE_MAX: usize = 200;

/// Answers by which nothing was accepted, and why.
const ANSWERS: Answers = Answers::of("PagerDuty").words("/message");

/// The integration of the key.
pub(super) fn targets(config: &config::Pagerduty, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page, client) = (config.clone(), page.clone(), client.clone());
    vec![Target {
        name: String::new(),
        notifier: Box::new(Pagerduty { config, page, client, series: Series::default() }),
    }]
}

struct Pagerduty {
    config: config::Pagerduty,
    page: Arc<Page>,
    client: Client,
    series: Series,
}

impl Notifier for Pagerduty {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let events: Vec<Value> = events(notice, &self.page, self.config.routing_key.reveal());
        let url = call::below(&self.config.api_url, &["v2", "enqueue"]);
        self.series.send(notice, &events, |event| {
            Call::post(url.as_str()).json(event)?.make(&self.client, &ANSWERS)?;
            Ok(())
        })
    }
}

fn events(notice: &Notice, page: &Page, routing_key: &str) -> Vec<Value> {
    alerts(notice, page).iter().map(|alert| event(alert, page, routing_key)).collect()
}

fn event(alert: &Alert, page: &Page, routing_key: &str) -> Value {
    let Some(severity) = alert.severity else {
        return json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": alert.key });
    };
    let mut payload = json!({
        "summary": fit::line(&alert.lines.join("; "), SUMMARY_MAX, fit::utf16),
        "source": alert.node,
        "severity": word(severity),
        "timestamp": alert.at.to_string(),
        "custom_details": { "changes": alert.lines },
    });
    if let Some((service, node)) = &alert.labels {
        payload["component"] = node.as_str().into();
        payload["group"] = service.as_str().into();
    }
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": alert.key,
        "client": fit::line(&page.title, TITLE_MAX, fit::utf16),
        "client_url": page.url,
        "payload": payload,
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Test => "info",
        Severity::Sick => "warning",
        Severity::Dead => "critical",
    }
}
