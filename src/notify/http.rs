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
use crate::model::notice::Affected;
use crate::model::notice::Change;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;
use crate::net::client::Client;

use super::Notifier;
use super::Page;
use super::SendError;
use super::Target;
use super::fit;
use super::plain;
use super::post;
use super::say;
use super::text;

/// How much of the whole text there is, in bytes.
const TEXT_MAX: usize = 16_000;

/// How much of a list of replicas is in it.
const NODES_MAX: usize = 1_000;

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
        let mut request = post::to(&self.client, self.config.url.reveal());
        request = match self.config.method {
            HttpMethod::Get => request.get(),
            HttpMethod::Post => request,
            HttpMethod::Put => request.put(),
            HttpMethod::Patch => request.patch(),
        };
        for (name, value) in &headers {
            request = request.header(name, value);
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
    let (kind, reminder) = match notice.kind {
        Kind::Startup => ("startup", None),
        Kind::Change => ("changed", None),
        Kind::Reminder { number, .. } => ("reminder", Some(number)),
        Kind::Test => ("test", None),
    };
    let stories = text::stories(notice, text::STORIES_MAX).into_iter().map(|story| story.head);
    let dead = notice.dead.iter().map(|key| {
        json!({
            "service": key.node.service.as_str(),
            "node": key.node.node.as_str(),
            "replica": key.replica.as_str(),
        })
    });
    json!({
        "kind": kind,
        "status": notice.status.word(),
        "changed": notice.changed,
        "time": notice.at.to_string(),
        "reminder": reminder,
        "urgent": notice.is_urgent_for(0),
        "title": say::title(notice, page),
        "text": whole(notice),
        "page": { "title": page.title, "url": page.url },
        "changes": notice.changes.iter().zip(stories).map(|(one, text)| change(one, text)).collect::<Vec<_>>(),
        "dead": dead.collect::<Vec<_>>(),
        "more_dead": notice.more_dead,
    })
}

/// All of it as plain text.
fn whole(notice: &Notice) -> String {
    let mut lines = vec![say::sentence(notice, "")];
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, TEXT_MAX, fit::bytes)
}

fn change(change: &Change, text: String) -> Value {
    let was = change.was.map(|(status, time)| json!({ "status": status.word(), "seconds": time.as_secs() }));
    let cause = change.affected.first().and_then(|first| first.cause.as_ref()).map(ToString::to_string);
    json!({
        "service": change.key.service.as_str(),
        "node": change.key.node.as_str(),
        "service_label": &*change.service,
        "node_label": &*change.label,
        "status": change.to.map_or("unknown", Status::word),
        "since": change.since.to_string(),
        "was": was,
        "text": text,
        "cause": cause,
        "replicas": change.affected.iter().map(replica).collect::<Vec<_>>(),
        "more_replicas": change.more_affected,
    })
}

fn replica(affected: &Affected) -> Value {
    json!({
        "replica": affected.key.replica.as_str(),
        "status": affected.status.word(),
        "cause": affected.cause.as_ref().map(ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::config::template;
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::secs;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

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
          "title": "Acme & Co: started up, healthy",
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
          "kind": "reminder",
          "more_dead": 0,
          "page": {
            "title": "Acme & Co",
            "url": "https://status.example.com/?a=1&b=2"
          },
          "reminder": 2,
          "status": "dead",
          "text": "Status is still: dead.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "time": "2026-11-24T01:12:05Z",
          "title": "Acme & Co: still dead",
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
}
