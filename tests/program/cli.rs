//! The command line: what is said, and with which code it ends.

use std::fs;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Vigil;
use crate::support::command;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;

const SAMPLE: &str = include_str!("../../config.cfg");

/// Runs the program in a folder with that file as `config.cfg`, to its end.
fn run(file: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.cfg"), file).unwrap();
    said(&command().args(arguments).current_dir(folder.path()).output().unwrap())
}

fn said(ended: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.code().unwrap(), text(&ended.stdout), text(&ended.stderr))
}

#[test]
fn help_and_version_are_told() {
    for arguments in [["--help"], ["-h"]] {
        let (code, out, _) = run("", &arguments);
        assert_eq!(code, 0);
        for part in ["--config <FILE>", "check", "notify-test", "--version", "Exit status", "RUST_LOG"] {
            assert!(out.contains(part), "{out}");
        }
    }
    let version = concat!("vigil-server ", env!("CARGO_PKG_VERSION"), "\n");
    for arguments in [["--version"], ["-V"]] {
        assert_eq!(run("", &arguments), (0, version.to_owned(), String::new()));
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for arguments in [["--nonsense"].as_slice(), &["nonsense"], &["-c"]] {
        let (code, out, error) = run("", arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(error.contains("Usage") || error.contains("--help"), "{error}");
    }
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_2_and_one_line() {
    for arguments in [[].as_slice(), &["check"], &["notify-test"]] {
        let (code, out, error) = run("[server]\ninet = \"localhost\"\n", arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(error.starts_with("vigil: ./config.cfg:2: [server] inet: "), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let (code, _, error) = run("", &[["-c", "missing.cfg"].as_slice(), arguments].concat());
        assert_eq!((code, error.as_str()), (2, "vigil: missing.cfg: does not exist\n"), "{arguments:?}");
    }
}

#[test]
fn check_says_what_was_understood() {
    let (code, out, error) = run(SAMPLE, &["check"]);
    assert_eq!(code, 0, "{error}");
    for part in
        ["2 services, 3 nodes, 3 replicas", "tried once more after 2 s", "no channel", "can be used, with 1 warning"]
    {
        assert!(out.contains(part), "{out}");
    }
    let (code, _, error) = run("[server]\nworkes = 2\n", &["check"]);
    assert_eq!(code, 1);
    assert!(error.contains("./config.cfg:2: [server]: unknown key `workes`, did you mean `workers`?"), "{error}");
    assert!(error.ends_with("1 unknown key\n"), "{error}");
}

#[test]
fn check_names_what_is_old_and_how_it_is_said_today() {
    let old = "[assets]\npath = \"./res/assets/\"\n[metrics]\npoll_retry = 2\n[[probe.service]]\nid = \"s\"\n\
        label = \"S\"\n[[probe.service.node]]\nid = \"n\"\nlabel = \"N\"\nmode = \"poll\"\n\
        replicas = [\"tcp://[::1]:1/\"]\n";
    let (code, out, error) = run(old, &["check"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().filter(|line| line.starts_with("old: ")).collect();
    assert_eq!(lines.len(), 3, "{out}");
    for (line, part) in lines.iter().zip([
        "old: ./config.cfg:2: [assets] path: need not be written any more",
        "old: ./config.cfg:4: [metrics] poll_retry: is a number of seconds",
        "old: ./config.cfg:12: [[probe.service]] \"s\" [[node]] \"n\" replicas[1]: has a `/` at its end",
    ]) {
        assert!(line.starts_with(part), "{line}");
    }
    assert!(out.ends_with("./config.cfg is fine; 3 things in it are old\n"), "{out}");
    let (_, out, error) = run("[assets]\npath = \"./res/assets/\"\nx = 1\n", &["check"]);
    assert!(error.ends_with("1 unknown key\n"), "{error}");
    assert!(out.contains("old: ./config.cfg:2: ") && !out.contains("is fine"), "{out}");
    let today = "[assets]\npath = \"./own/\"\n[metrics]\npoll_retry = 2\npoll_retry_wait = 500\n[[probe.service]]\nid = \"s\"\nlabel = \"S\"\n\
        [[probe.service.node]]\nid = \"n\"\nlabel = \"N\"\nmode = \"poll\"\npoll_retry = 5\nreplicas = [\"http://[::1]/\"]\n";
    let (_, out, error) = run(today, &["check"]);
    assert_eq!(error, "");
    assert!(!out.contains("old: ") && out.ends_with("./config.cfg is fine\n"), "{out}");
    assert!(!run(SAMPLE, &["check"]).1.contains("old: "));
}

#[test]
fn the_start_says_in_four_lines_what_runs_and_where() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("vigil.cfg");
    fs::write(&file, config(&polled("web", &["tcp://127.0.0.1:1"]))).unwrap();
    let out = folder.path().join("out");
    let mut child =
        command().arg("-c").arg(&file).current_dir(folder.path()).stdout(File::create(&out).unwrap()).spawn().unwrap();
    let text = || fs::read_to_string(&out).unwrap();
    let told = wait_until(crate::support::SOON, || text().lines().count() >= 4);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told, "{}", text());
    let lines: Vec<String> = text().lines().map(ToOwned::to_owned).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, part) in lines.iter().zip([
        "vigil-server ",
        "watching 1 service, 1 node, 1 replica",
        "telling nobody",
        "serving the status page on http://127.0.0.1:",
    ]) {
        assert!(line.starts_with(part), "{line}");
    }
}

#[test]
fn an_address_that_is_taken_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (code, _, error) = run(&config("").replace("127.0.0.1:0", &address.to_string()), &[]);
    assert_eq!(code, 1);
    assert!(error.starts_with(&format!("vigil: cannot listen on {address}: ")), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn both_signals_end_it_in_order_even_while_a_check_hangs() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", target.local_addr().unwrap());
    for signal in ["TERM", "INT"] {
        let mut vigil = Vigil::start(&config(&polled("web", &[&url])));
        let _asked = target.accept().unwrap();
        let (code, time) = vigil.end_by(signal);
        assert_eq!(code, Some(0), "{signal}: {}", vigil.log().text());
        assert!(time < Duration::from_secs(5), "{signal}: {time:?}");
        vigil.log().wait_for(&["INFO", "ended"]);
    }
}

#[test]
fn the_environment_wins_over_the_log_level() {
    let services = polled("web", &["tcp://127.0.0.1:1"]);
    let vigil = Vigil::start_with(&config(&services), &[("RUST_LOG", "error")]);
    vigil.wait_for_status("dead");
    assert_eq!(vigil.log().text(), "");
    let quiet = config(&services).replace("\"info\"", "\"error\"");
    let vigil = Vigil::start_with(&quiet, &[("RUST_LOG", "info")]);
    let line = vigil.log().wait_for(&["node web:node is dead: connection refused"]);
    assert!(line.contains("Z INFO  "), "{line}");
}

#[test]
fn in_the_journal_a_line_has_its_priority_and_no_time() {
    let folder = TempDir::new().unwrap();
    let (file, log) = (folder.path().join("vigil.cfg"), folder.path().join("log"));
    fs::write(&file, config(&polled("web", &["tcp://127.0.0.1:1"])) + "\n[nonsense]\n").unwrap();
    let journal = File::create(&log).unwrap();
    let about = journal.metadata().unwrap();
    let mut child = command()
        .current_dir(folder.path())
        .env("JOURNAL_STREAM", format!("{}:{}", about.dev(), about.ino()))
        .arg("-c")
        .arg(&file)
        .stdout(File::create(folder.path().join("out")).unwrap())
        .stderr(journal)
        .spawn()
        .unwrap();
    let text = || fs::read_to_string(&log).unwrap();
    let told = wait_until(crate::support::SOON, || text().contains("\n<6>node web:node is dead: connection refused"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told, "{}", text());
    assert!(text().starts_with("<4>"), "{}", text());
}

#[test]
fn it_runs_though_nobody_listens_to_what_it_says() {
    let folder = TempDir::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = folder.path().join("vigil.cfg");
    fs::write(&file, config("").replace("127.0.0.1:0", &free.to_string())).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "exec \"$0\" -c \"$1\" >&- 2>&-", env!("CARGO_BIN_EXE_vigil")])
        .arg(&file)
        .spawn()
        .unwrap();
    let served = wait_until(crate::support::SOON, || TcpStream::connect(free).is_ok());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(served);
}

#[test]
fn check_tries_the_templates_and_counts_warnings() {
    let broken = |text: &str| {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/footer.hbs"), text).unwrap();
        run(&format!("[assets]\npath = {:?}\n", folder.path()), &["check"])
    };
    let (code, _, error) = broken("{{#if company}}never closed");
    assert_eq!(code, 1);
    assert!(error.starts_with("vigil: template `footer`: line "), "{error}");
    let (code, out, _) = broken("<footer>fine</footer>");
    assert_eq!((code, out.lines().last()), (0, Some("./config.cfg is fine")));
    let (code, out, _) = run(&polled("web", &[]), &["check"]);
    assert_eq!((code, out.lines().last()), (0, Some("./config.cfg can be used, with 1 warning")));
}

#[test]
fn a_log_that_nobody_reads_stalls_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("vigil.cfg");
    let service = "[[probe.service]]\nid = \"s\"\nlabel = \"S\"\n[[probe.service.node]]\nid = \"n\"\nlabel = \"N\"\nmode = \"local\"\n";
    fs::write(&file, config(service)).unwrap();
    let mut child = command()
        .arg("-c")
        .arg(&file)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).nth(3).unwrap();
    let address = line.trim_end_matches('/').rsplit('/').next().unwrap().parse().unwrap();
    let mut vigil = Vigil::of(child, address);
    let report = |health: &str| {
        let body = format!(r#"{{"replica":"a","interval":60,"health":"{health}"}}"#);
        assert_eq!(vigil.report("/reporter/s/n", &body).status, 200);
    };
    // Four lines each: far more than a pipe holds.
    for _ in 0..400 {
        report("dead");
        report("healthy");
    }
    report("sick");
    vigil.wait_for_status("sick");
    let (code, time) = vigil.end();
    assert_eq!(code, Some(0));
    assert!(time < Duration::from_secs(5), "{time:?}");
}
