//! Mattermost, by an incoming webhook: <https://developers.mattermost.com/integrate/webhooks/incoming/>.
//!
//! Its messages are those of Slack, with Markdown in place of Slack's own markup, in which one star is not bold
//! (<https://developers.mattermost.com/integrate/webhooks/incoming/#slack-compatibility>): both are escaped. A mention
//! cannot be escaped, so an invisible space follows each `@`. A post has up to 16,383 characters
//! (<https://docs.mattermost.com/messaging-collaboration/format-messages.html>); 400, 403 and 404 are for good
//! (<https://developers.mattermost.com/integrate/webhooks/incoming/#troubleshooting>).

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
use super::slack;
use super::slack::Dialect;

/// How much of the text without markup is sent, which only notifications of old devices show.
const FALLBACK_MAX: usize = 1_000;

/// Markdown, with what Mattermost still understands of Slack's.
static MARKDOWN: Dialect =
    Dialect { bold: "**", mention: "@channel ", escape, link: plain::as_it_is, color };

/// The channel.
pub(super) fn targets(config: &config::Mattermost, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Mattermost").words("/message");
    vec![Target::only(Calling::new(client, answers, move |notice| request(notice, &config, &page)))]
}

fn request(notice: &Notice, config: &config::Mattermost, page: &Page) -> Result<Call, SendError> {
    Call::json(config.hook_url.reveal(), &message(notice, config, page))
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(flatten)]
    message: slack::Message,
}

fn message<'a>(notice: &Notice, config: &'a config::Mattermost, page: &Page) -> Message<'a> {
    let mut message = slack::message(notice, page, &MARKDOWN, config.mention_channel);
    let mut lines = vec![say::sentence(notice, "")];
    lines.extend(plain::changes(notice, plain::as_it_is));
    message.attachments[0].fallback = fit::lines(&lines, FALLBACK_MAX, fit::characters);
    Message { channel: config.channel.as_deref(), username: config.username.as_deref(), message }
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
fn color(status: Status) -> &'static str {
    match status {
        Status::Healthy => "#0b7a29",
        Status::Sick => "#a85a00",
        Status::Dead => "#c01515",
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

    const KEYS: &str = "hook_url = \"{url}hooks/s3cret\"\nchannel = \"ops\"\nusername = \"Acme\"\nmention_channel = true";

    #[test]
    fn a_start() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &startup()), @"");
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &death()), @"");
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &sick()), @"");
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &reminder(Urgent::All)), @"");
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &recovery()), @"");
    }

    #[test]
    fn a_test() {
        insta::assert_snapshot!(wire("mattermost", KEYS, &test_notice()), @"");
    }

    #[test]
    fn markup_is_escaped_and_nobody_is_mentioned() {
        insta::assert_snapshot!(wire("mattermost", "hook_url = \"{url}hooks/s3cret\"", &hostile()), @"");
        assert_eq!(escape("@channel <!channel> a_b"), "@\u{200b}channel &lt;!channel&gt; a\\_b");
    }

    #[test]
    fn a_very_long_notice_is_cut_at_the_end_of_a_line() {
        let sent = wire("mattermost", KEYS, &enormous());
        assert!(sent.contains("\\n[..]\""), "{sent}");
        assert!(sent.len() < 16_383, "{}", sent.len());
    }
}
