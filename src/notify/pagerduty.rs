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
    vec![Target::only(Pagerduty { config, page, client, series: Series::default() })]
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
            Call::json(url.as_str(), event)?.make(&self.client, &ANSWERS)?;
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

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::node_key;
    use crate::model::fixture::recovery;
    use crate::model::fixture::secs;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Change;
    use crate::model::notice::Urgent;
    use crate::model::status::Status;

    use super::super::tests::endpoint::Endpoint;
    use super::super::tests::endpoint::Reply;
    use super::super::tests::enormous;
    use super::super::tests::outcomes;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;
    use super::*;

    const KEYS: &str = "routing_key = \"s3cret\"\napi_url = \"{url}\"";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("pagerduty", KEYS, &startup()), @"");
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("pagerduty", KEYS, &death()), @r#"
        POST /v2/enqueue
        content-type: application/json

        {
          "client": "Acme & Co",
          "client_url": "https://status.example.com/?a=1&b=2",
          "dedup_key": "vigil-eb70def24a790451-web:api",
          "event_action": "trigger",
          "payload": {
            "component": "API",
            "custom_details": {
              "changes": [
                "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
              ]
            },
            "group": "Web",
            "severity": "critical",
            "source": "web:api",
            "summary": "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
            "timestamp": "2026-11-24T01:12:02Z"
          },
          "routing_key": "s3cret"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("pagerduty", KEYS, &sick()), @r#"
        POST /v2/enqueue
        content-type: application/json

        {
          "client": "Acme & Co",
          "client_url": "https://status.example.com/?a=1&b=2",
          "dedup_key": "vigil-eb70def24a790451-web:api",
          "event_action": "trigger",
          "payload": {
            "component": "API",
            "custom_details": {
              "changes": [
                "Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s",
                "a is sick: slow, answered after 12 s",
                "b is sick: slow, answered after 12 s"
              ]
            },
            "group": "Web",
            "severity": "warning",
            "source": "web:api",
            "summary": "Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s; a is sick: slow, answered after 12 s; b is sick: slow, answered after 12 s",
            "timestamp": "2026-11-24T01:12:02Z"
          },
          "routing_key": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("pagerduty", KEYS, &reminder(Urgent::All)), @r#"
        POST /v2/enqueue
        content-type: application/json

        {
          "client": "Acme & Co",
          "client_url": "https://status.example.com/?a=1&b=2",
          "dedup_key": "vigil-eb70def24a790451-web:api",
          "event_action": "trigger",
          "payload": {
            "component": "API",
            "custom_details": {
              "changes": [
                "Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
              ]
            },
            "group": "Web",
            "severity": "critical",
            "source": "web:api",
            "summary": "Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
            "timestamp": "2026-11-24T01:12:02Z"
          },
          "routing_key": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("pagerduty", KEYS, &recovery()), @r#"
        POST /v2/enqueue
        content-type: application/json

        {
          "dedup_key": "vigil-eb70def24a790451-web:api",
          "event_action": "resolve",
          "routing_key": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("pagerduty", KEYS, &test_notice()), @r#"
        POST /v2/enqueue
        content-type: application/json

        {
          "client": "Acme & Co",
          "client_url": "https://status.example.com/?a=1&b=2",
          "dedup_key": "vigil-eb70def24a790451-test",
          "event_action": "trigger",
          "payload": {
            "custom_details": {
              "changes": [
                "Acme & Co: test notice, nothing has changed"
              ]
            },
            "severity": "info",
            "source": "test",
            "summary": "Acme & Co: test notice, nothing has changed",
            "timestamp": "2026-11-24T01:12:05Z"
          },
          "routing_key": "s3cret"
        }

        ---

        POST /v2/enqueue
        content-type: application/json

        {
          "dedup_key": "vigil-eb70def24a790451-test",
          "event_action": "resolve",
          "routing_key": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_death_that_is_sick_now_is_resolved() {
        let mut notice = sick();
        notice.changes[0].was = Some((Status::Dead, secs(60)));
        assert!(wire("pagerduty", KEYS, &notice).contains("\"event_action\": \"resolve\""));
    }

    #[test]
    fn several_nodes_are_several_events_of_which_a_retry_repeats_only_what_failed() {
        let site = Change { key: node_key("web", "site"), label: "Site".into(), ..death().changes.remove(0) };
        let notice = Notice { changes: vec![death().changes.remove(0), site], ..death() };
        let replies = &[Reply::Status(202, "{}"), Reply::Later(429, 7), Reply::Status(202, "{}")];
        let endpoint = Endpoint::replying(replies);
        let target = endpoint.targets("pagerduty", KEYS).remove(0);
        let error = target.notifier.send(&notice).unwrap_err();
        assert_eq!((error.permanent, error.retry_after), (false, Some(secs(7))));
        assert_eq!(target.notifier.send(&notice), Ok(()));
        let key = |request: &String| {
            let (_, body) = request.split_once("\n\n").unwrap();
            let event: Value = serde_json::from_str(body).unwrap();
            event["dedup_key"].as_str().unwrap().rsplit('-').next().unwrap().to_owned()
        };
        let keys: Vec<_> = endpoint.asked().iter().map(key).collect();
        assert_eq!(keys, ["web:api", "web:site", "web:site"]);
    }

    #[test]
    fn why_an_event_is_refused_is_told() {
        const WHY: &str = "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\"}";
        let error = outcomes("pagerduty", KEYS, &[Reply::Status(400, WHY)], 1).0.remove(0);
        assert_eq!(error, Err(SendError::permanent("PagerDuty answered HTTP 400: Event object is invalid")));
    }

    #[test]
    fn a_very_long_notice_is_cut() {
        let page = Page { title: "x".repeat(1_000), url: "https://status.example.com/".to_owned() };
        for event in events(&enormous(), &page, "key") {
            let summary = event["payload"]["summary"].as_str().unwrap();
            assert!(fit::utf16(summary) <= SUMMARY_MAX && event.to_string().len() < 512_000);
        }
    }
}
