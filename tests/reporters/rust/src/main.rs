//! Reports as the documentation of the crate shows: URL TOKEN PROBE NODE REPLICA INTERVAL

use std::env;
use std::thread;
use std::time::Duration;

use vigil_reporter::Reporter;

fn main() {
    env_logger::init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, token, probe, node, replica, interval] = &arguments[..] else {
        panic!("URL TOKEN PROBE NODE REPLICA INTERVAL");
    };
    let reporter = Reporter::new(url, token)
        .probe_id(probe)
        .node_id(node)
        .replica_id(replica)
        .interval(Duration::from_secs(interval.parse().unwrap()))
        .build();
    reporter.run().unwrap();
    loop {
        thread::park();
    }
}
