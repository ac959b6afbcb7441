//! A web hook of the operator's own: the notice as JSON.
//!
//! `type`, `status`, `time`, `replicas` and `page` are as the public Vigil has them; what else there is, is ours, and
//! described in docs/CONFIGURATION.md. Whoever answers is not known, so the answer means what HTTP says
//! (<https://www.rfc-editor.org/rfc/rfc9110#name-status-codes>).

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Notice;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::SendError;
use super::Target;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::document;
use super::document::ChangeOf;
use super::document::PageOf;

/// The one target.
pub(super) fn targets(config: &config::Webhook, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    vec![Target::only(Calling::new(client, Answers::of("the hook"), move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Webhook, page: &Page) -> Result<Call, SendError> {
    Call::hook(&config.hook_url, &Document::of(notice, page))
}

/// What is sent.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    status: &'static str,
    time: String,
    replicas: Vec<String>,
    page: PageOf<'a>,
    /// When the notice was made, by RFC 3339; the same whenever the delivery is tried again.
    at: String,
    /// Whether the status of the page is another one than at the last notice.
    changed: bool,
    /// How many dead replicas `replicas` does not name.
    more_replicas: usize,
    /// Which reminder this is, from 1.
    reminder: Option<u32>,
    changes: Vec<ChangeOf<'a>>,
}

impl<'a> Document<'a> {
    fn of(notice: &'a Notice, page: &'a Page) -> Self {
        Self {
            r#type: document::kind(notice),
            status: notice.status.word(),
            time: words::time(notice.at),
            replicas: notice.dead.iter().map(ToString::to_string).collect(),
            page: PageOf::of(page),
            at: notice.at.to_string(),
            changed: notice.changed,
            more_replicas: notice.more_dead,
            reminder: document::reminder(notice),
            changes: document::changes(notice),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Change;
    use crate::model::notice::Urgent;
    use crate::model::status::Status;

    use super::super::tests::endpoint::Reply;
    use super::super::tests::failure;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;

    use super::*;

    const KEYS: &str = "hook_url = \"{url}hooks/vigil?key=1\"";

    fn told(notice: &Notice) -> String {
        wire("webhook", KEYS, notice)
    }

    #[test]
    fn every_node_has_its_own_sentence_those_that_are_well_at_the_start_too() {
        let node =
            |label: &str, to| Change { label: label.into(), to: Some(to), was: None, ..death().changes.remove(0) };
        let changes = vec![node("A", Status::Dead), node("B", Status::Healthy), node("C", Status::Healthy)];
        let notice = Notice { changes, ..startup() };
        let page = Page { title: "Acme".to_owned(), url: "https://status.example.com/".to_owned() };
        let told = serde_json::to_value(Document::of(&notice, &page)).unwrap();
        let text = |at: usize| told["changes"][at]["text"].as_str().unwrap();
        for (at, begin) in ["Web, A (web:api) is dead", "Web, B (web:api) is healthy", "Web, C (web:api) is healthy"]
            .iter()
            .enumerate()
        {
            assert!(text(at).starts_with(begin), "{}", text(at));
        }
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @r#"
        POST /hooks/vigil?key=1
        content-type: application/json

        {
          "at": "2026-11-24T01:12:05Z",
          "changed": true,
          "changes": [],
          "more_replicas": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": null,
          "replicas": [],
          "status": "healthy",
          "time": "01:12:05 UTC+00:00",
          "type": "startup"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @r#"
        POST /hooks/vigil?key=1
        content-type: application/json

        {
          "at": "2026-11-24T01:12:05Z",
          "changed": true,
          "changes": [
            {
              "cause": "connection refused",
              "more_replicas": 0,
              "node": "api",
              "node_label": "API",
              "replicas": [
                {
                  "cause": "connection refused",
                  "replica": "tcp://10.0.0.1:80",
                  "status": "dead"
                }
              ],
              "service": "web",
              "service_label": "Web",
              "since": "2026-11-24T01:12:02Z",
              "status": "dead",
              "text": "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "was": null
            }
          ],
          "more_replicas": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": null,
          "replicas": [
            "web:api:tcp://10.0.0.1:80"
          ],
          "status": "dead",
          "time": "01:12:05 UTC+00:00",
          "type": "changed"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @r#"
        POST /hooks/vigil?key=1
        content-type: application/json

        {
          "at": "2026-11-24T01:12:05Z",
          "changed": true,
          "changes": [
            {
              "cause": "slow, answered after 12 s",
              "more_replicas": 0,
              "node": "api",
              "node_label": "API",
              "replicas": [
                {
                  "cause": "slow, answered after 12 s",
                  "replica": "a",
                  "status": "sick"
                },
                {
                  "cause": "slow, answered after 12 s",
                  "replica": "b",
                  "status": "sick"
                }
              ],
              "service": "web",
              "service_label": "Web",
              "since": "2026-11-24T01:12:02Z",
              "status": "sick",
              "text": "Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s",
              "was": null
            }
          ],
          "more_replicas": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": null,
          "replicas": [],
          "status": "sick",
          "time": "01:12:05 UTC+00:00",
          "type": "changed"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @r#"
        POST /hooks/vigil?key=1
        content-type: application/json

        {
          "at": "2026-11-24T01:12:05Z",
          "changed": false,
          "changes": [
            {
              "cause": "connection refused",
              "more_replicas": 0,
              "node": "api",
              "node_label": "API",
              "replicas": [
                {
                  "cause": "connection refused",
                  "replica": "tcp://10.0.0.1:80",
                  "status": "dead"
                }
              ],
              "service": "web",
              "service_label": "Web",
              "since": "2026-11-24T01:12:02Z",
              "status": "dead",
              "text": "Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "was": null
            }
          ],
          "more_replicas": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": 2,
          "replicas": [
            "web:api:tcp://10.0.0.1:80"
          ],
          "status": "dead",
          "time": "01:12:05 UTC+00:00",
          "type": "reminder"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @r#"
        POST /hooks/vigil?key=1
        content-type: application/json

        {
          "at": "2026-11-24T01:12:05Z",
          "changed": true,
          "changes": [
            {
              "cause": null,
              "more_replicas": 0,
              "node": "api",
              "node_label": "API",
              "replicas": [],
              "service": "web",
              "service_label": "Web",
              "since": "2026-11-24T01:12:02Z",
              "status": "healthy",
              "text": "Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
              "was": {
                "seconds": 432,
                "status": "dead"
              }
            }
          ],
          "more_replicas": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": null,
          "replicas": [],
          "status": "healthy",
          "time": "01:12:05 UTC+00:00",
          "type": "changed"
        }
        "#);
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @r#"
        POST /hooks/vigil?key=1
        content-type: application/json

        {
          "at": "2026-11-24T01:12:05Z",
          "changed": false,
          "changes": [],
          "more_replicas": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": null,
          "replicas": [],
          "status": "healthy",
          "time": "01:12:05 UTC+00:00",
          "type": "test"
        }
        "#);
    }

    #[test]
    fn the_credentials_of_the_url_are_sent() {
        let told = wire("webhook", "hook_url = \"http://vigil:p%40ss@{host}/hook\"", &death());
        assert!(told.starts_with("POST /hook\nauthorization: Basic dmlnaWw6cEBzcw==\ncontent-type: "), "{told}");
    }

    #[test]
    fn what_it_answers_is_not_passed_on() {
        let error = failure("webhook", KEYS, Reply::Status(500, r#"{"message":"s3cret","error":"s3cret"}"#));
        assert_eq!(error.what, "the hook answered HTTP 500");
    }
}
