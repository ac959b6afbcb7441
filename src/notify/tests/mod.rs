//! Every kind of channel that speaks HTTP, against a server: what it sends, and what it makes of the answer.
//!
//! A new kind is a row in [`ROWS`], and the snapshots of [`wire`] in its own file.

pub(crate) mod endpoint;

use std::thread;

use crate::config::keys::SECTIONS;
use crate::model::fixture::affected;
use crate::model::fixture::change;
use crate::model::fixture::death;
use crate::model::fixture::notice;
use crate::model::fixture::secs;
use crate::model::notice::Change;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::notice::Urgent;
use crate::model::status::Status;

use self::endpoint::Endpoint;
use self::endpoint::Reply;

use super::SendError;

/// A kind of channel.
struct Row {
    /// The name of its section.
    kind: &'static str,
    /// Its keys; `{url}` is where the server of the test is, and every secret has `s3cret` in it.
    keys: &'static str,
}

/// Every kind, but for mail and XMPP, which do not speak HTTP.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { kind: "twilio", keys: "to = [\"+331\", \"+332\"]\nservice_sid = \"MG1\"\naccount_sid = \"AC1\"\nauth_token = \"s3cret\"\napi_url = \"{url}\"" },
    Row { kind: "slack", keys: "hook_url = \"{url}s3cret\"" },
    Row { kind: "zulip", keys: "bot_email = \"bot@example.com\"\nbot_api_key = \"s3cret\"\nchannel = \"ops\"\napi_url = \"{url}api/v1/\"" },
    Row { kind: "telegram", keys: "bot_token = \"1:s3cret\"\nchat_id = \"-100\"\napi_url = \"{url}\"" },
    Row { kind: "pushover", keys: "app_token = \"s3cret-app\"\nuser_keys = [\"s3cret-1\", \"s3cret-2\"]\napi_url = \"{url}\"" },
    Row { kind: "gotify", keys: "app_url = \"{url}\"\napp_token = \"s3cret\"" },
    Row { kind: "matrix", keys: "homeserver_url = \"{url}\"\naccess_token = \"s3cret\"\nroom_id = \"!a:b\"" },
    Row { kind: "webex", keys: "endpoint_url = \"{url}\"\ntoken = \"s3cret\"\nroom_id = \"r\"" },
    Row { kind: "webhook", keys: "hook_url = \"{url}s3cret\"" },
    Row { kind: "ntfy", keys: "url = \"{url}\"\ntopic = \"s3cret-topic\"\ntoken = \"tk_s3cret\"" },
    Row { kind: "discord", keys: "webhook_url = \"{url}api/webhooks/1/s3cret\"" },
    Row { kind: "teams", keys: "webhook_url = \"{url}workflows/1/triggers/manual/paths/invoke?sig=s3cret\"" },
    Row { kind: "mattermost", keys: "hook_url = \"{url}hooks/s3cret\"" },
    Row { kind: "google_chat", keys: "webhook_url = \"{url}v1/spaces/A/messages?key=k&token=s3cret\"" },
    Row { kind: "pagerduty", keys: "routing_key = \"s3cret\"\napi_url = \"{url}\"" },
    Row { kind: "opsgenie", keys: "api_key = \"s3cret\"\napi_url = \"{url}\"" },
    Row { kind: "http", keys: "url = \"{url}s3cret\"\nheaders = { Authorization = \"Bearer s3cret\" }" },
];

/// What goes over the wire when `[notify.KIND]` with these keys tells a notice, to each of its targets. In the keys,
/// `{url}` is where it goes, with a slash at its end, and `{host}` the host and the port of that.
pub(crate) fn wire(kind: &str, keys: &str, notice: &Notice) -> String {
    let endpoint = Endpoint::replying(&[Reply::Status(200, "{\"access_token\":\"given\"}")]);
    for target in endpoint.targets(kind, keys) {
        target.notifier.send(notice).unwrap();
    }
    endpoint.asked().join("\n\n---\n\n")
}

/// What comes of so many sendings to the first target when the other side does these one after the other, and the last
/// for ever; and what it was asked.
pub(crate) fn outcomes(
    kind: &str,
    keys: &str,
    replies: &[Reply],
    sendings: usize,
) -> (Vec<Result<(), SendError>>, Vec<String>) {
    let endpoint = Endpoint::replying(replies);
    let target = endpoint.targets(kind, keys).remove(0);
    let outcomes = (0..sendings).map(|_| target.notifier.send(&death())).collect();
    (outcomes, endpoint.asked())
}

/// That it goes wrong with this reply, and how.
pub(crate) fn failure(kind: &str, keys: &str, reply: Reply) -> SendError {
    let error = outcomes(kind, keys, &[reply], 1).0.remove(0).unwrap_err();
    assert!(!error.what.contains("s3cret"), "{kind}: {}", error.what);
    error
}

/// What is told when Vigil has started and all is well.
pub(crate) fn startup() -> Notice {
    Notice { kind: Kind::Startup, status: Status::Healthy, ..notice() }
}

/// What is told when both replicas of a node are slow.
pub(crate) fn sick() -> Notice {
    let affected = vec![affected("a", Status::Sick), affected("b", Status::Sick)];
    Notice { status: Status::Sick, changes: vec![Change { to: Some(Status::Sick), affected, ..change() }], ..notice() }
}

/// The second reminder of a death.
pub(crate) fn reminder(urgent: Urgent) -> Notice {
    Notice { kind: Kind::Reminder { number: 2, urgent }, changed: false, ..death() }
}

/// A death with a label, an id and a cause that know every markup.
pub(crate) fn hostile() -> Notice {
    let mut notice = death();
    notice.changes[0].label = "<b>&amp; *x* _y_ `z` @**all** [a](http://b) ~~c~~ \"q\"".into();
    notice.dead[0] = affected("</code><a href=\"x\">*`_@**all**&", Status::Dead).key;
    notice
}

/// More than any provider takes.
pub(crate) fn enormous() -> Notice {
    let changes = vec![Change { label: "<x> & *y*".repeat(20).into(), ..death().changes.remove(0) }; 500];
    let dead = vec![affected(&"&<\u{1f4a5}".repeat(60), Status::Dead).key; 50];
    Notice { dead, more_dead: 1_000, changes, ..death() }
}

#[test]
fn every_kind_has_a_row() {
    let kinds = SECTIONS.iter();
    for kind in kinds
        .filter_map(|section| section.name.strip_prefix("notify."))
        .filter(|kind| !["email", "xmpp"].contains(kind))
    {
        assert!(ROWS.iter().any(|row| row.kind == kind), "`{kind}` is not tried against a server");
    }
}

#[test]
fn what_is_accepted_is_delivered() {
    for Row { kind, keys } in ROWS {
        for reply in [Reply::Status(200, "{}"), Reply::Status(201, "{}"), Reply::Status(204, "")] {
            assert_eq!(outcomes(kind, keys, &[reply], 1).0, [Ok(())], "{kind}: {reply:?}");
        }
    }
}

#[test]
fn what_is_refused_is_not_tried_again() {
    for Row { kind, keys } in ROWS {
        for (reply, status) in [
            (Reply::Status(400, "{}"), 400),
            (Reply::Status(401, "not JSON"), 401),
            (Reply::Status(403, ""), 403),
            (Reply::Status(404, "[]"), 404),
        ] {
            let error = failure(kind, keys, reply);
            assert!(error.permanent, "{kind}: {}", error.what);
            assert!(error.what.ends_with(&format!(" answered HTTP {status}")), "{kind}: {}", error.what);
        }
    }
}

#[test]
fn who_repeats_a_secret_does_not_give_it_away() {
    let in_url = [
        Row { kind: "gotify", keys: "app_url = \"http://a:s3cret-b@{host}/\"\napp_token = \"s3cret\"" },
        Row { kind: "mattermost", keys: "hook_url = \"http://a:s3cret-b@{host}/hooks/s3cret\"" },
    ];
    let mut blanked = 0;
    for Row { kind, keys } in ROWS.iter().chain(&in_url) {
        let error = failure(kind, keys, Reply::Echo);
        assert!(!error.what.contains("Basic ") || error.what.contains("Basic [secret]"), "{kind}: {}", error.what);
        blanked += usize::from(error.what.contains("[secret]"));
    }
    // The answers of a web hook, of Slack and of whoever gets `[notify.http]` have no words that are told.
    assert_eq!(blanked, ROWS.len() + in_url.len() - 3);
}

#[test]
fn credentials_in_a_url_are_decoded_and_sent_as_a_header() {
    for (kind, key, more) in [
        ("slack", "hook_url", ""),
        ("gotify", "app_url", "app_token = \"token\""),
        ("webhook", "hook_url", ""),
        ("discord", "webhook_url", ""),
        ("teams", "webhook_url", ""),
        ("mattermost", "hook_url", ""),
        ("google_chat", "webhook_url", ""),
        ("http", "url", ""),
    ] {
        let sent = wire(kind, &format!("{key} = \"http://v%40il:p%3Ass@{{host}}/a\"\n{more}"), &death());
        assert!(sent.contains("\nauthorization: Basic dkBpbDpwOnNz\n"), "{kind}: {sent}");
    }
    let keys = "url = \"http://v:p@{host}/\"\nheaders = { Authorization = \"Bearer token\" }";
    let sent = wire("http", keys, &death());
    assert!(sent.contains("\nauthorization: Bearer token\n") && !sent.contains("Basic"), "{sent}");
}

#[test]
fn what_fails_is_tried_again() {
    for Row { kind, keys } in ROWS {
        for (reply, what) in [
            (Reply::Status(500, ""), " answered HTTP 500"),
            (Reply::Status(502, "<html>"), " answered HTTP 502"),
            (Reply::Close, "connection closed while waiting for the answer"),
        ] {
            let error = failure(kind, keys, reply);
            assert!(!error.permanent && error.what.ends_with(what), "{kind}: {}", error.what);
        }
    }
}

#[test]
fn who_is_asked_to_wait_waits() {
    for Row { kind, keys } in ROWS {
        for reply in [Reply::Later(429, 7), Reply::Later(503, 7)] {
            let error = failure(kind, keys, reply);
            assert!(!error.permanent, "{kind}: {}", error.what);
            assert_eq!(error.retry_after, Some(secs(7)), "{kind}");
        }
    }
}

#[test]
fn who_never_answers_is_given_up_within_the_limit() {
    thread::scope(|scope| {
        for Row { kind, keys } in ROWS {
            scope.spawn(move || {
                let error = failure(kind, keys, Reply::Hang);
                assert_eq!(error.what, "timed out after 10 s while waiting for the answer", "{kind}");
                assert!(!error.permanent && error.retry_after.is_none(), "{kind}");
            });
        }
    });
}
