//! Nodes with a queue of RabbitMQ, whose management API is a server of the test.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Asked;
use crate::target::Target;
use crate::target::wait_for_end;

/// What the API says of a queue.
#[derive(Clone, Copy)]
enum Says {
    /// So many messages are ready.
    Ready(u64),
    /// An answer with that status.
    Status(u16),
    /// Nothing.
    Hangs,
}

/// An API that says of each queue what it is told to say.
struct Api {
    target: Target,
    queues: Arc<Mutex<HashMap<String, Says>>>,
}

impl Api {
    fn new(queues: &[(&str, Says)]) -> Self {
        let queues = queues.iter().map(|(name, says)| ((*name).to_owned(), *says)).collect();
        let queues = Arc::new(Mutex::new(queues));
        let said: Arc<Mutex<HashMap<String, Says>>> = queues.clone();
        let answer = move |stream: &mut TcpStream, asked: &Asked| {
            let says = said.lock().unwrap().get(queue(asked)).copied();
            let (status, body) = match says {
                Some(Says::Ready(ready)) => {
                    (200, format!("{{\"messages_ready\":{ready},\"messages_unacknowledged\":0}}"))
                }
                Some(Says::Status(status)) => (status, String::new()),
                Some(Says::Hangs) => return wait_for_end(stream),
                None => (404, "{\"error\":\"Object Not Found\",\"reason\":\"Not Found\"}".to_owned()),
            };
            let head = format!("HTTP/1.1 {status} Words\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all([head, body].concat().as_bytes());
        };
        Self { target: Target::new(Box::new(answer)), queues }
    }

    fn set(&self, name: &str, says: Says) {
        self.queues.lock().unwrap().insert(name.to_owned(), says);
    }

    /// How often it was asked for that queue.
    fn asked(&self, name: &str) -> usize {
        self.target.asked().iter().filter(|asked| queue(asked) == name).count()
    }

    /// Waits until it was asked for that queue so often once more.
    fn wait_for(&self, name: &str, times: usize) {
        let before = self.asked(name);
        assert!(wait_until(SOON, || self.asked(name) >= before + times), "{name} was not asked for");
    }

    /// The section that leads there.
    fn section(&self, keys: &str) -> String {
        format!(
            "[plugins.rabbitmq]\napi_url = \"http://{}\"\nauth_username = \"vigil\"\nauth_password = \"hunter2\"\n\
             queue_ready_healthy_below = 10\nqueue_ready_dead_above = 100\nqueue_interval = 1\n{keys}\n",
            self.target.address
        )
    }
}

/// Which queue is asked for.
fn queue(asked: &Asked) -> &str {
    let path = asked.head.split(' ').nth(1).unwrap_or_default();
    path.strip_prefix("/api/queues/%2F/").and_then(|rest| rest.split('?').next()).unwrap_or_default()
}

/// A service with one node of that id and mode, which has a queue of its name.
fn queued(id: &str, mode: &str) -> String {
    format!(
        "[[probe.service]]\nid = \"{id}\"\nlabel = \"Service {id}\"\n[[probe.service.node]]\nid = \"node\"\n\
         label = \"Node {id}\"\nmode = \"{mode}\"\nrabbitmq_queue = \"{id}\"\n"
    )
}

#[test]
fn a_node_is_as_its_queue_and_its_reports_are_and_falls_back_when_nobody_can_tell() {
    let api = Api::new(&[("jobs", Says::Status(401))]);
    let vigil = Vigil::start(&config(&[api.section(""), queued("jobs", "push")].concat()));
    let unknown = "the length of the queue is not known";
    vigil.log().wait_for(&[
        "WARN",
        "replica jobs:node:rabbitmq:jobs: ",
        unknown,
        "HTTP 401, the user or the password is wrong",
    ]);
    vigil.wait_for_page(&format!("{unknown}: HTTP 401"));
    vigil.wait_for_page("The length of its queue is not known");
    let health = vigil.get("/health").text();
    assert!(health.contains("queues whose length is not known: 1; the log says why"), "{health}");

    // Nobody reports, and it is known all the same.
    for (says, status, cause) in [
        (Says::Ready(9), "healthy", "9 ready, 0 unacknowledged"),
        (Says::Ready(10), "sick", "queue has 10 messages ready, healthy is below 10"),
        (Says::Ready(1_200), "dead", "queue has 1,200 messages ready, more than 100"),
    ] {
        api.set("jobs", says);
        vigil.wait_for_page(cause);
        vigil.wait_for_status(status);
    }
    vigil.wait_for_page("Checked by the length of a queue");
    vigil.log().wait_for(&["node jobs:node is dead: queue has 1,200 messages ready, more than 100"]);
    for page in ["/", "/node/service-jobs/node-jobs"] {
        let text = vigil.get(page).text();
        assert!(!text.contains("rabbitmq") && !text.contains("hunter2") && !text.contains("password"), "{text}");
    }

    // The rest of the node is not dead because of a server that fails.
    let load = |cpu| format!(r#"{{"replica":"worker","interval":600,"load":{{"cpu":{cpu},"ram":0.1}}}}"#);
    assert_eq!(vigil.report("/reporter/jobs/node", &load(0.95)).status, 200);
    assert_eq!(vigil.get("/status/text").text(), "dead");
    api.set("jobs", Says::Status(500));
    vigil.wait_for_status("sick");
    assert_eq!(vigil.report("/reporter/jobs/node", &load(0.1)).status, 200);
    assert_eq!(vigil.get("/status/text").text(), "healthy");
    api.wait_for("jobs", 6);
    let warnings = vigil.log().text().matches(unknown).count();
    assert_eq!(warnings, 2, "one for each reason, not for each look:\n{}", vigil.log().text());

    // It is no replica that anybody could report for, or sign off.
    let queue = r#"{"replica":"rabbitmq:jobs","interval":600,"load":{"cpu":0.1,"ram":0.1}}"#;
    assert_eq!(vigil.report("/reporter/jobs/node", queue).status, 412);
    let sign_off =
        vigil.request("DELETE", "/reporter/jobs/node/rabbitmq%3Ajobs", &[("Authorization", "Basic OnMzY3JldA==")], b"");
    assert_eq!(sign_off.status, 412);
    assert!(!vigil.log().text().contains("hunter2"), "{}", vigil.log().text());
}

#[test]
fn a_second_look_holds_up_no_other_queue() {
    let api = Api::new(&[("long", Says::Ready(50)), ("short", Says::Ready(1))]);
    let section = api.section("queue_loaded_retry_delay = 86400000\nqueue_parallelism = 1");
    let vigil = Vigil::start(&config(&[section, queued("long", "poll"), queued("short", "poll")].concat()));
    vigil.wait_for_status("healthy");
    api.wait_for("short", 2);
    assert_eq!(api.asked("long"), 1);
    assert!(!vigil.log().text().contains("long:node"), "{}", vigil.log().text());
}

#[test]
fn a_wave_that_passes_is_not_told() {
    let api = Api::new(&[("wave", Says::Ready(500)), ("flood", Says::Ready(500))]);
    let section = api.section("queue_loaded_retry_delay = 1000");
    let vigil = Vigil::start(&config(&[section, queued("wave", "poll"), queued("flood", "poll")].concat()));
    assert!(wait_until(SOON, || api.asked("wave") == 1));
    api.set("wave", Says::Ready(0));
    vigil.log().wait_for(&["replica wave:node:rabbitmq:wave is healthy"]);
    vigil.log().wait_for(&["replica flood:node:rabbitmq:flood is dead"]);
    assert!(!vigil.log().text().contains("wave:node:rabbitmq:wave is dead"), "{}", vigil.log().text());
}

#[test]
fn an_api_that_hangs_holds_up_neither_targets_nor_the_end() {
    let api = Api::new(&[("a", Says::Hangs), ("b", Says::Hangs), ("c", Says::Hangs)]);
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", target.local_addr().unwrap());
    let queues = ["a", "b", "c"].map(|id| queued(id, "poll")).concat();
    let section = api.section("queue_parallelism = 2");
    let mut vigil =
        Vigil::start(&config(&["poll_parallelism = 1\n", &section, &polled("web", &[&url]), &queues].concat()));
    assert!(wait_until(SOON, || api.asked("a") + api.asked("b") + api.asked("c") == 2));
    vigil.wait_for_status("healthy");
    drop(target);
    vigil.log().wait_for(&["node web:node is dead: connection refused"]);
    let asked = api.asked("a") + api.asked("b") + api.asked("c");
    assert_eq!(asked, 2, "the third has to wait");
    let (code, took) = vigil.end();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "the end took {took:?}");
}

#[test]
fn another_configuration_has_queues_come_and_go() {
    let api = Api::new(&[("jobs", Says::Ready(500))]);
    let with = |queue: &str| {
        let node = queued("jobs", "push").replace("rabbitmq_queue = \"jobs\"\n", queue);
        config(&[api.section(""), node].concat())
    };
    let vigil = Vigil::start(&with(""));
    vigil.report("/reporter/jobs/node", r#"{"replica":"worker","interval":600,"load":{"cpu":0.1,"ram":0.1}}"#);
    vigil.wait_for_status("healthy");
    assert!(vigil.reload(&with("rabbitmq_queue = \"jobs\"\n")).contains(" reloaded "));
    vigil.wait_for_status("dead");
    assert!(vigil.reload(&with("")).contains(" reloaded "));
    vigil.wait_for_status("healthy");
    let report = vigil.get("/status/report").text();
    assert!(report.contains(r#""replicas":["healthy"]"#), "{report}");
}

#[test]
fn what_was_told_holds_while_the_server_of_queues_is_away() {
    let (api, hook) = (Api::new(&[("jobs", Says::Ready(500))]), Hook::start(Reply::Status(202)));
    let pagerduty = format!(
        "[notify]\ngroup_wait = 0\ngroup_interval = 0.1\n[notify.pagerduty]\nrouting_key = \"s3cret\"\napi_url = \"{}\"\n",
        hook.url("/")
    );
    let section = api.section("queue_loaded_retry_delay = 0");
    let vigil = Vigil::start(&config(&[pagerduty, section, queued("jobs", "push")].concat()));
    let action = |number: usize| {
        let body = hook.request(number).body;
        ["trigger", "resolve"].into_iter().find(|action| body.contains(&format!("\"event_action\":\"{action}\"")))
    };
    assert_eq!(action(0), Some("trigger"));
    api.set("jobs", Says::Status(500));
    vigil.log().wait_for(&["node jobs:node is not known any more (was dead"]);
    vigil.wait_for_status("healthy");
    api.wait_for("jobs", 4);
    assert_eq!(hook.requests().len(), 1, "nobody knows that it is over");
    api.set("jobs", Says::Ready(1));
    assert_eq!(action(1), Some("resolve"));
    vigil.log().wait_for(&["pagerduty: delivered: ", "is healthy again, it was dead for "]);
}
