//! Opsgenie, by its Alert API: <https://docs.opsgenie.com/docs/alert-api>.
//!
//! A node that is dead creates an alert, and closes it when it is not dead any more, by the same alias. Requests are
//! accepted by 202 and worked off later; 402 and 422 are for good like the other refusals, 429 and 5xx pass
//! (<https://docs.opsgenie.com/docs/response>). A message has up to 130 characters, a description up to 15,000, an alias
//! up to 512, an entity up to 512, a source up to 100 and all details together up to 8,000.
//!
//! A notice of several nodes is several requests. A retry goes on with the one that failed; should one be repeated after
//! all, by a start of the program, it only adds to the count of the open alert with that alias.

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

/// What Opsgenie takes as a message, a description, an entity, a source and a note.
const MESSAGE_MAX: usize = 130;
const DESCRIPTION_MAX: usize = 15_000;
const ENTITY_MAX: usize = 512;
const SOURCE_MAX: usize = 100;

/// How much of each detail is sent: there are four of them.
const DETAIL_MAX: usize = 1_500;

/// Answers by which nothing was accepted, and why.
const ANSWERS: Answers = Answers::of("Opsgenie").words("/message");

/// What the account does not include.
const UNPAID: u16 = 402;

/// The integration of the key.
pub(super) fn targets(config: &config::Opsgenie, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page, client) = (config.clone(), page.clone(), client.clone());
    vec![Target::only(Opsgenie { config, page, client, series: Series::default() })]
}

struct Opsgenie {
    config: config::Opsgenie,
    page: Arc<Page>,
    client: Client,
    series: Series,
}

impl Notifier for Opsgenie {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let requests: Vec<(String, Value)> = requests(notice, &self.config, &self.page);
        let key = format!("GenieKey {}", self.config.api_key.reveal());
        self.series.send(notice, &requests, |(url, document)| {
            let made = Call::json(url.as_str(), document)?.header("Authorization", key.as_str());
            match made.make(&self.client, &ANSWERS) {
                Ok(_) => Ok(()),
                Err(refusal) if refusal.status == Some(UNPAID) => Err(SendError { permanent: true, ..refusal.error }),
                Err(refusal) => Err(refusal.error),
            }
        })
    }
}

/// Where each request goes, and what it says.
fn requests(notice: &Notice, config: &config::Opsgenie, page: &Page) -> Vec<(String, Value)> {
    let source = fit::line(&page.title, SOURCE_MAX, fit::utf16);
    let request = |alert: &Alert| {
        if let Some(severity) = alert.severity {
            let url = call::below(&config.api_url, &["v2", "alerts"]);
            return (url, create(alert, severity, config, page, &source));
        }
        let url = call::below(&config.api_url, &["v2", "alerts", &alert.key, "close"]);
        let note = fit::lines(&alert.lines, DESCRIPTION_MAX, fit::utf16);
        (format!("{url}?identifierType=alias"), json!({ "source": source, "note": note }))
    };
    alerts(notice, page).iter().map(request).collect()
}

fn create(alert: &Alert, severity: Severity, config: &config::Opsgenie, page: &Page, source: &str) -> Value {
    let detail = |text: &str| fit::line(text, DETAIL_MAX, fit::utf16);
    let mut details = json!({ "node": detail(&alert.node), "page": detail(&page.url) });
    if let Some((service, node)) = &alert.labels {
        details["service_label"] = detail(service).into();
        details["node_label"] = detail(node).into();
    }
    json!({
        "message": alert.title.within(MESSAGE_MAX, fit::utf16),
        "alias": alert.key,
        "description": fit::lines(&alert.lines, DESCRIPTION_MAX, fit::utf16),
        "entity": fit::line(&alert.node, ENTITY_MAX, fit::utf16),
        "source": source,
        "priority": priority(severity, config.priority),
        "details": details,
    })
}

/// What is configured or, without that, by how bad it is; a test calls nobody.
fn priority(severity: Severity, configured: Option<config::Priority>) -> &'static str {
    match severity {
        Severity::Test => "P5",
        Severity::Sick => configured.map_or("P3", config::Priority::word),
        Severity::Dead => configured.map_or("P1", config::Priority::word),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;
    use crate::secret::Secret;

    use super::super::tests::endpoint::Reply;
    use super::super::tests::enormous;
    use super::super::tests::outcomes;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;
    use super::*;

    const KEYS: &str = "api_key = \"s3cret\"\napi_url = \"{url}\"";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("opsgenie", KEYS, &startup()), @"");
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("opsgenie", KEYS, &death()), @r#"
        POST /v2/alerts
        authorization: GenieKey s3cret
        content-type: application/json

        {
          "alias": "vigil-eb70def24a790451-web:api",
          "description": "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "details": {
            "node": "web:api",
            "node_label": "API",
            "page": "https://status.example.com/?a=1&b=2",
            "service_label": "Web"
          },
          "entity": "web:api",
          "message": "Web: API is dead",
          "priority": "P1",
          "source": "Acme & Co"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("opsgenie", KEYS, &sick()), @r#"
        POST /v2/alerts
        authorization: GenieKey s3cret
        content-type: application/json

        {
          "alias": "vigil-eb70def24a790451-web:api",
          "description": "Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\na is sick: slow, answered after 12 s\nb is sick: slow, answered after 12 s",
          "details": {
            "node": "web:api",
            "node_label": "API",
            "page": "https://status.example.com/?a=1&b=2",
            "service_label": "Web"
          },
          "entity": "web:api",
          "message": "Web: API is sick",
          "priority": "P3",
          "source": "Acme & Co"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("opsgenie", KEYS, &reminder(Urgent::All)), @r#"
        POST /v2/alerts
        authorization: GenieKey s3cret
        content-type: application/json

        {
          "alias": "vigil-eb70def24a790451-web:api",
          "description": "Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "details": {
            "node": "web:api",
            "node_label": "API",
            "page": "https://status.example.com/?a=1&b=2",
            "service_label": "Web"
          },
          "entity": "web:api",
          "message": "Web: API is still dead",
          "priority": "P1",
          "source": "Acme & Co"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("opsgenie", KEYS, &recovery()), @r#"
        POST /v2/alerts/vigil-eb70def24a790451-web:api/close?identifierType=alias
        authorization: GenieKey s3cret
        content-type: application/json

        {
          "note": "Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
          "source": "Acme & Co"
        }
        "#);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("opsgenie", KEYS, &test_notice()), @r#"
        POST /v2/alerts
        authorization: GenieKey s3cret
        content-type: application/json

        {
          "alias": "vigil-eb70def24a790451-test",
          "description": "Acme & Co: test notice, nothing has changed",
          "details": {
            "node": "test",
            "page": "https://status.example.com/?a=1&b=2"
          },
          "entity": "test",
          "message": "Acme & Co: test notice, nothing has changed",
          "priority": "P5",
          "source": "Acme & Co"
        }

        ---

        POST /v2/alerts/vigil-eb70def24a790451-test/close?identifierType=alias
        authorization: GenieKey s3cret
        content-type: application/json

        {
          "note": "Acme & Co: test notice, nothing has changed",
          "source": "Acme & Co"
        }
        "#);
    }

    #[test]
    fn a_priority_is_the_configured_one_but_for_a_test() {
        for (severity, usual, configured) in
            [(Severity::Dead, "P1", "P2"), (Severity::Sick, "P3", "P2"), (Severity::Test, "P5", "P5")]
        {
            assert_eq!(priority(severity, None), usual);
            assert_eq!(priority(severity, Some(config::Priority::P2)), configured);
        }
    }

    #[test]
    fn what_is_not_paid_is_not_tried_again() {
        let replies = &[Reply::Status(402, "{\"message\":\"Your plan does not include this\"}")];
        let error = outcomes("opsgenie", KEYS, replies, 1).0.remove(0);
        assert_eq!(error, Err(SendError::permanent("Opsgenie answered HTTP 402: Your plan does not include this")));
    }

    #[test]
    fn a_very_long_notice_is_cut() {
        let config = config::Opsgenie {
            api_key: Secret::new("key"),
            api_url: "https://api.opsgenie.com".parse().unwrap(),
            priority: None,
        };
        let page = Page { title: "x".repeat(1_000), url: format!("https://status.example.com/{}", "x".repeat(9_000)) };
        for (_, alert) in requests(&enormous(), &config, &page) {
            let length = |name: &str| fit::utf16(alert[name].as_str().unwrap());
            assert!(length("message") <= MESSAGE_MAX && length("description") <= DESCRIPTION_MAX);
            assert!(length("source") <= SOURCE_MAX && length("entity") <= ENTITY_MAX && length("alias") <= 255);
            let details =
                alert["details"].as_object().unwrap().values().map(|value| fit::utf16(value.as_str().unwrap()));
            assert!(details.sum::<usize>() < 8_000);
        }
    }
}
