//! What systemd hears, through a socket such as it gives to its services; and a socket that it opened beforehand.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::hook::Reply;
use crate::slack::target;
use crate::slack::watching;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::command;
use crate::support::config;
use crate::support::wait_until;

/// Where a service tells how it is.
struct Systemd {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Systemd {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self { socket, folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("notify").to_str().unwrap().to_owned()
    }

    /// The next message, its lines sorted out.
    fn next(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).lines().map(str::to_owned).collect()
    }

    /// The next message with a line that begins so; gives the rest of that line.
    fn wait_for(&self, line: &str) -> String {
        for _ in 0..1_000 {
            if let Some(found) = self.next().iter().find_map(|one| one.strip_prefix(line)) {
                return found.to_owned();
            }
        }
        panic!("systemd did not hear {line}");
    }
}

#[test]
fn systemd_hears_that_the_page_is_served_how_it_is_and_that_it_ends() {
    let (systemd, site) = (Systemd::new(), target());
    let file = config(&watching("site", &site));
    let mut vigil = Vigil::start_with(&file, &[("NOTIFY_SOCKET", &systemd.path())]);
    let first = systemd.next();
    assert_eq!(first[0], "READY=1");
    assert!(first[1].starts_with("STATUS=1 service, 1 replica, "), "{first:?}");
    assert_eq!(vigil.get("/").status, 200);
    if !first[1].ends_with("healthy") {
        assert_eq!(systemd.wait_for("STATUS="), "1 service, 1 replica, healthy");
    }
    site.set(Reply::Status(503));
    assert_eq!(systemd.wait_for("STATUS="), "1 service, 1 replica, dead");

    vigil.reload(&file.replace("Service site", "Another name"));
    let reloading = systemd.next();
    assert_eq!(reloading[0], "RELOADING=1");
    assert!(reloading[1].strip_prefix("MONOTONIC_USEC=").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(systemd.next(), ["READY=1", "STATUS=1 service, 1 replica, dead"]);
    vigil.reload(&file.replace("workers = 2", "workers = 0"));
    assert_eq!(systemd.next()[0], "RELOADING=1");
    let refused = systemd.next();
    assert_eq!(refused[0], "READY=1");
    assert!(refused[1].starts_with("STATUS=1 service, 1 replica, dead; reload refused: "), "{refused:?}");
    assert!(refused[1].contains("vigil.cfg:4: [server] workers: `0` is too small"), "{refused:?}");

    assert_eq!(vigil.end().0, Some(0));
    assert_eq!(systemd.next()[0], "STOPPING=1");
}

#[test]
fn what_came_of_a_reload_stands_in_the_folder_of_the_service() {
    let systemd = Systemd::new();
    let folder = systemd.folder.path().to_str().unwrap().to_owned();
    let file = config("");
    let vigil = Vigil::start_with(&file, &[("NOTIFY_SOCKET", &systemd.path()), ("RUNTIME_DIRECTORY", &folder)]);
    assert_eq!(systemd.next()[0], "READY=1");
    let outcome = || std::fs::read_to_string(systemd.folder.path().join("reload")).unwrap();
    // Written before systemd hears of it.
    assert_eq!(outcome(), "0 followed\n");
    for (number, file, wanted) in [
        (1, file.clone(), "followed"),
        (2, file.replace("workers = 2", "workers = 0"), "refused: "),
        (3, file.replace("127.0.0.1:0", "192.0.2.1:80"), "refused: cannot listen on 192.0.2.1:80"),
        (4, file.clone(), "followed"),
    ] {
        vigil.reload(&file);
        systemd.wait_for("READY=1");
        assert!(outcome().starts_with(&format!("{number} {wanted}")) && outcome().ends_with('\n'), "{}", outcome());
    }
    assert!(!systemd.folder.path().join("reload.new").exists());
}

#[test]
fn the_watchdog_is_fed_while_nothing_happens_at_all() {
    let systemd = Systemd::new();
    let environment = [("NOTIFY_SOCKET", systemd.path()), ("WATCHDOG_USEC", "2000000".to_owned())];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let _vigil = Vigil::start_with(&config(""), &environment);
    assert_eq!(systemd.next()[0], "READY=1");
    for _ in 0..5 {
        assert_eq!(systemd.next(), ["WATCHDOG=1"]);
    }
}

/// One thread is held as a debugger holds it, while the others go on: systemd must hear no more.
#[test]
fn the_watchdog_starves_when_a_loop_is_stuck() {
    for (thread, named) in [("vigil-poll", "polling"), ("vigil-expire", "expiry"), ("vigil-tell", "telling")] {
        let systemd = Systemd::new();
        let environment = [("NOTIFY_SOCKET", systemd.path()), ("WATCHDOG_USEC", "1000000".to_owned())];
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let vigil = Vigil::start_with(&config(""), &environment);
        systemd.wait_for("WATCHDOG=1");
        let mut holder = hold(&vigil, thread);
        vigil.log().wait_for(&["ERROR", &format!("the {named} loop made no step")]);
        // What was sent before the loop was held may still be on its way.
        systemd.socket.set_read_timeout(Some(Duration::from_millis(900))).unwrap();
        let mut message = [0; 4096];
        let mut heard = 0;
        while systemd.socket.recv(&mut message).is_ok() {
            heard += 1;
            assert!(heard < 12, "the watchdog is fed although the {named} loop is stuck");
        }
        assert_eq!(vigil.get("/").status, 200, "the page is served all the same");
        holder.kill().unwrap();
        holder.wait().unwrap();
    }
}

/// Holds the thread of that name in the call in which it waits.
fn hold(vigil: &Vigil, thread: &str) -> Child {
    let mut task = None;
    let found = wait_until(SOON, || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", vigil.id())).unwrap();
        let named = |task: &Path| std::fs::read_to_string(task.join("comm")).unwrap_or_default().trim() == thread;
        task = tasks.map(|task| task.unwrap().path()).find(|task| named(task));
        task.is_some()
    });
    assert!(found, "no thread is called {thread}");
    let task = task.unwrap();
    let id = task.file_name().unwrap().to_str().unwrap();
    let inject = "inject=futex:delay_enter=600000000";
    Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-p", id, "-e", "trace=futex", "-e", inject])
        .spawn()
        .unwrap()
}

#[test]
fn health_is_asked_of_the_vigil_that_runs() {
    let vigil = Vigil::start(&config(""));
    let health = |arguments: &[&str]| command().args(arguments).current_dir(vigil.folder()).output().unwrap();
    let url = format!("http://{}/", vigil.address);
    let well = health(&["health", "--url", &url]);
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    assert!(String::from_utf8_lossy(&well.stdout).contains("\"status\":\"pass\""), "{well:?}");
    // The address of the configuration, whatever else is wrong in it.
    let elsewhere = format!("[server]\ninet = \"0.0.0.0:{}\"\nworkers = 0\n", vigil.address.port());
    std::fs::write(vigil.folder().join("elsewhere.cfg"), elsewhere).unwrap();
    assert_eq!(health(&["-c", "elsewhere.cfg", "health"]).status.code(), Some(0));
    let nobody = health(&["health", "--url", "http://127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&nobody.stderr), "http://127.0.0.1:1/health: connection refused\n");
    let wrong = health(&["health", "--url", &format!("{url}nowhere")]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
}
