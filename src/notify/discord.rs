//! Discord, by a webhook: <https://docs.discord.com/developers/resources/webhook#execute-webhook>.
//!
//! Texts are Markdown: whatever is not ours is escaped, and nobody is mentioned whatever a text says. An embed takes 256
//! characters as its title, 4,096 as its description, 1,024 as the value of a field and 6,000 in all
//! (<https://docs.discord.com/developers/resources/message#embed-object-embed-limits>). After 404 the webhook is gone for
//! good, and 429 says in `Retry-After` when to try again (<https://docs.discord.com/developers/topics/rate-limits>).

use std::sync::Arc;

use serde_derive::Serialize;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
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

/// What Discord takes as a title, a description and the value of a field.
const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 4_096;
const VALUE_MAX: usize = 1_024;

/// How much of a list of replicas is sent; escaped it is at most twice as long.
const NODES_MAX: usize = 450;

/// The channel of the webhook.
pub(super) fn targets(config: &config::Discord, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Discord").words("/message").seconds("/retry_after");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Discord, page: &Page) -> Result<Call, SendError> {
    Call::hook(&config.webhook_url, &message(notice, page, config.username.as_deref()))
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    embeds: [Embed; 1],
    allowed_mentions: AllowedMentions,
}

#[derive(Serialize)]
struct Embed {
    title: String,
    description: String,
    color: u32,
    fields: Vec<Field>,
    /// By RFC 3339; it is shown in the time of whoever reads it.
    timestamp: String,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    value: String,
    inline: bool,
}

/// Which mentions have an effect: none.
#[derive(Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
}

fn message<'a>(notice: &Notice, page: &Page, username: Option<&'a str>) -> Message<'a> {
    let mut lines = vec![say::sentence(notice, "**")];
    lines.extend(plain::changes(notice, escape));
    let title = fit::line(&say::title(notice, page), TITLE_MAX / 2, fit::utf16);
    let embed = Embed {
        title: escape(&title),
        description: fit::lines(&lines, DESCRIPTION_MAX, fit::utf16),
        color: say::color(notice).0,
        fields: fields(notice, page),
        timestamp: notice.at.to_string(),
    };
    Message { username, embeds: [embed], allowed_mentions: AllowedMentions { parse: [] } }
}

fn fields(notice: &Notice, page: &Page) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut field = |name, value: String, inline| {
        if !value.is_empty() && fit::utf16(&value) <= VALUE_MAX {
            fields.push(Field { name, value, inline });
        }
    };
    field("Nodes", escape(&text::dead(notice, NODES_MAX)), false);
    if notice.kind != Kind::Test {
        field("Status", text::capital(notice.status).to_owned(), true);
    }
    // In brackets an address is a link whatever is in it, and has no preview.
    field("Monitor Page", format!("<{}>", page.url), false);
    fields
}

/// A backslash before whatever has a meaning in Discord's Markdown; the colons of emojis and links are among it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        if matches!(one, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '#' | ':' | '@') {
            escaped.push('\\');
        }
        escaped.push(one);
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

    const KEYS: &str = "webhook_url = \"{url}api/webhooks/1/s3cret\"\nusername = \"Acme\"";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("discord", KEYS, &startup()), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 752169,
              "description": "Status started up, as: **healthy**.",
              "fields": [
                {
                  "inline": true,
                  "name": "Status",
                  "value": "Healthy"
                },
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: started up, the page is healthy"
            }
          ],
          "username": "Acme"
        }
        "#);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("discord", KEYS, &death()), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 12588309,
              "description": "Status changed to: **dead**.\n\n- Web, API (web\\:api) is dead since 24 Nov 2026, 01\\:12\\:02 UTC\\: connection refused (tcp\\://10.0.0.1\\:80)",
              "fields": [
                {
                  "inline": false,
                  "name": "Nodes",
                  "value": "web\\:api\\:tcp\\://10.0.0.1\\:80"
                },
                {
                  "inline": true,
                  "name": "Status",
                  "value": "Dead"
                },
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: API is dead"
            }
          ],
          "username": "Acme"
        }
        "#);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("discord", KEYS, &sick()), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 11033088,
              "description": "Status changed to: **sick**.\n\n- Web, API (web\\:api) is sick since 24 Nov 2026, 01\\:12\\:02 UTC\\: slow, answered after 12 s\n  - a is sick\\: slow, answered after 12 s\n  - b is sick\\: slow, answered after 12 s",
              "fields": [
                {
                  "inline": true,
                  "name": "Status",
                  "value": "Sick"
                },
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: API is sick"
            }
          ],
          "username": "Acme"
        }
        "#);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("discord", KEYS, &reminder(Urgent::All)), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 12588309,
              "description": "Status is still: **dead**.\n\n- Web, API (web\\:api) is still dead, since 24 Nov 2026, 01\\:12\\:02 UTC\\: connection refused (tcp\\://10.0.0.1\\:80)",
              "fields": [
                {
                  "inline": false,
                  "name": "Nodes",
                  "value": "web\\:api\\:tcp\\://10.0.0.1\\:80"
                },
                {
                  "inline": true,
                  "name": "Status",
                  "value": "Dead"
                },
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: API is still dead"
            }
          ],
          "username": "Acme"
        }
        "#);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("discord", KEYS, &recovery()), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 752169,
              "description": "Status changed to: **healthy**.\n\n- Web, API (web\\:api) is healthy again, it was dead for 7 min 12 s",
              "fields": [
                {
                  "inline": true,
                  "name": "Status",
                  "value": "Healthy"
                },
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: API is healthy again"
            }
          ],
          "username": "Acme"
        }
        "#);
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("discord", KEYS, &test_notice()), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 1660866,
              "description": "This is a test notice, nothing has changed.",
              "fields": [
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: test notice"
            }
          ],
          "username": "Acme"
        }
        "#);
    }

    /// The one embed of a notice.
    fn embed(notice: &Notice) -> Embed {
        let page = Page { title: "Acme".to_owned(), url: "https://status.example.com/a_b_c".to_owned() };
        let [embed] = message(notice, &page, None).embeds;
        embed
    }

    #[test]
    fn markdown_is_escaped_and_nobody_is_mentioned() {
        insta::assert_snapshot!(wire("discord", KEYS, &hostile()), @r#"
        POST /api/webhooks/1/s3cret
        content-type: application/json

        {
          "allowed_mentions": {
            "parse": []
          },
          "embeds": [
            {
              "color": 12588309,
              "description": "Status changed to: **dead**.\n\n- Web, \\<b\\>&amp; \\*x\\* \\_y\\_ \\`z\\` \\@\\*\\*all\\*\\* \\[a\\](http\\://b) \\~\\~c\\~\\~ \"q\" (web\\:api) is dead since 24 Nov 2026, 01\\:12\\:02 UTC\\: connection refused (tcp\\://10.0.0.1\\:80)",
              "fields": [
                {
                  "inline": false,
                  "name": "Nodes",
                  "value": "web\\:api\\:\\</code\\>\\<a href=\"x\"\\>\\*\\`\\_\\@\\*\\*all\\*\\*&"
                },
                {
                  "inline": true,
                  "name": "Status",
                  "value": "Dead"
                },
                {
                  "inline": false,
                  "name": "Monitor Page",
                  "value": "<https://status.example.com/?a=1&b=2>"
                }
              ],
              "timestamp": "2026-11-24T01:12:05Z",
              "title": "Acme & Co\\: \\<b\\>&amp; \\*x\\* \\_y\\_ \\`z\\` \\@\\*\\*all\\*\\* \\[a\\](http\\://b) \\~\\~c\\~\\~ \"q\" is dead"
            }
          ],
          "username": "Acme"
        }
        "#);
        assert_eq!(escape("a_b *c* <@1> :x: https://d"), "a\\_b \\*c\\* \\<\\@1\\> \\:x\\: https\\://d");
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let embed = embed(&enormous());
        assert!(embed.description.ends_with("\n[..]"), "{}", embed.description);
        assert!((3_000..=DESCRIPTION_MAX).contains(&fit::utf16(&embed.description)));
        assert!(embed.fields.iter().all(|field| fit::utf16(&field.value) <= VALUE_MAX));
        let parts = embed.fields.iter().map(|field| fit::utf16(field.name) + fit::utf16(&field.value));
        let all = fit::utf16(&embed.title) + fit::utf16(&embed.description) + parts.sum::<usize>();
        assert!(all <= 6_000, "{all}");
        assert_eq!(embed.fields[0].name, "Nodes");
    }
}
