//! Telegram, as a bot: <https://core.telegram.org/bots/api#sendmessage>.
//!
//! The lines are those that people know; they are sent as HTML, of which everything can be escaped, rather than as
//! `markdown`, of which it cannot. What its errors mean: <https://core.telegram.org/bots/api#making-requests>. The wait
//! after too many messages stands in `parameters.retry_after`
//! (<https://core.telegram.org/bots/api#responseparameters>).

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::net::client::Client;

use super::Page;
use super::SendError;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::markup::html;
use super::plain;
use super::text;

/// What Telegram takes, in code units of UTF-16 after its markup is read; ours are counted before.
const TEXT_MAX: usize = 4_096;

/// How much of it the list of replicas may take.
const NODES_MAX: usize = 1_500;

/// The one target.
pub(super) fn targets(config: &config::Telegram, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Telegram").words("/description").seconds("/parameters/retry_after");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Telegram, page: &Page) -> Result<Call, SendError> {
    let bot = format!("bot{}", config.bot_token.reveal());
    let mut message = json!({
        "chat_id": chat(&config.chat_id),
        "text": message(notice, page),
        "parse_mode": "HTML",
        "disable_web_page_preview": true,
    });
    if let Some(thread) = config.message_thread_id {
        message["message_thread_id"] = thread.into();
    }
    Call::json(call::below(&config.api_url, &[&bot, "sendMessage"]), &message)
}

/// A positive number, or the text of anything else: the number of a group, which is negative, or the name of a channel.
fn chat(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
}

fn message(notice: &Notice, page: &Page) -> String {
    let mut lines = Vec::new();
    if notice.kind == Kind::Test {
        lines.push(plain::TEST.to_owned());
    } else {
        let status = notice.status.word().to_uppercase();
        lines.push(format!("{} {}: <b>{status}</b>.", plain::icon(notice.status), text::heading(notice)));
        let nodes = notice.dead.iter().map(|key| format!("- <code>{}</code>: dead", html(&key.to_string())));
        let (nodes, more) = plain::within(nodes, NODES_MAX, fit::utf16);
        lines.extend(nodes);
        if more + notice.more_dead > 0 {
            lines.push(format!("- and {} more", more + notice.more_dead));
        }
    }
    lines.push(format!("Link: {}", html(&page.url)));
    lines.extend(plain::changes(notice, html));
    fit::lines(&lines, TEXT_MAX, fit::utf16)
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
    use crate::model::fixture::secs;

    use super::*;

    const KEYS: &str = "bot_token = \"123:token\"\nchat_id = \"-1001234\"\napi_url = \"{url}\"";

    fn told(notice: &Notice) -> String {
        wire("telegram", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "✅ Status started up, as: <b>HEALTHY</b>.\nLink: https://status.example.com/?a=1&amp;b=2"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "❌ Status changed to: <b>DEAD</b>.\n- <code>web:api:tcp://10.0.0.1:80</code>: dead\nLink: https://status.example.com/?a=1&amp;b=2\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "⚠ Status changed to: <b>SICK</b>.\nLink: https://status.example.com/?a=1&amp;b=2\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "❌ Status is still: <b>DEAD</b>.\n- <code>web:api:tcp://10.0.0.1:80</code>: dead\nLink: https://status.example.com/?a=1&amp;b=2\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "✅ Status changed to: <b>HEALTHY</b>.\nLink: https://status.example.com/?a=1&amp;b=2\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s"
        }
        "#);
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "This is a test notice, nothing has changed.\nLink: https://status.example.com/?a=1&amp;b=2"
        }
        "#);
    }

    #[test]
    fn what_is_hostile_is_escaped() {
        insta::assert_snapshot!(told(&hostile()), @r#"
        POST /bot123:token/sendMessage
        content-type: application/json

        {
          "chat_id": "-1001234",
          "disable_web_page_preview": true,
          "parse_mode": "HTML",
          "text": "❌ Status changed to: <b>DEAD</b>.\n- <code>web:api:&lt;/code&gt;&lt;a href=&quot;x&quot;&gt;*`_@**all**&amp;</code>: dead\nLink: https://status.example.com/?a=1&amp;b=2\n\n- Web, &lt;b&gt;&amp;amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ &quot;q&quot; (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn no_more_is_sent_than_is_taken() {
        let text = message(&enormous(), &page());
        assert!(fit::utf16(&text) <= 4_096, "{text}");
        assert!(text.contains("\nLink: ") && text.ends_with("\n[..]"), "{text}");
    }

    #[test]
    fn it_says_itself_why_and_how_long_to_wait() {
        let busy = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
        let error = failure("telegram", KEYS, Reply::Status(429, busy));
        assert_eq!(error.retry_after, Some(secs(7)));
        assert!(!error.permanent);
        let wrong = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
        let error = failure("telegram", KEYS, Reply::Status(400, wrong));
        assert_eq!(error.what, "Telegram answered HTTP 400: Bad Request: chat not found");
        assert!(error.permanent);
    }

    #[test]
    fn a_wait_that_makes_no_sense_is_not_kept() {
        for (wait, wanted) in [("-1", None), ("1e300", None), ("\"7\"", None), ("1e9", Some(secs(86_400)))] {
            let body = format!("{{\"parameters\":{{\"retry_after\":{wait}}}}}");
            assert_eq!(failure("telegram", KEYS, Reply::Status(429, body.leak())).retry_after, wanted, "{wait}");
        }
    }

    #[test]
    fn chats_and_topics_are_numbers_or_texts() {
        for (keys, wanted) in [
            ("chat_id = \"42\"", "\"chat_id\": 42,"),
            ("chat_id = 42", "\"chat_id\": 42,"),
            ("chat_id = -100", "\"chat_id\": \"-100\","),
            ("chat_id = \"@ops\"", "\"chat_id\": \"@ops\","),
            ("chat_id = \"1\"\nmessage_thread_id = 7", "\"message_thread_id\": 7,"),
            ("chat_id = \"1\"\nmessage_thread_id = \"7\"", "\"message_thread_id\": 7,"),
        ] {
            let told = wire("telegram", &format!("bot_token = \"1:t\"\napi_url = \"{{url}}\"\n{keys}"), &death());
            assert!(told.contains(wanted), "{told}");
        }
    }
}
