//! What a Matrix room is told, and how.

use crate::model::fixture::death;
use crate::model::fixture::recovery;
use crate::model::fixture::test_notice;
use crate::model::notice::Urgent;

use super::super::tests::endpoint::Reply;
use super::super::tests::enormous;
use super::super::tests::failure;
use super::super::tests::hostile;
use super::super::tests::outcomes;
use super::super::tests::reminder;
use super::super::tests::sick;
use super::super::tests::startup;
use super::super::tests::wire;
use crate::model::fixture::secs;
use std::time::Duration;

use super::*;

const KEYS: &str = "homeserver_url = \"{url}\"\naccess_token = \"token\"\nroom_id = \"!room:example.com\"";

/// What is told, without the end of the transaction, which says what is in it.
fn told(notice: &Notice) -> String {
    let request = wire("matrix", KEYS, notice);
    let (line, rest) = request.split_once('\n').unwrap();
    format!("{}\n{rest}", line.rsplit_once('-').unwrap().0)
}

#[test]
fn a_startup() {
    insta::assert_snapshot!(told(&startup()), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\n✅ Status started up, as: HEALTHY.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>✅ Status started up, as: <em>HEALTHY</em>.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[test]
fn a_death() {
    insta::assert_snapshot!(told(&death()), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\n❌ Status changed to: DEAD.\n- web:api: 1 dead\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>❌ Status changed to: <em>DEAD</em>.</p><ul><li><code>web:api</code>: 1 dead</li></ul><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)</li></ul>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[test]
fn something_sick() {
    insta::assert_snapshot!(told(&sick()), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\n⚠ Status changed to: SICK.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s\n  - a is sick: slow, answered after 12 s\n  - b is sick: slow, answered after 12 s",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>⚠ Status changed to: <em>SICK</em>.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is sick since 24 Nov 2026, 01:12:02 UTC: slow, answered after 12 s<ul><li>a is sick: slow, answered after 12 s</li><li>b is sick: slow, answered after 12 s</li></ul></li></ul>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[test]
fn a_reminder() {
    insta::assert_snapshot!(told(&reminder(Urgent::All)), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\n❌ Status is still: DEAD.\n- web:api: 1 dead\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>❌ Status is still: <em>DEAD</em>.</p><ul><li><code>web:api</code>: 1 dead</li></ul><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)</li></ul>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[test]
fn a_recovery() {
    insta::assert_snapshot!(told(&recovery()), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\n✅ Status changed to: HEALTHY.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>✅ Status changed to: <em>HEALTHY</em>.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, API (web:api) is healthy again, it was dead for 7 min 12 s</li></ul>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[test]
fn a_test_notice() {
    insta::assert_snapshot!(told(&test_notice()), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\nThis is a test notice, nothing has changed.\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>This is a test notice, nothing has changed.</p><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

#[test]
fn what_is_hostile_is_escaped() {
    insta::assert_snapshot!(told(&hostile()), @r#"
    PUT /_matrix/client/v3/rooms/!room:example.com/send/m.room.message/vigil-1795482725000000000
    authorization: Bearer token
    content-type: application/json

    {
      "body": "You received a Vigil alert.\n❌ Status changed to: DEAD.\n- web:api: 1 dead\nStatus page: https://status.example.com/?a=1&b=2\nTime: 01:12:05 UTC+00:00\n\n- Web, <b>&amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ \"q\" (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
      "format": "org.matrix.custom.html",
      "formatted_body": "<p>❌ Status changed to: <em>DEAD</em>.</p><ul><li><code>web:api</code>: 1 dead</li></ul><p>Status page: https://status.example.com/?a=1&amp;b=2</p><p>Time: 01:12:05 UTC+00:00</p><ul><li>Web, &lt;b&gt;&amp;amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ &quot;q&quot; (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)</li></ul>",
      "m.mentions": {},
      "msgtype": "m.text"
    }
    "#);
}

const BY_PASSWORD: &str =
    "homeserver_url = \"{url}\"\nusername = \"vigil\"\npassword = \"s3cret\"\ndevice_id = \"D\"\nroom_id = \"!a:b\"";

/// The requests without what follows their first lines.
fn lines(asked: &[String]) -> Vec<String> {
    let path = |line: &str| line.split("/vigil-").next().unwrap().to_owned();
    asked.iter().map(|request| path(request.lines().next().unwrap())).collect()
}

#[test]
fn a_notice_that_is_tried_again_is_the_same_transaction_and_no_other() {
    let of =
        |asked: &[String]| asked.iter().map(|request| request.lines().next().unwrap().to_owned()).collect::<Vec<_>>();
    let replies = &[Reply::Status(500, ""), Reply::Close, Reply::Status(200, "{}")];
    let (outcomes, asked) = outcomes("matrix", KEYS, replies, 3);
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
    let tried = of(&asked);
    assert!(tried.len() == 3 && tried.iter().all(|line| *line == tried[0]), "{tried:?}");
    let mut later = death();
    later.at += secs(1);
    let others = [recovery(), reminder(Urgent::All), later].map(|notice| wire("matrix", KEYS, &notice));
    assert!(others.iter().all(|other| !other.starts_with(&tried[0])), "{others:?}");
}

#[test]
fn a_room_is_one_segment_of_the_path() {
    let told = wire("matrix", &KEYS.replace("!room:", "!r/o?o%m:").replace("\"{url}", "\"{url}base"), &death());
    assert!(
        told.starts_with("PUT /base/_matrix/client/v3/rooms/!r%2Fo%3Fo%25m:example.com/send/m.room.message/vigil-"),
        "{told}"
    );
}

#[test]
fn it_says_itself_why_and_how_long_to_wait() {
    let busy = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2500}"#;
    let error = failure("matrix", KEYS, Reply::Status(429, busy));
    assert_eq!(error.retry_after, Some(Duration::from_millis(2_500)));
    assert_eq!(error.what, "the home server answered HTTP 429: Too many requests");
    let wrong = r#"{"errcode":"M_FORBIDDEN","error":"User not in room"}"#;
    let error = failure("matrix", KEYS, Reply::Status(403, wrong));
    assert_eq!((error.permanent, error.what.as_str()), (true, "the home server answered HTTP 403: User not in room"));
}

#[test]
fn a_token_that_was_given_is_not_given_away() {
    let replies = [Reply::Status(200, "{\"access_token\":\"given-s3cret\"}"), Reply::Echo];
    let what = outcomes("matrix", BY_PASSWORD, &replies, 1).0.remove(0).unwrap_err().what;
    assert_eq!(what, "the home server answered HTTP 400: authorization: Bearer [secret]");
}

#[test]
fn a_password_is_used_once() {
    insta::assert_snapshot!(wire("matrix", BY_PASSWORD, &test_notice()).split("\n\n---").next().unwrap(), @r#"
    POST /_matrix/client/v3/login
    content-type: application/json

    {
      "device_id": "D",
      "identifier": {
        "type": "m.id.user",
        "user": "vigil"
      },
      "initial_device_display_name": "Vigil",
      "password": "s3cret",
      "type": "m.login.password"
    }
    "#);
    let (outcomes, asked) = outcomes("matrix", BY_PASSWORD, &[Reply::Status(200, "{\"access_token\":\"given\"}")], 2);
    assert_eq!(outcomes, [Ok(()), Ok(())]);
    let send = "PUT /_matrix/client/v3/rooms/!a:b/send/m.room.message";
    assert_eq!(lines(&asked), ["POST /_matrix/client/v3/login", send, send]);
    assert!(
        asked[1].contains("\nauthorization: Bearer given\n") && asked[2].contains("\nauthorization: Bearer given\n")
    );
}

#[test]
fn a_token_that_came_to_its_end_is_replaced() {
    const REPLIES: &[Reply] = &[
        Reply::Status(200, "{\"access_token\":\"first\"}"),
        Reply::Status(401, "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"Soft logged out\"}"),
        Reply::Status(200, "{\"access_token\":\"second\"}"),
        Reply::Status(200, "{}"),
    ];
    let (outcomes, asked) = outcomes("matrix", BY_PASSWORD, REPLIES, 2);
    let error = outcomes[0].clone().unwrap_err();
    assert_eq!((error.permanent, outcomes[1].is_ok()), (false, true), "{}", error.what);
    assert!(asked[3].contains("\nauthorization: Bearer second\n"), "{}", asked[3]);
}

#[test]
fn who_is_not_let_in_is_told_so() {
    let wrong = r#"{"errcode":"M_FORBIDDEN","error":"Invalid username or password"}"#;
    let error = failure("matrix", BY_PASSWORD, Reply::Status(403, wrong));
    assert!(error.permanent);
    assert_eq!(error.what, "no log-in: the home server answered HTTP 403: Invalid username or password");
    for (reply, what) in [
        (Reply::Status(200, "{}"), "no log-in: the home server answered without a token"),
        (Reply::Status(502, ""), "no log-in: the home server answered HTTP 502"),
        (Reply::Close, "no log-in: connection closed while waiting for the answer"),
    ] {
        let error = failure("matrix", BY_PASSWORD, reply);
        assert_eq!((error.permanent, error.what.as_str()), (false, what));
    }
}

#[test]
fn no_more_is_sent_than_is_taken() {
    let request = wire("matrix", KEYS, &enormous());
    let (_, body) = request.split_once("\n\n").unwrap();
    assert!(
        body.len() < 60_000 && body.contains(" more</li></ul>\"") && body.contains("\\n[..]\""),
        "{}: {body}",
        body.len()
    );
}
