//! Microsoft Teams, by the webhook of a workflow ("Post to a channel when a webhook request is received"), which takes
//! an Adaptive Card: <https://learn.microsoft.com/en-us/connectors/teams/#request-body-schema>.
//!
//! All text is in runs, which have no Markdown (<https://adaptivecards.io/explorer/TextRun.html>), so that nothing needs
//! to be escaped. A message of more than about 28 KB is refused by 413
//! (<https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions>); the flow accepts
//! with 202, and what its other statuses mean is what HTTP says
//! (<https://learn.microsoft.com/en-us/azure/connectors/connectors-native-reqres>).

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::model::notice::Kind;
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
use super::say;
use super::text;

/// How much of the changes is sent, in bytes of the card. 28 KB are meant as the other side counts, which by some
/// accounts is in UTF-16: half of it is safe, and more than people read.
const CHANGES_MAX: usize = 12_000;

/// How much of the title and of a list of replicas is sent.
const TITLE_MAX: usize = 200;
const NODES_MAX: usize = 600;

/// The channel or chat of the workflow.
pub(super) fn targets(config: &config::Teams, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Teams").words("/error/message");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Teams, page: &Page) -> Result<Call, SendError> {
    Call::json(config.webhook_url.reveal(), &message(notice, page))
}

fn message(notice: &Notice, page: &Page) -> Value {
    let title = fit::line(&say::title(notice, page), TITLE_MAX, fit::utf16);
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": title,
                "msteams": { "width": "Full" },
                "body": body(notice, &title),
                "actions": [{ "type": "Action.OpenUrl", "title": "Open the status page", "url": page.url }],
            },
        }],
    })
}

fn body(notice: &Notice, title: &str) -> Vec<Value> {
    let head = json!({
        "type": "TextRun", "text": title, "size": "Large", "weight": "Bolder", "color": color(notice),
    });
    let mut body = vec![json!({ "type": "RichTextBlock", "inlines": [head] })];
    body.push(line(&say::sentence(notice, "")));
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        body.push(line(&format!("Nodes: {dead}")));
    }
    let mut used = 0;
    for change in plain::changes(notice, plain::as_it_is).iter().filter(|line| !line.is_empty()) {
        let block = line(change);
        used += block.to_string().len();
        if used > CHANGES_MAX {
            body.push(line("[..]"));
            break;
        }
        body.push(block);
    }
    body.push(line(&format!("Time: {}", words::time(notice.at))));
    body
}

fn line(text: &str) -> Value {
    json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": text }] })
}

/// The names that cards have for green, yellow, red and blue.
fn color(notice: &Notice) -> &'static str {
    match (notice.kind, notice.status) {
        (Kind::Test, _) => "Accent",
        (_, Status::Healthy) => "Good",
        (_, Status::Sick) => "Warning",
        (_, Status::Dead) => "Attention",
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

    const KEYS: &str = "webhook_url = \"{url}workflows/1/triggers/manual/paths/invoke?sig=s3cret\"";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("teams", KEYS, &startup()), @r#"
        POST /workflows/1/triggers/manual/paths/invoke?sig=s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Open the status page",
                    "type": "Action.OpenUrl",
                    "url": "https://status.example.com/?a=1&b=2"
                  }
                ],
                "body": [
                  {
                    "inlines": [
                      {
                        "color": "Good",
                        "size": "Large",
                        "text": "Acme & Co: started up, healthy",
                        "type": "TextRun",
                        "weight": "Bolder"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Status started up, as: healthy.",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Time: 01:12:05 UTC+00:00",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  }
                ],
                "fallbackText": "Acme & Co: started up, healthy",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("teams", KEYS, &death()), @r#"
        POST /workflows/1/triggers/manual/paths/invoke?sig=s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Open the status page",
                    "type": "Action.OpenUrl",
                    "url": "https://status.example.com/?a=1&b=2"
                  }
                ],
                "body": [
                  {
                    "inlines": [
                      {
                        "color": "Attention",
                        "size": "Large",
                        "text": "Acme & Co: API is dead",
                        "type": "TextRun",
                        "weight": "Bolder"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Status changed to: dead.",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Nodes: web:api:tcp://10.0.0.1:80",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Time: 01:12:05 UTC+00:00",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  }
                ],
                "fallbackText": "Acme & Co: API is dead",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("teams", KEYS, &sick()), @r#"
        POST /workflows/1/triggers/manual/paths/invoke?sig=s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Open the status page",
                    "type": "Action.OpenUrl",
                    "url": "https://status.example.com/?a=1&b=2"
                  }
                ],
                "body": [
                  {
                    "inlines": [
                      {
                        "color": "Warning",
                        "size": "Large",
                        "text": "Acme & Co: API is sick",
                        "type": "TextRun",
                        "weight": "Bolder"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Status changed to: sick.",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "  - a is sick: slow, answered after 12 s",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "  - b is sick: slow, answered after 12 s",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Time: 01:12:05 UTC+00:00",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  }
                ],
                "fallbackText": "Acme & Co: API is sick",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("teams", KEYS, &reminder(Urgent::All)), @r#"
        POST /workflows/1/triggers/manual/paths/invoke?sig=s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Open the status page",
                    "type": "Action.OpenUrl",
                    "url": "https://status.example.com/?a=1&b=2"
                  }
                ],
                "body": [
                  {
                    "inlines": [
                      {
                        "color": "Attention",
                        "size": "Large",
                        "text": "Acme & Co: still dead",
                        "type": "TextRun",
                        "weight": "Bolder"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Status is still: dead.",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Nodes: web:api:tcp://10.0.0.1:80",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Time: 01:12:05 UTC+00:00",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  }
                ],
                "fallbackText": "Acme & Co: still dead",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("teams", KEYS, &recovery()), @r#"
        POST /workflows/1/triggers/manual/paths/invoke?sig=s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Open the status page",
                    "type": "Action.OpenUrl",
                    "url": "https://status.example.com/?a=1&b=2"
                  }
                ],
                "body": [
                  {
                    "inlines": [
                      {
                        "color": "Good",
                        "size": "Large",
                        "text": "Acme & Co: API is healthy again",
                        "type": "TextRun",
                        "weight": "Bolder"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Status changed to: healthy.",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "- Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Time: 01:12:05 UTC+00:00",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  }
                ],
                "fallbackText": "Acme & Co: API is healthy again",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
        "#);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("teams", KEYS, &test_notice()), @r#"
        POST /workflows/1/triggers/manual/paths/invoke?sig=s3cret
        content-type: application/json

        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Open the status page",
                    "type": "Action.OpenUrl",
                    "url": "https://status.example.com/?a=1&b=2"
                  }
                ],
                "body": [
                  {
                    "inlines": [
                      {
                        "color": "Accent",
                        "size": "Large",
                        "text": "Acme & Co: test notice",
                        "type": "TextRun",
                        "weight": "Bolder"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "This is a test notice, nothing has changed.",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  },
                  {
                    "inlines": [
                      {
                        "text": "Time: 01:12:05 UTC+00:00",
                        "type": "TextRun"
                      }
                    ],
                    "type": "RichTextBlock"
                  }
                ],
                "fallbackText": "Acme & Co: test notice",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
        "#);
    }

    #[test]
    fn text_stays_as_it_is_since_runs_have_no_markdown() {
        let sent = wire("teams", KEYS, &hostile());
        assert!(sent.contains("<b>&amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ \\\"q\\\""), "{sent}");
        assert!(!sent.contains("\"type\": \"TextBlock\""));
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let page = Page { title: "x".repeat(1_000), url: "https://status.example.com/".to_owned() };
        let message = message(&enormous(), &page).to_string();
        assert!((10_000..16_000).contains(&message.len()), "{}", message.len());
        assert!(message.contains("\"text\":\"[..]\""), "{message}");
    }
}
