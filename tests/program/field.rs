//! The kinds of channels that the public Vigil does not have, all at once: each hears of a death and of its end.

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

/// Every kind, at that server; each secret has `s3cret` in it.
fn channels(hook: &Hook) -> String {
    "[notify]\ngroup_wait = 0\ngroup_interval = 0.1
[notify.ntfy]
url = \"{}ntfy\"
topic = \"s3cret\"
token = \"tk_s3cret\"
[notify.discord]
webhook_url = \"{}discord/s3cret\"
[notify.teams]
webhook_url = \"{}teams?sig=s3cret\"
[notify.mattermost]
hook_url = \"{}mattermost/s3cret\"
[notify.google_chat]
webhook_url = \"{}google_chat?token=s3cret\"
[notify.pagerduty]
routing_key = \"s3cret\"
api_url = \"{}pagerduty/\"
[notify.opsgenie]
api_key = \"s3cret\"
api_url = \"{}opsgenie\"
[notify.http]
url = \"{}http/s3cret\"
method = \"PUT\"
headers = { Authorization = \"Bearer s3cret\", X-Status = \"{{status}}\" }
body = '{\"text\": \"{{text}}\", \"nodes\": [{{#each changes}}{{json node}}{{#unless @last}}, {{/unless}}{{/each}}]}'
"
    .replace("{}", &hook.url("/"))
}

/// The first lines of the requests since the one of that number, and their bodies, in the order of the lines.
fn asked(hook: &Hook, from: usize) -> Vec<(String, String)> {
    assert!(wait_until(Duration::from_secs(20), || hook.requests().len() >= from + 8), "{:#?}", hook.requests());
    let requests = hook.requests().split_off(from);
    let line = |head: &str| head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let mut asked: Vec<_> = requests.into_iter().map(|request| (line(&request.head), request.body)).collect();
    asked.sort();
    asked
}

#[test]
fn every_kind_hears_of_a_death_and_of_its_end() {
    let (hook, api) = (Hook::start(WELL), target());
    let config = config(&[channels(&hook), watching("api", &api)].concat());
    let vigil = Vigil::start(&config.replace("log_level = \"info\"", "log_level = \"debug\""));
    vigil.wait_for_status("healthy");
    let told = |from: usize, opsgenie: &str, words: &[(&str, &str)]| {
        let asked = asked(&hook, from);
        let lines: Vec<_> = asked.iter().map(|(line, _)| line.split("/vigil-").next().unwrap()).collect();
        let usual = [
            "POST /discord/s3cret",
            "POST /google_chat?token=s3cret",
            "POST /mattermost/s3cret",
            "POST /ntfy",
            opsgenie,
            "POST /pagerduty/v2/enqueue",
            "POST /teams?sig=s3cret",
            "PUT /http/s3cret",
        ];
        assert_eq!(lines, usual);
        for (line, body) in asked {
            let special = words.iter().find(|(start, _)| line.starts_with(start));
            let wanted = special.or(words.last()).unwrap().1;
            assert!(body.contains(wanted), "no `{wanted}` in {line}: {body}");
        }
    };
    api.set(DEAD);
    told(0, "POST /opsgenie/v2/alerts", &[("POST /pagerduty", "\"event_action\":\"trigger\""), ("", "HTTP 503")]);
    api.set(WELL);
    told(
        8,
        "POST /opsgenie/v2/alerts",
        &[("POST /pagerduty", "\"event_action\":\"resolve\""), ("", "is healthy again")],
    );
    let log = vigil.log().text();
    assert_eq!(log.lines().find(|line| line.contains("s3cret")), None);
    for channel in ["ntfy", "discord", "teams", "mattermost", "google_chat", "pagerduty", "opsgenie", "http"] {
        assert!(log.contains(&format!("{channel}: delivered: ")), "no `{channel}` in {log}");
    }
}
