//! ntfy, published as JSON: <https://docs.ntfy.sh/publish/#publish-as-json>.
//!
//! A message is plain text, and one of more than 4,096 bytes would become an attachment
//! (<https://docs.ntfy.sh/publish/#limitations>). Its errors have the usual meanings
//! (<https://docs.ntfy.sh/publish/#authentication>): after 401 and 403 the token or the topic is wrong, 413 is a message
//! that is too long, and 429 that a limit of the server is reached for now.

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::net::client::Client;

use super::Page;
use super::SendError;
use super::Target;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::plain;
use super::say;

/// What ntfy takes, in bytes.
const MESSAGE_MAX: usize = 4_096;

/// How much of the title is sent: phones show far less.
const TITLE_MAX: usize = 200;

/// How much of a list of replicas is sent.
const NODES_MAX: usize = 1_000;

/// The usual priority, and the highest, of 1 to 5.
const USUAL: u8 = 3;
const HIGHEST: u8 = 5;

/// The topic.
pub(super) fn targets(config: &config::Ntfy, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("ntfy").words("/error");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Ntfy, page: &Page) -> Result<Call, SendError> {
    let call = Call::json(config.url.as_str(), &message(notice, config, page))?;
    Ok(match &config.token {
        Some(token) => call.bearer(token.reveal()),
        None => call,
    })
}

#[derive(Serialize)]
struct Published<'a> {
    topic: &'a str,
    title: String,
    message: String,
    priority: u8,
    tags: [&'static str; 1],
    click: &'a str,
}

fn message<'a>(notice: &Notice, config: &'a config::Ntfy, page: &'a Page) -> Published<'a> {
    Published {
        topic: config.topic.reveal(),
        title: fit::line(&say::title(notice, page), TITLE_MAX, fit::bytes),
        message: body(notice),
        priority: priority(notice, config.priority),
        tags: [tag(notice)],
        click: &page.url,
    }
}

fn body(notice: &Notice) -> String {
    fit::lines(&plain::whole(notice, NODES_MAX), MESSAGE_MAX, fit::bytes)
}

/// What is configured or, without that, one more than usual for what is dead; an urgent reminder goes above all.
fn priority(notice: &Notice, configured: Option<u8>) -> u8 {
    if notice.is_urgent_for(0) {
        return HIGHEST;
    }
    configured.unwrap_or(match (notice.kind, notice.status) {
        (Kind::Test, _) | (_, Status::Healthy | Status::Sick) => USUAL,
        (_, Status::Dead) => USUAL + 1,
    })
}

/// The short code that ntfy shows as a sign before the title (<https://docs.ntfy.sh/emojis/>).
fn tag(notice: &Notice) -> &'static str {
    match (notice.kind, notice.status) {
        (Kind::Test, _) => "information_source",
        (_, Status::Healthy) => "white_check_mark",
        (_, Status::Sick) => "warning",
        (_, Status::Dead) => "rotating_light",
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::enormous;
    use super::super::tests::hostile;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;
    use super::*;

    const KEYS: &str = "url = \"{url}\"\ntopic = \"s3cret\"\ntoken = \"tk_1\"";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("ntfy", KEYS, &startup()), @r#"
        POST /
        authorization: Bearer tk_1
        content-type: application/json

        {
          "click": "https://status.example.com/?a=1&b=2",
          "message": "Status started up, as: healthy.\nTime: 01:12:05 UTC+00:00",
          "priority": 3,
          "tags": [
            "white_check_mark"
          ],
          "title": "Acme & Co: started up, the page is healthy",
          "topic": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("ntfy", KEYS, &death()), @r#"
        POST /
        authorization: Bearer tk_1
        content-type: application/json

        {
          "click": "https://status.example.com/?a=1&b=2",
          "message": "Status changed to: dead.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "priority": 4,
          "tags": [
            "rotating_light"
          ],
          "title": "Acme & Co: API is dead",
          "topic": "s3cret"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("ntfy", KEYS, &sick()), @r#"
        POST /
        authorization: Bearer tk_1
        content-type: application/json

        {
          "click": "https://status.example.com/?a=1&b=2",
          "message": "Status changed to: sick.\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s",
          "priority": 3,
          "tags": [
            "warning"
          ],
          "title": "Acme & Co: API is sick",
          "topic": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("ntfy", KEYS, &reminder(Urgent::All)), @r#"
        POST /
        authorization: Bearer tk_1
        content-type: application/json

        {
          "click": "https://status.example.com/?a=1&b=2",
          "message": "Status is still: dead.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "priority": 5,
          "tags": [
            "rotating_light"
          ],
          "title": "Acme & Co: API is still dead",
          "topic": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("ntfy", KEYS, &recovery()), @r#"
        POST /
        authorization: Bearer tk_1
        content-type: application/json

        {
          "click": "https://status.example.com/?a=1&b=2",
          "message": "Status changed to: healthy.\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
          "priority": 3,
          "tags": [
            "white_check_mark"
          ],
          "title": "Acme & Co: API is healthy again",
          "topic": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("ntfy", KEYS, &test_notice()), @r#"
        POST /
        authorization: Bearer tk_1
        content-type: application/json

        {
          "click": "https://status.example.com/?a=1&b=2",
          "message": "This is a test notice, nothing has changed.\nTime: 01:12:05 UTC+00:00",
          "priority": 3,
          "tags": [
            "information_source"
          ],
          "title": "Acme & Co: test notice",
          "topic": "s3cret"
        }
        "#);
    }

    #[test]
    fn a_priority_is_the_configured_one_but_for_what_is_urgent() {
        for (notice, usual, configured) in [
            (startup(), 3, 2),
            (death(), 4, 2),
            (sick(), 3, 2),
            (recovery(), 3, 2),
            (test_notice(), 3, 2),
            (reminder(Urgent::All), 5, 5),
            (reminder(Urgent::First(1)), 5, 5),
            (reminder(Urgent::First(0)), 4, 2),
        ] {
            assert_eq!((priority(&notice, None), priority(&notice, Some(2))), (usual, configured), "{:?}", notice.kind);
        }
    }

    #[test]
    fn a_public_topic_needs_no_token() {
        let sent = wire("ntfy", "url = \"{url}\"\ntopic = \"s3cret\"", &death());
        assert!(sent.starts_with("POST /\ncontent-type: application/json\n\n"), "{sent}");
    }

    #[test]
    fn text_stays_as_it_is() {
        assert!(body(&hostile()).contains("<b>&amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ \"q\""));
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let body = body(&enormous());
        assert!(body.ends_with("\n[..]") && (3_000..=MESSAGE_MAX).contains(&body.len()), "{body}");
    }
}
