//! Gotify: <https://gotify.net/docs/pushmsg>.
//!
//! The token travels in a header, where proxies do not log it, rather than in the URL; the server takes both. Its errors
//! are those of HTTP, with a description: <https://gotify.net/api-docs#/message/createMessage>.

use std::sync::Arc;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::words;
use crate::net::client::Client;

use super::Page;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::plain;

/// How much is sent, in bytes: Gotify names no limit, and people read no more on a phone.
const TEXT_MAX: usize = 8_000;

/// How much of it the list of replicas may take.
const NODES_MAX: usize = 3_000;

/// The priority of what is urgent, which makes a phone ring: the highest that the app tells apart
/// (<https://github.com/gotify/android#message-priorities>).
const URGENT: &str = "10";

/// The one target.
pub(super) fn targets(config: &config::Gotify, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let (config, page) = (config.clone(), page.clone());
    let answers = Answers::of("Gotify").words("/errorDescription");
    vec![Target::only(Calling::new(client, answers, move |notice| Ok(request(notice, &config, &page))))]
}

fn request(notice: &Notice, config: &config::Gotify, page: &Page) -> Call {
    let message = message(notice);
    let mut form = vec![("title", page.title.as_str()), ("message", &message)];
    if notice.is_urgent_for(0) {
        form.push(("priority", URGENT));
    }
    let call = Call::form(call::below(&config.app_url, &["message"]), &form);
    call.credentials(config.credentials.as_ref()).header("X-Gotify-Key", config.app_token.reveal())
}

fn message(notice: &Notice) -> String {
    let mut lines = Vec::new();
    if let Some(remark) = plain::remark(notice) {
        lines.extend([remark.to_owned(), String::new()]);
    }
    if notice.kind != Kind::Test {
        lines.push(format!("Status: {}", notice.status.word().to_uppercase()));
    }
    let (nodes, more) = plain::within(notice.dead.iter().map(ToString::to_string), NODES_MAX, fit::bytes);
    if !nodes.is_empty() {
        lines.push("Nodes:".to_owned());
        lines.extend(nodes);
        if more + notice.more_dead > 0 {
            lines.push(format!("and {} more", more + notice.more_dead));
        }
    }
    lines.push(format!("Time: {}", words::time(notice.at)));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, TEXT_MAX, fit::bytes)
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::endpoint::Reply;
    use super::super::tests::enormous;
    use super::super::tests::failure;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;

    use super::*;

    const KEYS: &str = "app_url = \"{url}\"\napp_token = \"token\"";

    fn told(notice: &Notice) -> String {
        wire("gotify", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @"
        POST /message
        content-type: application/x-www-form-urlencoded
        x-gotify-key: token

        title=Acme & Co
        message=This is a startup alert.

        Status: HEALTHY
        Time: 01:12:05 UTC+00:00
        ");
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @"
        POST /message
        content-type: application/x-www-form-urlencoded
        x-gotify-key: token

        title=Acme & Co
        message=Status: DEAD
        Nodes:
        web:api:tcp://10.0.0.1:80
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        ");
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @"
        POST /message
        content-type: application/x-www-form-urlencoded
        x-gotify-key: token

        title=Acme & Co
        message=Status: SICK
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s
          - a is sick: slow, answered after 12 s
          - b is sick: slow, answered after 12 s
        ");
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @"
        POST /message
        content-type: application/x-www-form-urlencoded
        x-gotify-key: token

        title=Acme & Co
        message=This is a reminder.

        Status: DEAD
        Nodes:
        web:api:tcp://10.0.0.1:80
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        priority=10
        ");
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @"
        POST /message
        content-type: application/x-www-form-urlencoded
        x-gotify-key: token

        title=Acme & Co
        message=Status: HEALTHY
        Time: 01:12:05 UTC+00:00

        - Web, API (web:api) is healthy again, it was dead for 7 min 12 s
        ");
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @"
        POST /message
        content-type: application/x-www-form-urlencoded
        x-gotify-key: token

        title=Acme & Co
        message=This is a test notice, nothing has changed.

        Time: 01:12:05 UTC+00:00
        ");
    }

    #[test]
    fn no_more_is_sent_than_is_taken() {
        let text = message(&enormous());
        assert!(fit::bytes(&text) <= 8_000, "{text}");
        assert!(text.contains("Time: ") && text.ends_with("\n[..]"), "{text}");
    }

    #[test]
    fn a_reminder_that_escalates_is_urgent_for_the_first_ones() {
        for (urgent, wanted) in [(Urgent::All, true), (Urgent::First(1), true), (Urgent::First(0), false)] {
            assert_eq!(told(&reminder(urgent)).ends_with("\npriority=10"), wanted, "{urgent:?}");
        }
    }

    #[test]
    fn the_server_is_found_wherever_it_is() {
        let url = |url: &str| wire("gotify", &KEYS.replace("{url}", url), &death());
        for (at, wanted) in [
            ("http://{host}", "POST /message\ncontent-type"),
            ("{url}gotify", "POST /gotify/message\ncontent-type"),
            ("{url}gotify/", "POST /gotify/message\ncontent-type"),
            ("http://ops:s%3Aecret@{host}/", "POST /message\nauthorization: Basic b3BzOnM6ZWNyZXQ=\ncontent-type"),
        ] {
            let told = url(at);
            assert!(told.starts_with(wanted), "{told}");
        }
    }

    #[test]
    fn it_says_itself_why() {
        let wrong =
            r#"{"error":"Unauthorized","errorCode":401,"errorDescription":"you need to provide a valid token"}"#;
        let error = failure("gotify", &KEYS.replace("\"token\"", "\"A1b2C3\""), Reply::Status(401, wrong));
        assert_eq!(error.what, "Gotify answered HTTP 401: you need to provide a valid token");
    }
}
