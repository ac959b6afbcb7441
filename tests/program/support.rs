//! Starts the built binary on a port that the system chooses, asks it, and waits for what is to happen.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

/// How long anything may take that is to happen at once: generous, since the machine may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A running program; it ends with the value.
pub(crate) struct Vigil {
    child: Child,
    /// Where the page is.
    pub(crate) address: SocketAddr,
    log: Log,
    folder: Arc<TempDir>,
}

/// What a program has written to stderr so far.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<Vec<String>>, Condvar)>);

/// An answer as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A configuration with a port that the system chooses, `poll_interval` 1 and `poll_retry` 0 unless `more` says
/// otherwise, and what is added. Lines before the first `[section]` of `more` go into `[metrics]`.
pub(crate) fn config(more: &str) -> String {
    let unless_given = |key, value| if more.contains(key) { String::new() } else { format!("{key}{value}\n") };
    let (interval, retry) = (unless_given("poll_interval = ", 1), unless_given("poll_retry = ", 0));
    format!(
        "[server]\nlog_level = \"info\"\ninet = \"127.0.0.1:0\"\nworkers = 2\nreporter_token = \"s3cret\"\n\n\
         [metrics]\n{interval}{retry}{more}\n"
    )
}

/// A service with one poll node of that id and these replicas.
pub(crate) fn polled(id: &str, replicas: &[&str]) -> String {
    format!(
        "[[probe.service]]\nid = \"{id}\"\nlabel = \"Service {id}\"\n[[probe.service.node]]\nid = \"node\"\n\
         label = \"Node {id}\"\nmode = \"poll\"\nreveal_replica_name = true\nreplicas = {replicas:?}\n"
    )
}

impl Vigil {
    /// Starts the program with that configuration, and with nothing of this test's environment but the path.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// The same, with these environment variables.
    pub(crate) fn start_with(config: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_in(Arc::new(TempDir::new().unwrap()), config, environment)
    }

    /// Starts it again in a folder where it ran before.
    pub(crate) fn start_again(folder: Arc<TempDir>, config: &str) -> Self {
        Self::start_in(folder, config, &[])
    }

    fn start_in(folder: Arc<TempDir>, config: &str, environment: &[(&str, &str)]) -> Self {
        let file = folder.path().join("vigil.cfg");
        fs::write(&file, config).unwrap();
        let mut child = command()
            .arg("-c")
            .arg(&file)
            .current_dir(folder.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::default();
        log.follow(child.stderr.take().unwrap());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            let address = line.strip_prefix("serving the status page on http://")?.trim_end_matches('/').to_owned();
            Some(address.parse().unwrap())
        });
        let address = address.unwrap_or_else(|| panic!("the program did not start:\n{}", log.text()));
        Self { child, address, log, folder }
    }

    /// A program that was started elsewhere, whose log is not read.
    pub(crate) fn of(child: Child, address: SocketAddr) -> Self {
        Self { child, address, log: Log::default(), folder: Arc::new(TempDir::new().unwrap()) }
    }

    /// A GET.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    /// A request on a connection of its own.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let stream = self.open(&[head.as_bytes(), body].concat());
        Answer::read(stream).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Sends these bytes and reads what comes back; none when the connection is closed without an answer.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        Answer::parse(&read_all(&mut self.open(bytes)))
    }

    /// The same, and says that no more will come.
    pub(crate) fn raw_and_done(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = self.open(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        Answer::parse(&read_all(&mut stream))
    }

    /// Sends these bytes on a connection of their own, which is left open.
    pub(crate) fn open(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        // The server may refuse and close before all is sent; what it says then counts.
        let _ = stream.write_all(bytes);
        stream
    }

    /// A report of a replica's load, as reporters send it.
    pub(crate) fn report(&self, path: &str, body: &str) -> Answer {
        let headers = [("Authorization", "Basic OnMzY3JldA=="), ("Content-Type", "application/json")];
        self.request("POST", path, &headers, body.as_bytes())
    }

    /// Waits until the page says that.
    pub(crate) fn wait_for_page(&self, what: &str) {
        let found = wait_until(SOON, || self.get("/").text().contains(what));
        assert!(found, "the page does not say `{what}`:\n{}\nlog:\n{}", self.get("/").text(), self.log.text());
    }

    /// Waits until the status is that word.
    pub(crate) fn wait_for_status(&self, word: &str) {
        let found = wait_until(SOON, || self.get("/status/text").text() == word);
        assert!(found, "the status is not {word} but {}; log:\n{}", self.get("/status/text").text(), self.log.text());
    }

    /// Writes another configuration and has the program read it; gives what it says to that.
    pub(crate) fn reload(&self, config: &str) -> String {
        fs::write(self.folder.path().join("vigil.cfg"), config).unwrap();
        let said = |line: &&str| line.contains(" reloaded ") || line.contains("reload refused: ");
        let before = self.log.text().lines().filter(said).count();
        self.signal("HUP");
        let answer = || self.log.text().lines().filter(said).nth(before).map(str::to_owned);
        assert!(wait_until(SOON, || answer().is_some()), "nothing was said about the reload:\n{}", self.log.text());
        answer().unwrap()
    }

    /// The folder of the configuration, in which it was started.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What was logged so far.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// The process, for signals.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap().success());
    }

    /// Ends it as a power cut would; gives the folder where it ran.
    pub(crate) fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.folder.clone()
    }

    /// Sends SIGTERM and waits for the end; tells the exit code and how long it took.
    pub(crate) fn end(&mut self) -> (Option<i32>, Duration) {
        self.end_by("TERM")
    }

    /// The same, by another signal.
    pub(crate) fn end_by(&mut self, signal: &str) -> (Option<i32>, Duration) {
        let start = Instant::now();
        self.signal(signal);
        (self.wait(), start.elapsed())
    }

    /// Waits for the end; tells the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            assert!(!self.log.text().contains("panicked"), "the program panicked:\n{}", self.log.text());
        }
    }
}

/// All that comes until the connection is closed.
pub(crate) fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all
}

/// The built binary, with an empty environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigil"));
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command
}

/// Asks again and again until `what` holds, no longer than `limit`; tells whether it did.
pub(crate) fn wait_until(limit: Duration, mut what: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if what() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

impl Log {
    /// Collects the lines of `source` until it ends.
    pub(crate) fn follow(&self, source: impl Read + Send + 'static) {
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                log.0.0.lock().unwrap().push(line);
                log.0.1.notify_all();
            }
        });
    }

    /// All lines.
    pub(crate) fn text(&self) -> String {
        self.0.0.lock().unwrap().join("\n")
    }

    /// Waits for a line that has all of these; gives it.
    pub(crate) fn wait_for(&self, parts: &[&str]) -> String {
        let found =
            |lines: &Vec<String>| lines.iter().find(|line| parts.iter().all(|part| line.contains(part))).cloned();
        let lines = self.0.0.lock().unwrap();
        let (lines, _) = self.0.1.wait_timeout_while(lines, SOON, |lines| found(lines).is_none()).unwrap();
        found(&lines).unwrap_or_else(|| panic!("no line with {parts:?} in:\n{}", lines.join("\n")))
    }
}

impl Answer {
    /// Reads until the answer is whole, as clients do, or the connection ends: a server that left a body unread keeps
    /// it open for another second.
    fn read(mut stream: TcpStream) -> Option<Self> {
        let (mut all, mut part) = (Vec::new(), [0; 4096]);
        while let Some(count) = stream.read(&mut part).ok().filter(|count| *count > 0) {
            all.extend_from_slice(&part[..count]);
            let answer = Self::parse(&all);
            if answer.as_ref().is_some_and(Self::is_whole) {
                return answer;
            }
        }
        Self::parse(&all)
    }

    fn is_whole(&self) -> bool {
        self.header("content-length").is_some_and(|length| length.parse() == Ok(self.body.len()))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Some(Self { status, headers: headers.collect(), body: bytes[end + 4..].to_vec() })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}
