//! Reminders, and the notice after a start, as people get them.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::restart::wait_until_nothing_is_owed;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

const DEAD: Reply = Reply::Status(503);
const WELL: Reply = Reply::Status(200);

/// How long after one moment the other came, in seconds.
fn gap(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64()
}

#[test]
fn reminders_go_on_over_a_crash_until_the_node_is_well() {
    let (hook, oncall, api) = (Hook::start(WELL), Hook::start(WELL), target());
    let channel = |name: &str, hook: &Hook, keys: &str| {
        format!("[[notify.slack]]\nname = \"{name}\"\nhook_url = \"{}\"\n{keys}\n", hook.url("/"))
    };
    let keys = "group_wait = 0\ngroup_interval = 0.1\nreminder_interval = 3\nreminder_backoff_function = \"linear\"\n\
                reminder_backoff_limit = 2";
    let channels = [channel("all", &hook, ""), channel("oncall", &oncall, "reminders_only = true")];
    let notify = format!("[notify]\n{keys}\n{}", channels.concat());
    let text = config(&[notify, watching("api", &api)].concat());
    let vigil = Vigil::start(&text);
    vigil.wait_for_page("Healthy");
    api.set(DEAD);
    let death = hook.request(0);
    assert!(death.text().contains("(api:node) is dead since "), "{}", death.text());
    let first = hook.request(1);
    for part in ["Status is still: *dead*. Nodes: *api:node:", "(api:node) is still dead, since ", ": HTTP 503"] {
        assert!(first.text().contains(part), "no `{part}` in {}", first.text());
    }
    assert!((2.9..8.0).contains(&gap(death.at, first.at)), "{}", gap(death.at, first.at));
    vigil.log().wait_for(&["INFO", "all: delivered: reminder of ", "(api:node) is still dead, since "]);
    vigil.log().wait_for(&["oncall: delivered: reminder of "]);
    wait_until_nothing_is_owed(vigil.folder());
    // The second is due six seconds after the first; for some of them nobody watches.
    let folder = vigil.kill();
    thread::sleep(Duration::from_secs(2));
    let vigil = Vigil::start_again(folder, &text);
    let second = hook.request(2);
    assert!(second.text().contains("(api:node) is still dead, since "), "{}", second.text());
    assert!((5.9..12.0).contains(&gap(first.at, second.at)), "{}", gap(first.at, second.at));
    assert!(wait_until(SOON, || oncall.requests().len() == 2), "{}", vigil.log().text());
    api.set(WELL);
    let recovery = hook.request(3);
    assert!(recovery.text().contains("(api:node) is healthy again, it was dead for "), "{}", recovery.text());
    // The third would come now.
    thread::sleep(Duration::from_secs(7));
    assert_eq!((hook.requests().len(), oncall.requests().len()), (4, 2), "{}", vigil.log().text());
    assert!(oncall.requests().iter().all(|request| request.text().contains("is still dead, since ")));
}

#[test]
fn after_each_start_one_notice_tells_how_everything_is_and_the_dead_are_not_told_again() {
    let (hook, api, site, slow) = (Hook::start(WELL), Hook::start(DEAD), target(), Hook::start(Reply::Hang));
    let keys = "startup_notification = true\ngroup_wait = 0\ngroup_interval = 0.1";
    let parts = [
        "poll_delay_dead = 3\npoll_delay_sick = 2\n".to_owned(),
        telling(&hook, keys),
        watching("api", &api),
        watching("site", &site),
        watching("slow", &slow),
    ];
    let text = config(&parts.concat());
    let begun = Instant::now();
    let vigil = Vigil::start(&text);
    vigil.log().wait_for(&["node api:node is dead"]);
    let first = hook.request(0);
    assert!(gap(begun, first.at) >= 3.0, "before all was checked: {}", first.text());
    for part in [
        &format!("Status started up, as: *dead*. Nodes: *api:node:{}, slow:node:{}*.\n", api.url("/"), slow.url("/")),
        "• Service api, Node api (api:node) is dead since ",
        ": HTTP 503",
        "• Service slow, Node slow (slow:node) is dead since ",
        "• 1 node is healthy",
    ] {
        assert!(first.text().contains(part), "no `{part}` in {}", first.text());
    }
    assert!(vigil.reload(&text).contains(" reloaded "));
    let asked = api.requests().len();
    api.request(asked + 2);
    assert_eq!(hook.requests().len(), 1, "{}", vigil.log().text());
    wait_until_nothing_is_owed(vigil.folder());
    slow.set(WELL);
    vigil.log().wait_for(&["node slow:node is healthy"]);
    assert!(hook.request(1).text().contains("(slow:node) is healthy again, it was dead for "));
    wait_until_nothing_is_owed(vigil.folder());
    // What was told before is told by the notice after the next start, and by no other.
    let vigil = Vigil::start_again(vigil.kill(), &text);
    let second = hook.request(2).text();
    assert!(second.starts_with("Status started up, as: *dead*. Nodes: *api:node:"), "{second}");
    assert!(second.contains("(api:node) is dead since ") && second.contains("• 2 nodes are healthy"), "{second}");
    let asked = api.requests().len();
    api.request(asked + 2);
    assert_eq!(hook.requests().len(), 3, "{}", vigil.log().text());
}
