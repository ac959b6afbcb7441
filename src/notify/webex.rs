//! Webex, as a bot: <https://developer.webex.com/docs/api/v1/messages/create-a-message>.
//!
//! The lines are those of the mail; what changed follows. What its errors mean, and how it limits rates:
//! <https://developer.webex.com/docs/basics#api-errors>.

use std::sync::Arc;

use serde_json::json;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::SendError;
use super::Target;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::plain;
use super::text;

/// What Webex takes, in bytes.
const TEXT_MAX: usize = 7_439;

/// How much of it the list of replicas may take.
const NODES_MAX: usize = 2_000;

/// The one target.
pub(super) fn targets(config: &config::Webex, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Webex").words("/message");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Webex, page: &Page) -> Result<Call, SendError> {
    let document = json!({ "roomId": config.room_id, "text": text(notice, page) });
    Ok(Call::json(config.endpoint_url.as_str(), &document)?.bearer(config.token.reveal()))
}

fn text(notice: &Notice, page: &Page) -> String {
    let time = words::time(notice.at);
    let mut lines = vec![format!("{} from: {time}", text::report(notice)), String::new()];
    if notice.kind != Kind::Test {
        lines.push(format!("Status: {}", text::capital(notice.status)));
    }
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {time}"));
    lines.push(format!("URL: {}", page.url));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, TEXT_MAX, fit::bytes)
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::endpoint::page;
    use super::super::tests::enormous;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;

    use super::*;

    const KEYS: &str = "endpoint_url = \"{url}v1/messages\"\ntoken = \"token\"\nroom_id = \"room\"";

    fn told(notice: &Notice) -> String {
        wire("webex", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @r#"
        POST /v1/messages
        authorization: Bearer token
        content-type: application/json

        {
          "roomId": "room",
          "text": "Status startup alert from: 01:12:05 UTC+00:00\n\nStatus: Healthy\nTime: 01:12:05 UTC+00:00\nURL: https://status.example.com/?a=1&b=2"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @r#"
        POST /v1/messages
        authorization: Bearer token
        content-type: application/json

        {
          "roomId": "room",
          "text": "Status change report from: 01:12:05 UTC+00:00\n\nStatus: Dead\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\nURL: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @r#"
        POST /v1/messages
        authorization: Bearer token
        content-type: application/json

        {
          "roomId": "room",
          "text": "Status change report from: 01:12:05 UTC+00:00\n\nStatus: Sick\nTime: 01:12:05 UTC+00:00\nURL: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @r#"
        POST /v1/messages
        authorization: Bearer token
        content-type: application/json

        {
          "roomId": "room",
          "text": "Status unchanged reminder from: 01:12:05 UTC+00:00\n\nStatus: Dead\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\nURL: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @r#"
        POST /v1/messages
        authorization: Bearer token
        content-type: application/json

        {
          "roomId": "room",
          "text": "Status change report from: 01:12:05 UTC+00:00\n\nStatus: Healthy\nTime: 01:12:05 UTC+00:00\nURL: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s"
        }
        "#);
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @r#"
        POST /v1/messages
        authorization: Bearer token
        content-type: application/json

        {
          "roomId": "room",
          "text": "Test notice from: 01:12:05 UTC+00:00\n\nTime: 01:12:05 UTC+00:00\nURL: https://status.example.com/?a=1&b=2"
        }
        "#);
    }

    #[test]
    fn no_more_is_sent_than_is_taken() {
        let text = text(&enormous(), &page());
        assert!(fit::bytes(&text) <= 7_439, "{text}");
        assert!(text.contains("Time: ") && text.ends_with("\n[..]"), "{text}");
    }
}
