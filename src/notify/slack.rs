//! Slack, by an incoming webhook: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
//!
//! The text and the attachment's first fields keep the shape that those who parse such messages know; what changed is
//! told in lines and a field of our own.

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Notice;
use crate::model::status::Status;
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
use super::say::Color;
use super::text;

/// How much of a text is sent: Slack cuts a message at 40,000 characters and shows far fewer.
const TEXT_MAX: usize = 8_000;

/// How much of a list of replicas is sent: people do not read more, and it is sent three times.
const NODES_MAX: usize = 1_000;

/// The channel of the webhook. Its answers are plain text, of which the status says enough.
pub(super) fn targets(config: &config::Slack, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    vec![Target::only(Calling::new(client, Answers::of("the hook"), move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Slack, page: &Page) -> Result<Call, SendError> {
    Call::hook(&config.hook_url, &message(notice, page, &MRKDWN, config.mention_channel))
}

/// How those who take Slack's messages differ.
pub(super) struct Dialect {
    /// What stands around bold text.
    pub(super) bold: &'static str,
    /// What mentions everyone in the channel.
    pub(super) mention: &'static str,
    /// How text of others gets into theirs.
    pub(super) escape: fn(&str) -> String,
    /// How the address of the page does.
    pub(super) link: fn(&str) -> String,
    /// The colour of a status.
    pub(super) color: fn(Status) -> String,
}

/// Slack's own: `mrkdwn`.
static MRKDWN: Dialect = Dialect { bold: "*", mention: "<!channel> ", escape, link: escape, color };

#[derive(Serialize)]
pub(super) struct Message {
    text: String,
    pub(super) attachments: [Attachment; 1],
}

#[derive(Serialize)]
pub(super) struct Attachment {
    pub(super) fallback: String,
    color: String,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    title: &'static str,
    value: String,
    short: bool,
}

/// The message, as one that speaks `dialect` reads it.
pub(super) fn message(notice: &Notice, page: &Page, dialect: &Dialect, mention_channel: bool) -> Message {
    if notice.is_test() {
        return test_message(notice, page, dialect);
    }
    let dead = (dialect.escape)(&text::dead(notice, NODES_MAX));
    let (heading, bold) = (text::heading(notice), dialect.bold);
    let nodes = if dead.is_empty() { String::new() } else { format!(" Nodes: {bold}{dead}{bold}.") };
    let mut summary = format!("{heading}: {bold}{}{bold}.{nodes}", notice.status);
    let changes = fit::lines(&changes(notice, dialect.escape), TEXT_MAX, fit::bytes);
    if !changes.is_empty() {
        summary.push('\n');
        summary.push_str(&changes);
    }
    let mention = if mention_channel { dialect.mention } else { "" };
    let mut fields = Vec::new();
    if !dead.is_empty() {
        fields.push(field("Nodes", &dead, false));
    }
    fields.push(field("Status", text::capital(notice.status), true));
    fields.extend(time_and_page(notice, page, dialect));
    Message {
        text: format!("{mention}{summary}"),
        attachments: [Attachment { fallback: summary, color: (dialect.color)(notice.status), fields }],
    }
}

/// A test says nothing of any status, and calls nobody.
fn test_message(notice: &Notice, page: &Page, dialect: &Dialect) -> Message {
    let text = plain::TEST.to_owned();
    let fields = time_and_page(notice, page, dialect).into();
    let attachment = Attachment { fallback: text.clone(), color: Color::TEST.to_string(), fields };
    Message { text, attachments: [attachment] }
}

fn time_and_page(notice: &Notice, page: &Page, dialect: &Dialect) -> [Field; 2] {
    [field("Time", &words::time(notice.at), true), field("Monitor Page", &(dialect.link)(&page.url), false)]
}

fn field(title: &'static str, value: &str, short: bool) -> Field {
    Field { title, value: value.to_owned(), short }
}

/// A line for each node that changed, and one for each of its replicas where that says more.
fn changes(notice: &Notice, escape: fn(&str) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for story in text::stories(notice, text::STORIES_MAX) {
        lines.push(format!("• {}", escape(&story.head)));
        lines.extend(story.details.iter().map(|detail| format!("    ◦ {}", escape(detail))));
    }
    lines
}

/// The names that Slack has for green, yellow and red.
fn color(status: Status) -> String {
    match status {
        Status::Healthy => "good",
        Status::Sick => "warning",
        Status::Dead => "danger",
    }
    .to_owned()
}

/// The three characters that Slack's text format reserves.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::affected;
    use crate::model::fixture::change;
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Change;

    use super::*;

    fn page() -> Page {
        Page { title: "Status".to_owned(), url: "https://status.example.com/?a=1&b=2".to_owned() }
    }

    /// The document, as it goes over the wire but for its white space.
    fn json(notice: &Notice) -> String {
        serde_json::to_string_pretty(&message(notice, &page(), &MRKDWN, false)).unwrap()
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(json(&death()), @r#"
        {
          "text": "Status changed to: *dead*. Nodes: *web:api:tcp://10.0.0.1:80*.\n• Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "attachments": [
            {
              "fallback": "Status changed to: *dead*. Nodes: *web:api:tcp://10.0.0.1:80*.\n• Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "color": "danger",
              "fields": [
                {
                  "title": "Nodes",
                  "value": "web:api:tcp://10.0.0.1:80",
                  "short": false
                },
                {
                  "title": "Status",
                  "value": "Dead",
                  "short": true
                },
                {
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00",
                  "short": true
                },
                {
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&amp;b=2",
                  "short": false
                }
              ]
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_second_death_while_the_page_is_dead() {
        let mut notice = death();
        notice.changed = false;
        notice.changes[0].label = "Site".into();
        insta::assert_snapshot!(json(&notice), @r#"
        {
          "text": "Status is still: *dead*. Nodes: *web:api:tcp://10.0.0.1:80*.\n• Web, Site (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
          "attachments": [
            {
              "fallback": "Status is still: *dead*. Nodes: *web:api:tcp://10.0.0.1:80*.\n• Web, Site (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
              "color": "danger",
              "fields": [
                {
                  "title": "Nodes",
                  "value": "web:api:tcp://10.0.0.1:80",
                  "short": false
                },
                {
                  "title": "Status",
                  "value": "Dead",
                  "short": true
                },
                {
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00",
                  "short": true
                },
                {
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&amp;b=2",
                  "short": false
                }
              ]
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(json(&recovery()), @r#"
        {
          "text": "Status changed to: *healthy*.\n• Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
          "attachments": [
            {
              "fallback": "Status changed to: *healthy*.\n• Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
              "color": "good",
              "fields": [
                {
                  "title": "Status",
                  "value": "Healthy",
                  "short": true
                },
                {
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00",
                  "short": true
                },
                {
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&amp;b=2",
                  "short": false
                }
              ]
            }
          ]
        }
        "#);
    }

    #[test]
    fn something_sick() {
        let affected = vec![affected("a", Status::Sick), affected("b", Status::Sick)];
        let changes = vec![Change { to: Some(Status::Sick), affected, ..change() }];
        insta::assert_snapshot!(json(&Notice { status: Status::Sick, dead: Vec::new(), changes, ..death() }), @r#"
        {
          "text": "Status changed to: *sick*.\n• Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n    ◦ a is sick: slow, answered after 12 s\n    ◦ b is sick: slow, answered after 12 s",
          "attachments": [
            {
              "fallback": "Status changed to: *sick*.\n• Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n    ◦ a is sick: slow, answered after 12 s\n    ◦ b is sick: slow, answered after 12 s",
              "color": "warning",
              "fields": [
                {
                  "title": "Status",
                  "value": "Sick",
                  "short": true
                },
                {
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00",
                  "short": true
                },
                {
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&amp;b=2",
                  "short": false
                }
              ]
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(json(&test_notice()), @r##"
        {
          "text": "This is a test notice, nothing has changed.",
          "attachments": [
            {
              "fallback": "This is a test notice, nothing has changed.",
              "color": "#1957c2",
              "fields": [
                {
                  "title": "Time",
                  "value": "01:12:05 UTC+00:00",
                  "short": true
                },
                {
                  "title": "Monitor Page",
                  "value": "https://status.example.com/?a=1&amp;b=2",
                  "short": false
                }
              ]
            }
          ]
        }
        "##);
    }

    #[test]
    fn the_channel_is_mentioned_in_the_text_only() {
        let message = message(&death(), &page(), &MRKDWN, true);
        assert_eq!(message.text.strip_prefix("<!channel> "), Some(message.attachments[0].fallback.as_str()));
    }

    #[test]
    fn what_slack_reserves_is_escaped_in_labels_and_names() {
        let mut notice = death();
        notice.changes[0].label = "<!channel> & co".into();
        notice.dead[0] = affected("<b>&", Status::Dead).key;
        let message = message(&notice, &page(), &MRKDWN, false);
        assert!(message.text.starts_with("Status changed to: *dead*. Nodes: *web:api:&lt;b&gt;&amp;*.\n"));
        assert!(message.text.contains("• Web, &lt;!channel&gt; &amp; co (web:api) is dead"));
        assert_eq!(message.attachments[0].fields[0].value, "web:api:&lt;b&gt;&amp;");
        assert!(!serde_json::to_string(&message).unwrap().contains("<!channel>"));
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let changes = vec![Change { label: "x".repeat(100).into(), ..death().changes.remove(0) }; 500];
        let notice = Notice { dead: vec![affected(&"y".repeat(2_000), Status::Dead).key; 50], changes, ..death() };
        let message = message(&notice, &page(), &MRKDWN, false);
        assert!(message.text.ends_with("(tcp://10.0.0.1:80)\n[..]"), "{}", message.text);
        // Slack takes 40,000 characters.
        assert!(serde_json::to_string(&message).unwrap().len() < 40_000);
    }
}
