//! Mattermost, by an incoming webhook: <https://developers.mattermost.com/integrate/webhooks/incoming/>.
//!
//! Its messages are those of Slack, with Markdown in place of Slack's own markup, in which one star is not bold
//! (<https://developers.mattermost.com/integrate/slash-commands/slack/>): both are escaped. A mention cannot be escaped,
//! so an invisible space follows each `@`. A post has up to 16,383 characters
//! (<https://docs.mattermost.com/messaging-collaboration/format-messages.html>). Errors are those of its API
//! (<https://api.mattermost.com/#tag/errors>).

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
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
use super::say::Color;
use super::slack;
use super::slack::Dialect;

/// How much of the text without markup is sent, which only notifications of old devices show.
const FALLBACK_MAX: usize = 1_000;

/// Markdown, with what Mattermost still understands of Slack's.
static MARKDOWN: Dialect = Dialect { bold: "**", mention: "@channel ", escape, link: plain::as_it_is, color };

/// The channel.
pub(super) fn targets(config: &config::Mattermost, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Mattermost").words("/message");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Mattermost, page: &Page) -> Result<Call, SendError> {
    Call::hook(&config.hook_url, &message(notice, config, page))
}

#[derive(Serialize)]
struct Post<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(flatten)]
    message: slack::Message,
}

fn message<'a>(notice: &Notice, config: &'a config::Mattermost, page: &Page) -> Post<'a> {
    let mut message = slack::message(notice, page, &MARKDOWN, config.mention_channel);
    let mut lines = vec![say::sentence(notice, "")];
    lines.extend(plain::changes(notice, plain::as_it_is));
    message.attachments[0].fallback = fit::lines(&lines, FALLBACK_MAX, fit::characters);
    Post { channel: config.channel.as_deref(), username: config.username.as_deref(), message }
}

/// Slack's characters as they are there, and a backslash before those of Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in slack::escape(text).chars() {
        if matches!(one, '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '#' | ':') {
            escaped.push('\\');
        }
        escaped.push(one);
        if one == '@' {
            escaped.push('\u{200b}');
        }
    }
    escaped
}

/// Attachments have colours by number.
fn color(status: Status) -> String {
    Color::of(status).to_string()
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

    const KEYS: &str =
        "hook_url = \"{url}hooks/s3cret\"\nchannel = \"ops\"\nusername = \"Acme\"\nmention_channel = true";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &startup()), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#0b7a29",
              "fallback": "Status started up, as: healthy.",
              "fields": [
                {
                  "short": true,
                  "title": "Status",
                  "value": "Healthy"
                },
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "channel": "ops",
          "text": "@channel Status started up, as: **healthy**.",
          "username": "Acme"
        }
        "##);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &death()), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#c01515",
              "fallback": "Status changed to: dead.\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "fields": [
                {
                  "short": false,
                  "title": "Nodes",
                  "value": "web\\:api\\:tcp\\://10.0.0.1\\:80"
                },
                {
                  "short": true,
                  "title": "Status",
                  "value": "Dead"
                },
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "channel": "ops",
          "text": "@channel Status changed to: **dead**. Nodes: **web\\:api\\:tcp\\://10.0.0.1\\:80**.\n• Web, API (web\\:api) is dead since 24 Nov 2026, 01\\:12\\:02 UTC\\: connection refused (tcp\\://10.0.0.1\\:80)",
          "username": "Acme"
        }
        "##);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &sick()), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#a85a00",
              "fallback": "Status changed to: sick.\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s",
              "fields": [
                {
                  "short": true,
                  "title": "Status",
                  "value": "Sick"
                },
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "channel": "ops",
          "text": "@channel Status changed to: **sick**.\n• Web, API (web\\:api) is sick since 24 Nov 2026, 01\\:12\\:02 UTC\\: slow, answered after 12 s\n    ◦ a is sick\\: slow, answered after 12 s\n    ◦ b is sick\\: slow, answered after 12 s",
          "username": "Acme"
        }
        "##);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &reminder(Urgent::All)), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#c01515",
              "fallback": "Status is still: dead.\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "fields": [
                {
                  "short": false,
                  "title": "Nodes",
                  "value": "web\\:api\\:tcp\\://10.0.0.1\\:80"
                },
                {
                  "short": true,
                  "title": "Status",
                  "value": "Dead"
                },
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "channel": "ops",
          "text": "@channel Status is still: **dead**. Nodes: **web\\:api\\:tcp\\://10.0.0.1\\:80**.\n• Web, API (web\\:api) is still dead, since 24 Nov 2026, 01\\:12\\:02 UTC\\: connection refused (tcp\\://10.0.0.1\\:80)",
          "username": "Acme"
        }
        "##);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &recovery()), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#0b7a29",
              "fallback": "Status changed to: healthy.\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
              "fields": [
                {
                  "short": true,
                  "title": "Status",
                  "value": "Healthy"
                },
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "channel": "ops",
          "text": "@channel Status changed to: **healthy**.\n• Web, API (web\\:api) is healthy again, it was dead for 7 min 12 s",
          "username": "Acme"
        }
        "##);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &test_notice()), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#1957c2",
              "fallback": "This is a test notice, nothing has changed.",
              "fields": [
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "channel": "ops",
          "text": "This is a test notice, nothing has changed.",
          "username": "Acme"
        }
        "##);
    }

    #[test]
    fn markup_is_escaped_and_nobody_is_mentioned() {
        let sent = wire("mattermost", "hook_url = \"{url}hooks/s3cret\"", &hostile());
        insta::assert_snapshot!(sent.replace('\u{200b}', "[invisible]"), @r##"
        POST /hooks/s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "color": "#c01515",
              "fallback": "Status changed to: dead.\n\n- Web, <b>&amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ \"q\" (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "fields": [
                {
                  "short": false,
                  "title": "Nodes",
                  "value": "web\\:api\\:&lt;/code&gt;&lt;a href=\"x\"&gt;\\*\\`\\_@[invisible]\\*\\*all\\*\\*&amp;"
                },
                {
                  "short": true,
                  "title": "Status",
                  "value": "Dead"
                },
                {
                  "short": true,
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00"
                },
                {
                  "short": false,
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&b=2"
                }
              ]
            }
          ],
          "text": "Status changed to: **dead**. Nodes: **web\\:api\\:&lt;/code&gt;&lt;a href=\"x\"&gt;\\*\\`\\_@[invisible]\\*\\*all\\*\\*&amp;**.\n• Web, &lt;b&gt;&amp;amp; \\*x\\* \\_y\\_ \\`z\\` @[invisible]\\*\\*all\\*\\* \\[a\\](http\\://b) \\~\\~c\\~\\~ \"q\" (web\\:api) is dead since 24 Nov 2026, 01\\:12\\:02 UTC\\: connection refused (tcp\\://10.0.0.1\\:80)"
        }
        "##);
        assert_eq!(escape("@channel <!channel> a_b"), "@\u{200b}channel &lt;!channel&gt; a\\_b");
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let sent = wire("mattermost", KEYS, &enormous());
        assert!(sent.contains("\\n[..]\""), "{sent}");
        assert!(sent.len() < 16_383, "{}", sent.len());
    }
}
