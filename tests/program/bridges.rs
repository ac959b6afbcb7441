//! Files that later releases of the public Vigil refused, and that start here: `tests/config/bridges`.

use std::fs;
use std::io::Write;
use std::net::TcpListener;

use tempfile::TempDir;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::command;
use crate::support::wait_until;
use crate::target::Target;
use crate::target::say;

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
fn an_old_file_with_one_number_and_a_sender_is_told_by_twilio() {
    let hook = Hook::start(Reply::Status(201));
    let closed = format!("tcp://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let api = format!("[notify.twilio]\napi_url = \"{}\"", hook.url("/"));
    let addresses = [("tcp://edge-1.acme.example:3306", closed.as_str()), ("[notify.twilio]", &api)];
    let vigil = Vigil::start(&file("twilio-1.8.0", &addresses));
    let request = hook.request(0);
    assert!(request.head.starts_with("POST /2010-04-01/Accounts/hunter2-account/Messages.json "), "{}", request.head);
    // hunter2-account:hunter2-twilio
    assert!(request.head.contains("Basic aHVudGVyMi1hY2NvdW50Omh1bnRlcjItdHdpbGlv"), "{}", request.head);
    for part in ["From=%2B15550102", "To=%2B15550100", "Body="] {
        assert!(request.body.contains(part), "{}", request.body);
    }
    assert!(!request.body.contains("MessagingServiceSid"), "{}", request.body);
    vigil.wait_for_status("dead");
}

#[test]
fn an_old_file_with_a_matrix_password_logs_in() {
    let server = Target::new(Box::new(|stream, asked| {
        let login = asked.head.contains("/login ");
        let body =
            if login { r#"{ "access_token": "syt_new", "device_id": "VIGIL" }"# } else { r#"{ "event_id": "$1" }"# };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }));
    let closed = format!("tcp://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let home = format!("http://{}/", server.address);
    let addresses = [("tcp://edge-1.acme.example:3306", closed.as_str()), ("https://matrix.acme.example/", &home)];
    let vigil = Vigil::start(&file("matrix-1.20.0", &addresses));
    let came = wait_until(SOON, || server.asked().len() >= 2);
    let asked = server.asked();
    assert!(came, "{asked:?}\n{}", vigil.log().text());
    assert!(asked[0].head.contains("/login "), "{asked:?}");
    for part in ["m.login.password", "\"vigil\"", "hunter2-matrix", "\"VIGIL\""] {
        assert!(asked[0].body.contains(part), "{part}: {asked:?}");
    }
    let sends = asked[1].head.contains("/rooms/%21room:acme.example/send/m.room.message")
        || asked[1].head.contains("/rooms/!room:acme.example/send/m.room.message")
        || asked[1].head.contains("/rooms/%21room%3Aacme.example/send/m.room.message");
    assert!(sends && asked[1].head.contains("syt_new"), "{asked:?}");
    assert!(asked[1].body.contains("web:router"), "{asked:?}");
}

#[test]
fn an_old_file_without_limits_of_dead_queues_starts_and_no_number_is_dead() {
    let server = Target::new(say(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 63\r\nConnection: close\r\n\r\n\
         {\"messages_ready\": 4000000000, \"messages_unacknowledged\": 9999}",
    ));
    let api = format!("http://{}", server.address);
    let addresses = [("http://127.0.0.1:15672", api.as_str()), ("hunter2-reporter", "s3cret")];
    let vigil = Vigil::start(&file("rabbitmq-1.8.0", &addresses));
    let report = r#"{ "replica": "one", "interval": 60, "load": { "cpu": 0.1, "ram": 0.1 } }"#;
    assert_eq!(vigil.report("/reporter/relay/jobs/", report).status, 200);
    vigil.wait_for_status("sick");
    assert!(server.asked()[0].head.contains("/api/queues/%2F/jobs"), "{:?}", server.asked());
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
