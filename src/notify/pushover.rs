//! Pushover: <https://pushover.net/api>.
//!
//! Each user key is a target. The lines are those that people know, in Pushover's HTML
//! (<https://pushover.net/api#html>); what changed follows. By <https://pushover.net/api#friendly> a request that was
//! refused with 4xx must not be repeated, and one that failed not within 5 s; 429 means that the messages of the month
//! are used up (<https://pushover.net/api#limits>).

use std::sync::Arc;
use std::time::Duration;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;
use crate::net::client::Client;
use crate::secret::Secret;

use super::Page;
use super::Target;
use super::call;
use super::call::Answers;
use super::call::Call;
use super::call::Calling;
use super::fit;
use super::markup::html;
use super::plain;
use super::text;

/// What Pushover takes, in characters.
const TEXT_MAX: usize = 1_024;

/// How much of it the list of replicas may take, before it is escaped: six times as much at the worst, so that the time
/// is always told.
const NODES_MAX: usize = 130;

/// What Pushover takes as a title, a URL and the title of that, in characters.
const TITLE_MAX: usize = 250;
const URL_MAX: usize = 512;
const URL_TITLE_MAX: usize = 100;

/// The priority of what is urgent: it passes by the user's quiet hours.
const URGENT: &str = "1";

/// After these it wants to be left alone. The messages of a month do not come back within minutes.
const LEAST: &[(u16, Duration)] = &[
    (429, Duration::from_hours(1)),
    (500, Duration::from_secs(5)),
    (502, Duration::from_secs(5)),
    (503, Duration::from_secs(5)),
    (504, Duration::from_secs(5)),
];

/// A target a user key; the keys are secret, so their numbers name them.
pub(super) fn targets(config: &config::Pushover, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let answers = Answers::of("Pushover").words("/errors/0").least(LEAST);
    let target = |(position, user): (usize, &Secret)| {
        let (config, page, user) = (config.clone(), page.clone(), user.clone());
        let calling = Calling::new(client, answers, move |notice| Ok(request(notice, position, &user, &config, &page)));
        Target::named(format!("user key {}", position + 1), calling)
    };
    config.user_keys.iter().enumerate().map(target).collect()
}

fn request(notice: &Notice, position: usize, user: &Secret, config: &config::Pushover, page: &Page) -> Call {
    let message = message(notice);
    let title = fit::line(&page.title, TITLE_MAX, fit::characters);
    let url_title = fit::line(&format!("Details on {}", page.title), URL_TITLE_MAX, fit::characters);
    let mut form = vec![
        ("token", config.app_token.reveal()),
        ("user", user.reveal()),
        ("title", &title),
        ("message", &message),
        ("html", "1"),
    ];
    if fit::characters(&page.url) <= URL_MAX {
        form.extend([("url", page.url.as_str()), ("url_title", &url_title)]);
    }
    if notice.is_urgent_for(position) {
        form.push(("priority", URGENT));
    }
    Call::form(call::below(&config.api_url, &["1", "messages.json"]), &form)
}

fn message(notice: &Notice) -> String {
    let mut lines = Vec::new();
    if let Some(remark) = plain::remark(notice) {
        lines.extend([format!("<b><i>{remark}</i></b>"), String::new()]);
    }
    if notice.kind != Kind::Test {
        let (color, status) = (color(notice.status), notice.status.word().to_uppercase());
        lines.push(format!("<u>Status:</u> <b><font color=\"{color}\">{status}</font></b>"));
    }
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("<u>Nodes:</u> {}", html(&dead)));
    }
    lines.push(format!("<u>Time:</u> {}", words::time(notice.at)));
    lines.extend(plain::changes(notice, html));
    fit::lines(&lines, TEXT_MAX, fit::characters)
}

fn color(status: Status) -> &'static str {
    match status {
        Status::Healthy => "#54A158",
        Status::Sick => "#D5A048",
        Status::Dead => "#C4291C",
    }
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
    use super::super::tests::hostile;
    use super::super::tests::reminder;
    use super::super::tests::sick;
    use super::super::tests::startup;
    use super::super::tests::wire;
    use crate::model::fixture::secs;

    use super::*;

    const KEYS: &str = "app_token = \"app\"\nuser_keys = [\"user-1\"]\napi_url = \"{url}\"";

    fn told(notice: &Notice) -> String {
        wire("pushover", KEYS, notice)
    }

    #[test]
    fn a_startup() {
        insta::assert_snapshot!(told(&startup()), @r##"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<b><i>This is a startup alert.</i></b>

        <u>Status:</u> <b><font color="#54A158">HEALTHY</font></b>
        <u>Time:</u> 01:12:05 UTC+00:00
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        "##);
    }

    #[test]
    fn a_death() {
        insta::assert_snapshot!(told(&death()), @r##"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<u>Status:</u> <b><font color="#C4291C">DEAD</font></b>
        <u>Nodes:</u> web:api:tcp://10.0.0.1:80
        <u>Time:</u> 01:12:05 UTC+00:00

        - Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        "##);
    }

    #[test]
    fn something_sick() {
        insta::assert_snapshot!(told(&sick()), @r##"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<u>Status:</u> <b><font color="#D5A048">SICK</font></b>
        <u>Time:</u> 01:12:05 UTC+00:00

        - Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s
          - a is sick: slow, answered after 12 s
          - b is sick: slow, answered after 12 s
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        "##);
    }

    #[test]
    fn a_reminder() {
        insta::assert_snapshot!(told(&reminder(Urgent::All)), @r##"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<b><i>This is a reminder.</i></b>

        <u>Status:</u> <b><font color="#C4291C">DEAD</font></b>
        <u>Nodes:</u> web:api:tcp://10.0.0.1:80
        <u>Time:</u> 01:12:05 UTC+00:00

        - Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        priority=1
        "##);
    }

    #[test]
    fn a_recovery() {
        insta::assert_snapshot!(told(&recovery()), @r##"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<u>Status:</u> <b><font color="#54A158">HEALTHY</font></b>
        <u>Time:</u> 01:12:05 UTC+00:00

        - Web, API (web:api) is healthy again, it was dead for 7 min 12 s
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        "##);
    }

    #[test]
    fn a_test_notice() {
        insta::assert_snapshot!(told(&test_notice()), @"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<b><i>This is a test notice, nothing has changed.</i></b>

        <u>Time:</u> 01:12:05 UTC+00:00
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        ");
    }

    #[test]
    fn what_is_hostile_is_escaped() {
        insta::assert_snapshot!(told(&hostile()), @r##"
        POST /1/messages.json
        content-type: application/x-www-form-urlencoded

        token=app
        user=user-1
        title=Acme & Co
        message=<u>Status:</u> <b><font color="#C4291C">DEAD</font></b>
        <u>Nodes:</u> web:api:&lt;/code&gt;&lt;a href=&quot;x&quot;&gt;*`_@**all**&amp;
        <u>Time:</u> 01:12:05 UTC+00:00

        - Web, &lt;b&gt;&amp;amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ &quot;q&quot; (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        html=1
        url=https://status.example.com/?a=1&b=2
        url_title=Details on Acme & Co
        "##);
    }

    #[test]
    fn no_more_is_sent_than_is_taken() {
        let text = message(&enormous());
        assert!(fit::characters(&text) <= 1_024, "{text}");
        assert!(text.contains("<u>Time:</u> ") && text.ends_with("\n[..]"), "{text}");
    }

    #[test]
    fn a_reminder_that_escalates_is_urgent_for_the_first_ones() {
        let told =
            wire("pushover", &KEYS.replace("[\"user-1\"]", "\"user-1, user-2 user-3\""), &reminder(Urgent::First(2)));
        let urgent: Vec<bool> = told.split("---").map(|request| request.contains("priority=1")).collect();
        let users: Vec<bool> = ["1", "2", "3"].map(|user| told.contains(&format!("user=user-{user}\n"))).into();
        assert_eq!((urgent, users), (vec![true, true, false], vec![true; 3]), "{told}");
    }

    #[test]
    fn it_is_left_alone_as_long_as_it_wants() {
        for (reply, wanted) in [
            (Reply::Status(429, "{}"), Some(secs(3_600))),
            (Reply::Later(429, 60), Some(secs(60))),
            (Reply::Status(500, ""), Some(secs(5))),
            (Reply::Close, None),
        ] {
            let error = failure("pushover", KEYS, reply);
            assert_eq!((error.permanent, error.retry_after), (false, wanted), "{reply:?}");
        }
        let wrong = r#"{"user":"invalid","errors":["user identifier is not a valid user"],"status":0}"#;
        let error = failure("pushover", KEYS, Reply::Status(400, wrong));
        assert_eq!(error.what, "Pushover answered HTTP 400: user identifier is not a valid user");
        assert!(error.permanent);
    }
}
