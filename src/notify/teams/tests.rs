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
                    "text": "Acme & Co: started up, the page is healthy",
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
            "fallbackText": "Acme & Co: started up, the page is healthy",
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
                    "text": "Acme & Co: API is still dead",
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
                    "text": "- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
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
            "fallbackText": "Acme & Co: API is still dead",
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
