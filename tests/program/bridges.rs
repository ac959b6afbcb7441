//! Files that later releases of the public Vigil refused, and that start here: `tests/config/bridges`.

use std::fs;
use std::net::TcpListener;

use tempfile::TempDir;

use crate::support::Vigil;
use crate::support::command;

/// Such a file, with these addresses in place of those in it, and a port that the system chooses.
fn file(name: &str, addresses: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(format!("tests/config/bridges/{name}.cfg")).unwrap();
    let mut text = text.replace("inet = \"[::1]:8080\"", "inet = \"127.0.0.1:0\"");
    for (written, here) in addresses {
        assert!(text.contains(written), "{written} is not in {name}.cfg");
        text = text.replace(written, here);
    }
    text
}

#[test]
fn a_slash_after_a_port_and_after_a_host_means_nothing() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, url) = ("tcp://edge-1.acme.example:3306", format!("tcp://{}", target.local_addr().unwrap()));
    let vigil = Vigil::start(&file("slash-1.14.2", &[(port, &url), ("edge-2.acme.example", "127.0.0.1")]));
    let (_asked, _) = target.accept().unwrap();
    vigil.wait_for_page("Checked by opening a TCP connection");
    vigil.wait_for_page("Checked by ping");
    vigil.wait_for_status("healthy");
}

#[test]
fn without_a_manager_token_reports_are_taken_and_nothing_is_managed() {
    let vigil = Vigil::start(&file("no-manager-1.23.1", &[("hunter2-reporter", "s3cret")]));
    let report = r#"{ "replica": "one", "interval": 60, "load": { "cpu": 0.1, "ram": 0.1 } }"#;
    assert_eq!(vigil.report("/reporter/relay/sockets/", report).status, 200);
    for path in ["/manager/announcements", "/manager/prober/alerts", "/manager/prober/alerts/ignored"] {
        for login in ["OnMzY3JldA==", "Og=="] {
            let answer = vigil.request("GET", path, &[("Authorization", &format!("Basic {login}"))], b"");
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}

#[test]
fn of_two_services_with_one_id_none_is_dropped_in_silence() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.cfg"), file("ids-1.22.1", &[])).unwrap();
    for arguments in [[].as_slice(), &["check"]] {
        let ended = command().args(arguments).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        let wanted =
            "vigil: ./config.cfg:37: [[probe.service]] \"web\" id: `web` is the id at line 29 already; write another\n";
        assert_eq!(said, wanted);
    }
}
