//! A real RabbitMQ and its management API: a queue that fills.
//!
//! It needs root, and the Debian packages `rabbitmq-server`, `util-linux` and `curl`. `cargo test` leaves it out;
//! `scripts/test`, or `cargo test --test rabbitmq`, runs it.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]

#[path = "rabbitmq/server.rs"]
mod server;
#[path = "../program/support.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod support;

use server::RabbitMq;
use support::Vigil;
use support::config;

/// What monitors the queues: it sees them and may not touch them.
const USER: &str = "vigil";
const PASSWORD: &str = "s3cret-pass:ü";

/// The section that leads to that server.
fn section(server: &RabbitMq, password: &str, host: &str) -> String {
    format!(
        "[plugins.rabbitmq]\napi_url = \"http://127.0.0.1:{}/\"\nauth_username = \"{USER}\"\n\
         auth_password = \"{password}\"\nvirtualhost = \"{host}\"\nqueue_ready_healthy_below = 3\n\
         queue_ready_dead_above = 5\nqueue_nack_healthy_below = 3\nqueue_nack_dead_above = 5\nqueue_interval = 1\n",
        server.port
    )
}

/// A service with one node, to which nobody reports.
fn queued(id: &str, queue: &str) -> String {
    format!(
        "[[probe.service]]\nid = \"{id}\"\nlabel = \"Service {id}\"\n[[probe.service.node]]\nid = \"node\"\n\
         label = \"Node {id}\"\nmode = \"push\"\nrabbitmq_queue = \"{queue}\"\n"
    )
}

#[test]
fn a_queue_that_fills_turns_its_node_sick_then_dead_and_then_healthy() {
    let server = RabbitMq::start();
    server.add_user(USER, PASSWORD);
    server.add_host("a/b");
    server.admit("/", USER);
    server.add_queue("/", "jobs");
    server.add_queue("a/b", "mail/out going ü");

    // The usual virtual host, as files of the public Vigil spell it.
    let nodes = [queued("jobs", "jobs"), queued("gone", "no-such-queue")].concat();
    let vigil = Vigil::start(&config(&[section(&server, PASSWORD, "%2F"), nodes].concat()));
    vigil.log().wait_for(&["WARN", "replica gone:node:rabbitmq:no-such-queue: ", "HTTP 404, there is no such queue"]);
    server.publish("/", "jobs", 1);
    vigil.wait_for_page("1 ready, 0 unacknowledged");
    vigil.wait_for_status("healthy");
    server.publish("/", "jobs", 2);
    vigil.wait_for_page("queue has 3 messages ready, healthy is below 3");
    vigil.wait_for_status("sick");
    server.publish("/", "jobs", 3);
    vigil.wait_for_page("queue has 6 messages ready, more than 5");
    vigil.wait_for_status("dead");
    server.purge("/", "jobs");
    vigil.wait_for_page("0 ready, 0 unacknowledged");
    vigil.wait_for_status("healthy");

    // Names that a path cannot hold as they are, and a password that is wrong.
    let node = queued("mail", "mail/out going ü");
    let without_rights = Vigil::start(&config(&[section(&server, PASSWORD, "a/b"), node.clone()].concat()));
    without_rights.log().wait_for(&[
        "WARN",
        "replica mail:node:",
        "HTTP 401, the user or the password is wrong, or the user may not see",
    ]);
    server.admit("a/b", USER);
    let other = Vigil::start(&config(&[section(&server, PASSWORD, "a/b"), node.clone()].concat()));
    server.publish("a/b", "mail/out going ü", 6);
    other.wait_for_status("dead");
    let wrong = Vigil::start(&config(&[section(&server, "not-it", "a/b"), node].concat()));
    wrong.log().wait_for(&[
        "WARN",
        "replica mail:node:",
        "HTTP 401, the user or the password is wrong, or the user may not see the virtual host",
    ]);

    // A server that is gone is no outage of those whose queues it held.
    server.stop();
    for vigil in [&vigil, &other] {
        vigil
            .log()
            .wait_for(&["WARN", "the length of the queue is not known, so it does not count: connection refused"]);
        vigil.wait_for_page("The length of its queue is not known");
        vigil.wait_for_status("healthy");
    }
    for program in [&vigil, &other, &wrong, &without_rights] {
        let log = program.log().text();
        assert!(!log.contains("s3cret-pass") && !log.contains("not-it"), "{log}");
    }
}
