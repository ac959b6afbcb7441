//! The command line: arguments, exit codes, signals, and what is said where.

use std::fs;
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

use crate::support::Vigil;
use crate::support::command;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Target;
use crate::target::wait_for_end;

/// Runs the program in `folder` until it ends.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    command().args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn arguments_are_answered_and_exit_codes_say_how_it_went() {
    let good = config(&polled("app", &["tcp://127.0.0.1:1"]));
    let unknown = config("poll_intervall = 3");
    let wrong = config("[notify]\nsick = \"yes\"");
    let folder = folder(&[("good.cfg", &good), ("unknown.cfg", &unknown), ("wrong.cfg", &wrong), ("bin.cfg", "\u{0}")]);
    for (arguments, code, out, err) in [
        (&["--version"][..], 0, "vigil-server 1.0.0\n", ""),
        (&["-V"], 0, "vigil-server 1.0.0\n", ""),
        (&["--help"], 0, "Exit status: 0 after SIGTERM", ""),
        (&["-h"], 0, "Usage: vigil [OPTIONS] [COMMAND]", ""),
        (&["help", "check"], 0, "Usage: vigil check", ""),
        (&["--verbose"], 2, "", "unexpected argument '--verbose'"),
        (&["serve"], 2, "", "unrecognized subcommand 'serve'"),
        (&["-c"], 2, "", "a value is required for '--config <FILE>'"),
        (&["-c", "none.cfg"], 2, "", "vigil: none.cfg: "),
        (&["-c", "."], 2, "", "vigil: .: "),
        (&["-c", "bin.cfg"], 2, "", "vigil: bin.cfg:1: "),
        (&["-c", "wrong.cfg"], 2, "", "vigil: wrong.cfg:"),
        (&["check", "-c", "good.cfg"], 0, "good.cfg is fine\n", ""),
        (&["-c", "good.cfg", "check"], 0, "good.cfg is fine\n", ""),
        (&["check", "-c", "unknown.cfg"], 1, "", "1 unknown key\n"),
        (&["check", "-c", "wrong.cfg"], 2, "", "vigil: wrong.cfg:"),
        (&["check"], 2, "", "vigil: ./config.cfg: "),
        (&["notify-test", "-c", "good.cfg"], 1, "", "no channel is configured"),
    ] {
        let output = run(folder.path(), arguments);
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}{complained}");
        assert!(said.contains(out), "{arguments:?}: {said}");
        assert!(complained.contains(err), "{arguments:?}: {complained}");
        if err.is_empty() {
            assert_eq!(complained, "", "{arguments:?}");
        }
        if err.starts_with("vigil: ") {
            assert_eq!((said.as_str(), complained.lines().count()), ("", 1), "{arguments:?}: {complained}");
        }
    }
}

#[test]
fn the_default_file_is_the_one_in_the_working_directory() {
    let folder = folder(&[("config.cfg", &config(&polled("app", &["tcp://127.0.0.1:1"])))]);
    let output = run(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).ends_with("./config.cfg is fine\n"), "{}", text(&output.stdout));
}

#[test]
fn an_address_that_is_taken_is_one_line_and_exit_code_1() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder(&[("vigil.cfg", &config("").replace("127.0.0.1:0", &address.to_string()))]);
    let output = run(folder.path(), &["-c", "vigil.cfg"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    let wanted = format!("vigil: cannot listen on {address}: another program listens there\n");
    assert_eq!(text(&output.stderr), wanted);
}

#[test]
fn a_signal_ends_it_in_order_even_while_checks_hang() {
    for signal in ["TERM", "INT"] {
        let hanging = Target::greeting(wait_for_end);
        let url = format!("http://{}/", hanging.address);
        let mut vigil = Vigil::start(&config(&polled("app", &[&url, "tcp://127.0.0.1:1"])));
        // Served once, the signals are listened to.
        vigil.wait_for_page("connection refused");
        let began = Instant::now();
        vigil.signal(signal);
        assert_eq!(vigil.wait(), Some(0), "SIG{signal}: {}", vigil.log().text());
        assert!(began.elapsed() < Duration::from_secs(5), "SIG{signal} took {:?}", began.elapsed());
        vigil.log().wait_for(&["INFO  ended"]);
    }
}

#[test]
fn rust_log_wins_over_the_configured_level() {
    let file = config(&polled("app", &["tcp://127.0.0.1:1"]));
    let vigil = Vigil::start_with(&file, &[("RUST_LOG", "vigil_server=debug")]);
    vigil.log().wait_for(&["DEBUG attempt 1 on replica app:node:tcp://127.0.0.1:1"]);
    let vigil = Vigil::start_with(&file, &[("RUST_LOG", "error")]);
    vigil.wait_for_status("dead");
    assert_eq!(vigil.log().text(), "");
}

#[test]
fn under_journald_lines_carry_priorities_and_no_time() {
    let file = config(&format!("poll_intervall = 3\n{}", polled("app", &["tcp://127.0.0.1:1"])));
    let folder = folder(&[("vigil.cfg", &file), ("log", "")]);
    let log = folder.path().join("log");
    // The journal names its own stream; whoever is given another file logs with the time.
    for (named, start) in [(log.as_path(), "<6>replica app:node"), (folder.path(), "20")] {
        let stderr = File::create(&log).unwrap();
        let about = fs::metadata(named).unwrap();
        let mut child = command()
            .args(["-c", "vigil.cfg"])
            .current_dir(folder.path())
            .env("JOURNAL_STREAM", format!("{}:{}", about.dev(), about.ino()))
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let logged = || fs::read_to_string(&log).unwrap();
        let found = wait_until(crate::support::SOON, || logged().lines().any(|line| line.starts_with(start)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found, "no line begins with {start}: {}", logged());
        let warned = if start.starts_with('<') { "<4>vigil.cfg:" } else { "WARN  vigil.cfg:" };
        assert!(logged().contains(warned), "{}", logged());
    }
}
