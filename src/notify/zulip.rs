//! Zulip, as a bot: <https://zulip.com/api/send-message>.
//!
//! The first lines are those that people and their filters know; what changed follows as a list. Markdown is escaped by
//! character references (see [`markup::zulip`]). What its errors mean: <https://zulip.com/api/rest-error-handling>. A
//! rate limit tells its wait in `retry-after` of the JSON, as a fraction.

use std::sync::Arc;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::markup;
use super::plain;
use super::text;

/// What Zulip takes, in characters (`max_message_length` of <https://zulip.com/api/register-queue>).
const TEXT_MAX: usize = 10_000;

/// How much of a list of replicas is sent, before it is escaped.
const NODES_MAX: usize = 1_000;

/// The topic of all notices.
const TOPIC: &str = "Vigil status";

/// The one target.
pub(super) fn targets(config: &config::Zulip, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Zulip").words("/msg").seconds("/retry-after");
    vec![Target::only(Calling::new(client, answers, move |notice| Ok(request(notice, &config, &page))))]
}

fn request(notice: &Notice, config: &config::Zulip, page: &Page) -> Call {
    let content = content(notice, page);
    let form = [("type", "stream"), ("to", &config.channel), ("topic", TOPIC), ("content", &content)];
    let url = call::below(&config.api_url, &["messages"]);
    Call::form(url, &form).basic(&config.bot_email, config.bot_api_key.reveal())
}

fn content(notice: &Notice, page: &Page) -> String {
    let mut lines = Vec::new();
    if notice.kind == Kind::Test {
        lines.push(plain::TEST.to_owned());
    } else {
        lines.push(format!("{}:  *{}* {}.", text::heading(notice), notice.status, emoji(notice.status)));
        let dead = text::dead(notice, NODES_MAX);
        if !dead.is_empty() {
            lines.push(format!(" **Nodes**: *{}*.", markup::zulip(&dead)));
        }
        lines.push(format!(" **Status**: {}", text::capital(notice.status)));
    }
    lines.push(format!(" **Time**: {}", words::time(notice.at)));
    lines.push(format!(" **Page**: {}", page.url));
    lines.extend(plain::changes(notice, markup::zulip));
    fit::lines(&lines, TEXT_MAX, fit::characters)
}

fn emoji(status: Status) -> &'static str {
    match status {
        Status::Healthy => ":check_mark:",
        Status::Sick => ":sick:",
        Status::Dead => ":boom:",
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::endpoint::Reply;
    use super::super::tests::endpoint::page;
    use super::super::tests::enormous;
    use super::super::tests::failure;
    use super::super::tests::hostile;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;
    use std::time::Duration;

    use super::*;

    const KEYS: &str = "bot_email = \"vigil-bot@example.com\"\nbot_api_key = \"key\"\nchannel = \"ops & co\"\napi_url = \"{url}api/v1/\"";

    fn told(notice: &Notice) -> String {
        wire("zulip", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=Status started up, as:  *healthy* :check_mark:.
         **Status**: Healthy
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2
        ");
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=Status changed to:  *dead* :boom:.
         **Nodes**: *web:api:tcp://10.0.0.1:80*.
         **Status**: Dead
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2

        - Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        ");
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=Status changed to:  *sick* :sick:.
         **Status**: Sick
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2

        - Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s
          - a is sick: slow, answered after 12 s
          - b is sick: slow, answered after 12 s
        ");
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=Status is still:  *dead* :boom:.
         **Nodes**: *web:api:tcp://10.0.0.1:80*.
         **Status**: Dead
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2

        - Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        ");
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=Status changed to:  *healthy* :check_mark:.
         **Status**: Healthy
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2

        - Web, API (web:api) is healthy again, it was dead for 7 min 12 s
        ");
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=This is a test notice, nothing has changed.
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2
        ");
    }

    #[test]
    fn what_is_hostile_is_escaped() {
        insta::assert_snapshot!(told(&hostile()), @r#"
        POST /api/v1/messages
        authorization: Basic dmlnaWwtYm90QGV4YW1wbGUuY29tOmtleQ==
        content-type: application/x-www-form-urlencoded

        type=stream
        to=ops & co
        topic=Vigil status
        content=Status changed to:  *dead* :boom:.
         **Nodes**: *web:api:&#60;/code&#62;&#60;a href="x"&#62;&#42;&#96;_&#64;&#42;&#42;all&#42;&#42;&*.
         **Status**: Dead
         **Time**: 01:12:05 UTC+00:00
         **Page**: https://status.example.com/?a=1&b=2

        - Web, &#60;b&#62;&#38;amp; &#42;x&#42; _y_ &#96;z&#96; &#64;&#42;&#42;all&#42;&#42; &#91;a&#93;(http://b) &#126;&#126;c&#126;&#126; "q" (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        "#);
    }

    #[test]
    fn no_more_is_sent_than_is_taken() {
        let text = content(&enormous(), &page());
        assert!(fit::characters(&text) <= 10_000, "{text}");
        assert!(text.contains("**Page**: ") && text.ends_with("\n[..]"), "{text}");
    }

    #[test]
    fn it_says_itself_why_and_how_long_to_wait() {
        let busy =
            r#"{"code":"RATE_LIMIT_HIT","msg":"API usage exceeded rate limit","result":"error","retry-after":28.5}"#;
        let error = failure("zulip", KEYS, Reply::Status(429, busy));
        assert_eq!(error.retry_after, Some(Duration::from_millis(28_500)));
        assert_eq!(error.what, "Zulip answered HTTP 429: API usage exceeded rate limit");
    }

    #[test]
    fn the_api_is_found_with_a_slash_and_without() {
        let keys = KEYS.replace("api/v1/", "api/v1");
        assert!(wire("zulip", &keys, &death()).starts_with("POST /api/v1/messages\n"));
    }
}
