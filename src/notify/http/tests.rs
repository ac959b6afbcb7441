use std::collections::BTreeSet;

use crate::config::template;
use crate::model::fixture::death;
use crate::model::fixture::recovery;
use crate::model::fixture::secs;
use crate::model::fixture::test_notice;
use crate::model::notice::Urgent;
use crate::model::status::Status;

use super::super::tests::endpoint::Reply;
use super::super::tests::endpoint::page;
use super::super::tests::enormous;
use super::super::tests::hostile;
use super::super::tests::outcomes;
use super::super::tests::reminder;
use super::super::tests::sick;
use super::super::tests::startup;
use super::super::tests::wire;
use super::*;

const KEYS: &str = "url = \"{url}s3cret\"";

#[test]
fn a_start() {
    insta::assert_snapshot!(wire("http", KEYS, &startup()), @r#"
    POST /s3cret
    content-type: application/json

    {
      "changed": true,
      "changes": [],
      "dead": [],
      "kind": "startup",
      "more_dead": 0,
      "page": {
        "title": "Acme & Co",
        "url": "https://status.example.com/?a=1&b=2"
      },
      "reminder": null,
      "status": "healthy",
      "text": "Status started up, as: healthy.\nTime: 01:12:05 UTC+00:00",
      "time": "2026-11-24T01:12:05Z",
      "title": "Acme & Co: started up, the page is healthy",
      "urgent": false
    }
    "#);
}

#[test]
fn a_death() {
    insta::assert_snapshot!(wire("http", KEYS, &death()), @r#"
    POST /s3cret
    content-type: application/json

    {
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
      "dead": [
        {
          "node": "api",
          "replica": "tcp://10.0.0.1:80",
          "service": "web"
        }
      ],
      "kind": "changed",
      "more_dead": 0,
      "page": {
        "title": "Acme & Co",
        "url": "https://status.example.com/?a=1&b=2"
      },
      "reminder": null,
      "status": "dead",
      "text": "Status changed to: dead.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
      "time": "2026-11-24T01:12:05Z",
      "title": "Acme & Co: API is dead",
      "urgent": false
    }
    "#);
}

#[test]
fn something_sick() {
    insta::assert_snapshot!(wire("http", KEYS, &sick()), @r#"
    POST /s3cret
    content-type: application/json

    {
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
      "dead": [],
      "kind": "changed",
      "more_dead": 0,
      "page": {
        "title": "Acme & Co",
        "url": "https://status.example.com/?a=1&b=2"
      },
      "reminder": null,
      "status": "sick",
      "text": "Status changed to: sick.\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s",
      "time": "2026-11-24T01:12:05Z",
      "title": "Acme & Co: API is sick",
      "urgent": false
    }
    "#);
}

#[test]
fn a_reminder() {
    insta::assert_snapshot!(wire("http", KEYS, &reminder(Urgent::All)), @r#"
    POST /s3cret
    content-type: application/json

    {
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
      "dead": [
        {
          "node": "api",
          "replica": "tcp://10.0.0.1:80",
          "service": "web"
        }
      ],
      "kind": "reminder",
      "more_dead": 0,
      "page": {
        "title": "Acme & Co",
        "url": "https://status.example.com/?a=1&b=2"
      },
      "reminder": 2,
      "status": "dead",
      "text": "Status is still: dead.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
      "time": "2026-11-24T01:12:05Z",
      "title": "Acme & Co: API is still dead",
      "urgent": true
    }
    "#);
}

#[test]
fn a_recovery() {
    insta::assert_snapshot!(wire("http", KEYS, &recovery()), @r#"
    POST /s3cret
    content-type: application/json

    {
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
      "dead": [],
      "kind": "changed",
      "more_dead": 0,
      "page": {
        "title": "Acme & Co",
        "url": "https://status.example.com/?a=1&b=2"
      },
      "reminder": null,
      "status": "healthy",
      "text": "Status changed to: healthy.\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
      "time": "2026-11-24T01:12:05Z",
      "title": "Acme & Co: API is healthy again",
      "urgent": false
    }
    "#);
}

#[test]
fn a_test() {
    insta::assert_snapshot!(wire("http", KEYS, &test_notice()), @r#"
    POST /s3cret
    content-type: application/json

    {
      "changed": false,
      "changes": [],
      "dead": [],
      "kind": "test",
      "more_dead": 0,
      "page": {
        "title": "Acme & Co",
        "url": "https://status.example.com/?a=1&b=2"
      },
      "reminder": null,
      "status": "healthy",
      "text": "This is a test notice, nothing has changed.\nTime: 01:12:05 UTC+00:00",
      "time": "2026-11-24T01:12:05Z",
      "title": "Acme & Co: test notice",
      "urgent": false
    }
    "#);
}

#[test]
fn headers_and_body_are_made_by_templates() {
    let keys = r#"
        url = "{url}a?b=c"
        method = "PUT"
        body = '{"summary": "{{page.title}} is {{status}}", "nodes": {{json dead}}}'
        [notify.http.headers]
        X-Status = "{{status}} {{kind}}"
        Authorization = "Bearer s3cret"
    "#;
    insta::assert_snapshot!(wire("http", keys, &hostile()), @r#"
    PUT /a?b=c
    authorization: Bearer s3cret
    content-type: application/json
    x-status: dead changed

    {
      "nodes": [
        {
          "node": "api",
          "replica": "</code><a href=\"x\">*`_@**all**&",
          "service": "web"
        }
      ],
      "summary": "Acme & Co is dead"
    }
    "#);
}

#[test]
fn a_form_and_a_text_are_escaped_as_such() {
    let form = "body = \"text={{page.title}}&status={{status}}\"\nheaders = { Content-Type = \"application/x-www-form-urlencoded\" }";
    let sent = wire("http", &format!("{KEYS}\n{form}"), &death());
    assert!(sent.ends_with("\n\ntext=Acme & Co\nstatus=dead"), "{sent}");
    let text = "body = \"{{page.title}}: {{status}}\"\nheaders = { content-type = \"text/plain\" }\nmethod = \"PATCH\"";
    let sent = wire("http", &format!("{KEYS}\n{text}"), &death());
    assert_eq!(sent, "PATCH /s3cret\ncontent-type: text/plain\n\nAcme & Co: dead");
}

#[test]
fn a_get_has_no_body() {
    let keys = format!("{KEYS}\nmethod = \"GET\"\nheaders = {{ X-Title = \"{{{{title}}}}\" }}");
    assert_eq!(wire("http", &keys, &death()), "GET /s3cret\nx-title: Acme & Co: API is dead\n\n");
}

#[test]
fn a_header_stays_on_its_line() {
    let keys = format!("{KEYS}\nmethod = \"GET\"\nheaders = {{ X-Text = \"{{{{text}}}}\" }}");
    let sent = wire("http", &keys, &recovery());
    assert!(sent.starts_with("GET /s3cret\nx-text: Status changed to: healthy. Time: "), "{sent}");
}

#[test]
fn a_very_long_notice_is_sent_or_said_to_be_too_long() {
    let all = outcome_of(KEYS);
    assert!(matches!(&all, Err(error) if error.permanent && error.what.contains("bytes")) || all.is_ok(), "{all:?}");
    let short = format!("{KEYS}\nbody = \"{{{{json text}}}}\"");
    assert_eq!(outcome_of(&short), Ok(()));
}

/// What comes of an enormous notice.
fn outcome_of(keys: &str) -> Result<(), SendError> {
    use super::super::tests::endpoint::Endpoint;
    let endpoint = Endpoint::replying(&[Reply::Status(200, "")]);
    endpoint.targets("http", keys).remove(0).notifier.send(&enormous())
}

#[test]
fn an_answer_means_what_http_says() {
    let (outcomes, _) = outcomes("http", KEYS, &[Reply::Later(503, 9), Reply::Status(204, "")], 2);
    assert_eq!(outcomes[0].as_ref().unwrap_err().retry_after, Some(secs(9)));
    assert_eq!(outcomes[1], Ok(()));
}

/// The paths of all fields, of lists those of their items.
fn shape(value: &Value, at: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| shape(field, &format!("{at}.{name}"), paths)),
        Value::Array(items) => items.iter().for_each(|item| shape(item, &format!("{at}[]"), paths)),
        _ => {
            paths.insert(at.to_owned());
        }
    }
}

#[test]
fn templates_are_tried_with_notices_of_the_same_shape() {
    let mut full = reminder(Urgent::All);
    full.changes[0].was = Some((Status::Sick, secs(5)));
    let (mut real, mut tried) = (BTreeSet::new(), BTreeSet::new());
    shape(&variables(&full, &page()), "", &mut real);
    shape(&template::sample(), "", &mut tried);
    assert_eq!(real, tried);
}
