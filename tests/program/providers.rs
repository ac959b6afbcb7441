//! The providers of messages, all at once: each hears of a death and of its end, in its own form.

use std::time::Duration;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::slack::target;
use crate::slack::watching;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

const DEAD: Reply = Reply::Status(503);
const WELL: Reply = Reply::Status(200);

/// Every provider, at that server; each secret has `s3cret` in it.
fn providers(hook: &Hook) -> String {
    "[notify]\ngroup_wait = 0\ngroup_interval = 0.1
[notify.twilio]
to = [\"+1\", \"+2\"]
service_sid = \"MG1\"
account_sid = \"AC1\"
auth_token = \"s3cret\"
api_url = \"{}twilio\"
[notify.zulip]
bot_email = \"bot@example.com\"
bot_api_key = \"s3cret\"
channel = \"ops\"
api_url = \"{}zulip/api/v1/\"
[notify.telegram]
bot_token = \"1:s3cret\"
chat_id = \"-1\"
api_url = \"{}telegram/\"
[notify.pushover]
app_token = \"s3cret\"
user_keys = [\"s3cret-1\", \"s3cret-2\"]
api_url = \"{}pushover\"
[notify.gotify]
app_url = \"{}gotify\"
app_token = \"s3cret\"
[notify.matrix]
homeserver_url = \"{}matrix\"
access_token = \"s3cret\"
room_id = \"!a:b\"
[notify.webex]
endpoint_url = \"{}webex/v1/messages\"
token = \"s3cret\"
room_id = \"r\"
[notify.webhook]
hook_url = \"{}webhook/s3cret\"
"
    .replace("{}", &hook.url("/"))
}

#[test]
fn every_provider_hears_of_a_death_and_of_its_end() {
    let (hook, api) = (Hook::start(WELL), target());
    let config = config(&[providers(&hook), watching("api", &api)].concat());
    let vigil = Vigil::start(&config.replace("log_level = \"info\"", "log_level = \"debug\""));
    vigil.wait_for_status("healthy");
    let told = |count: usize, words: &str| {
        assert!(wait_until(Duration::from_secs(20), || hook.requests().len() >= count), "{:#?}", hook.requests());
        let requests = hook.requests().split_off(count - 10);
        let mut lines: Vec<String> = requests
            .iter()
            .map(|request| {
                let body = request.body.replace('+', " ");
                assert!(body.contains("api") && body.contains(words), "no `{words}` in {request:#?}");
                let line = request.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
                line.split("/vigil-").next().unwrap().to_owned()
            })
            .collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "POST /gotify/message",
                "POST /pushover/1/messages.json",
                "POST /pushover/1/messages.json",
                "POST /telegram/bot1:s3cret/sendMessage",
                "POST /twilio/2010-04-01/Accounts/AC1/Messages.json",
                "POST /twilio/2010-04-01/Accounts/AC1/Messages.json",
                "POST /webex/v1/messages",
                "POST /webhook/s3cret",
                "POST /zulip/api/v1/messages",
                "PUT /matrix/_matrix/client/v3/rooms/!a:b/send/m.room.message",
            ]
        );
    };
    api.set(DEAD);
    told(10, "HTTP 503");
    api.set(WELL);
    told(20, "is healthy again");
    let log = vigil.log().text();
    assert_eq!(log.lines().find(|line| line.contains("s3cret")), None);
    for channel in ["twilio +1", "twilio +2", "pushover user key 1", "pushover user key 2", "matrix", "webhook"] {
        assert!(log.contains(&format!("{channel}: delivered: ")), "no `{channel}` in {log}");
    }
}
