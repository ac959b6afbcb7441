//! Google Chat, by the incoming webhook of a space: <https://developers.google.com/workspace/chat/quickstart/webhooks>.
//!
//! A text has little markup (<https://developers.google.com/workspace/chat/format-messages>), and no escape is
//! documented for it: an invisible space behind what begins a link, a mention or a style takes its meaning from it. A
//! text has up to 4,096 characters, and a message up to 32,000 bytes
//! (<https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>). Errors are those of
//! all its interfaces (<https://cloud.google.com/apis/design/errors>): 429 passes
//! (<https://developers.google.com/workspace/chat/limits>).

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
use super::fit;
use super::plain;
use super::say;
use super::text;

/// What Google Chat takes, in characters; of four bytes each it would still be far below the limit in bytes.
const TEXT_MAX: usize = 4_096;

/// How much of the title and of a list of replicas is sent.
const TITLE_MAX: usize = 200;
const NODES_MAX: usize = 600;

/// The space of the webhook.
pub(super) fn targets(config: &config::GoogleChat, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Google Chat").words("/error/message");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::GoogleChat, page: &Page) -> Result<Call, SendError> {
    Call::hook(&config.webhook_url, &Message { text: written(notice, page) })
}

#[derive(Serialize)]
struct Message {
    text: String,
}

fn written(notice: &Notice, page: &Page) -> String {
    let title = fit::line(&say::title(notice, page), TITLE_MAX, fit::utf16);
    let mut lines = vec![format!("*{}*", escape(&title)), say::sentence(notice, "*")];
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {}", escape(&dead)));
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.push(format!("Page: {}", page.url));
    lines.extend(plain::changes(notice, escape));
    fit::lines(&lines, TEXT_MAX, fit::utf16)
}

/// A space without width behind each sign that begins markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        escaped.push(one);
        if matches!(one, '<' | '*' | '_' | '~' | '`') {
            escaped.push('\u{200b}');
        }
    }
    escaped
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

    const KEYS: &str = "webhook_url = \"{url}v1/spaces/A/messages?key=k&token=s3cret\"";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("google_chat", KEYS, &startup()), @r#"
        POST /v1/spaces/A/messages?key=k&token=s3cret
        content-type: application/json

        {
          "text": "*Acme & Co: started up, the page is healthy*\nStatus started up, as: *healthy*.\nTime: 01:12:05 UTC+00:00\nPage: https://status.example.com/?a=1&b=2"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("google_chat", KEYS, &death()), @r#"
        POST /v1/spaces/A/messages?key=k&token=s3cret
        content-type: application/json

        {
          "text": "*Acme & Co: API is dead*\nStatus changed to: *dead*.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\nPage: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("google_chat", KEYS, &sick()), @r#"
        POST /v1/spaces/A/messages?key=k&token=s3cret
        content-type: application/json

        {
          "text": "*Acme & Co: API is sick*\nStatus changed to: *sick*.\nTime: 01:12:05 UTC+00:00\nPage: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("google_chat", KEYS, &reminder(Urgent::All)), @r#"
        POST /v1/spaces/A/messages?key=k&token=s3cret
        content-type: application/json

        {
          "text": "*Acme & Co: API is still dead*\nStatus is still: *dead*.\nNodes: web:api:tcp://10.0.0.1:80\nTime: 01:12:05 UTC+00:00\nPage: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("google_chat", KEYS, &recovery()), @r#"
        POST /v1/spaces/A/messages?key=k&token=s3cret
        content-type: application/json

        {
          "text": "*Acme & Co: API is healthy again*\nStatus changed to: *healthy*.\nTime: 01:12:05 UTC+00:00\nPage: https://status.example.com/?a=1&b=2\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s"
        }
        "#);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("google_chat", KEYS, &test_notice()), @r#"
        POST /v1/spaces/A/messages?key=k&token=s3cret
        content-type: application/json

        {
          "text": "*Acme & Co: test notice*\nThis is a test notice, nothing has changed.\nTime: 01:12:05 UTC+00:00\nPage: https://status.example.com/?a=1&b=2"
        }
        "#);
    }

    #[test]
    fn markup_loses_its_meaning() {
        assert_eq!(
            escape("<users/all> *a* _b_ ~c~ `d`"),
            "<\u{200b}users/all> *\u{200b}a*\u{200b} _\u{200b}b_\u{200b} ~\u{200b}c~\u{200b} `\u{200b}d`\u{200b}"
        );
        let text = written(&hostile(), &Page { title: "<users/all>".to_owned(), url: "https://a/".to_owned() });
        assert!(!text.contains("<users") && !text.contains("<b>") && !text.contains("<a"), "{text}");
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let page = Page { title: "x".repeat(1_000), url: "https://status.example.com/".to_owned() };
        let text = written(&enormous(), &page);
        assert!(text.ends_with("\n[..]"), "{text}");
        assert!((3_000..=TEXT_MAX).contains(&fit::utf16(&text)) && text.len() < 32_000);
    }
}
