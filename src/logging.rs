//! Log lines, written by a thread of their own: with time and level on a terminal or in a file; under journald with a
//! priority and no time, since the journal has its own.

use std::env;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::panic;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use env_logger::Builder;
use env_logger::Env;
use env_logger::Logger;
use env_logger::Target;
use log::Level;
use log::LevelFilter;
use log::Metadata;
use log::Record;

/// The clients of HTTP and of PostgreSQL, which write whole addresses and values when they are asked for all that they
/// do: the path of a hook is a secret, and a URL that is stored may hold a password. Whatever `RUST_LOG` says, only
/// their warnings are heard.
const TELL_SECRETS: [&str; 2] = ["tokio_postgres", "ureq"];

/// How many lines may wait to be written. Whoever reads them may be slow; the watch goes on all the same.
const QUEUE_MAX: usize = 10_000;

/// How long the end waits for the lines that are not written yet.
const FLUSH: Duration = Duration::from_millis(300);

/// The log's way out: lines are written by a thread of their own, so that a reader who stalls stalls nobody else.
pub(crate) struct Log {
    /// None when that thread could not be started; lines are then written by those who log.
    queue: Option<SyncSender<Entry>>,
    lost: Arc<AtomicU64>,
}

enum Entry {
    Line(Vec<u8>),
    /// Tells when all lines before it are written.
    Flush(SyncSender<()>),
}

impl Log {
    /// Waits until what was logged is written, but not for long.
    pub(crate) fn flush(&self) {
        let (written, waiting) = mpsc::sync_channel(1);
        if self.queue.as_ref().is_some_and(|queue| queue.try_send(Entry::Flush(written)).is_ok()) {
            let _ = waiting.recv_timeout(FLUSH);
        }
    }
}

/// Takes lines to the queue; those that do not fit are counted.
struct Queue {
    entries: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.entries.try_send(Entry::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what comes, until nobody logs any more.
fn write_out(entries: &Receiver<Entry>, lost: &AtomicU64) {
    let mut out = io::stderr();
    for entry in entries {
        // That nobody listens any more is no reason to end.
        match entry {
            Entry::Line(line) => {
                let _ = out.write_all(&line);
                let lost = lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(out, "{lost} log lines were lost here: whoever reads them is too slow");
                }
            }
            Entry::Flush(written) => {
                let _ = written.try_send(());
            }
        }
    }
}

/// Begins to log. `RUST_LOG` wins over `level`.
pub(crate) fn start(level: LevelFilter) -> Log {
    let (entries, queue) = mpsc::sync_channel(QUEUE_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let counted = lost.clone();
    let writer = thread::Builder::new().name("vigil-log".to_owned()).spawn(move || write_out(&queue, &counted));
    let out = Log { queue: writer.is_ok().then_some(entries), lost };
    let logger = Switch(RwLock::new(out.logger(level)));
    log::set_max_level(lock_read(&logger.0).filter());
    // A second start is a fault of a test only; the first logger stays.
    let _ = log::set_logger(SWITCH.get_or_init(|| logger));
    panic::set_hook(Box::new(|panic| log::error!("{panic}")));
    out
}

/// The logger, which may have another level from one moment to the next.
struct Switch(RwLock<Logger>);

static SWITCH: OnceLock<Switch> = OnceLock::new();

impl log::Log for Switch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        lock_read(&self.0).enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        lock_read(&self.0).log(record);
    }

    fn flush(&self) {}
}

fn lock_read(logger: &RwLock<Logger>) -> RwLockReadGuard<'_, Logger> {
    logger.read().unwrap_or_else(PoisonError::into_inner)
}

impl Log {
    /// Logs at another level from now on, unless `RUST_LOG` says otherwise.
    pub(crate) fn set_level(&self, level: LevelFilter) {
        let logger = self.logger(level);
        log::set_max_level(logger.filter());
        if let Some(switch) = SWITCH.get() {
            *switch.0.write().unwrap_or_else(PoisonError::into_inner) = logger;
        }
    }

    fn logger(&self, level: LevelFilter) -> Logger {
        // Other crates are heard when they warn: their notes are not about what is watched.
        let others = level.min(LevelFilter::Warn);
        // The HTTP server takes every malformed request for an error; nobody here can mend what strangers send.
        let filter = format!("{others},actix_http=off,vigil={level},vigil_server={level}");
        let journal = is_journal();
        let mut builder = Builder::from_env(Env::default().default_filter_or(filter));
        builder.format(move |line, record| {
            let secrets = TELL_SECRETS.iter().any(|name| record.target().starts_with(name));
            if secrets && record.level() > Level::Warn {
                return Ok(());
            }
            let message = one_line(&record.args().to_string());
            if journal {
                writeln!(line, "<{}>{message}", priority(record.level()))
            } else {
                let now = jiff_now();
                writeln!(line, "{now} {:<5} {message}", record.level())
            }
        });
        if let Some(entries) = self.queue.clone() {
            builder.target(Target::Pipe(Box::new(Queue { entries, lost: self.lost.clone() })));
        }
        builder.build()
    }
}

/// Whether stderr goes to journald, which says so in `JOURNAL_STREAM` (systemd.exec(5)).
fn is_journal() -> bool {
    let Ok(stream) = env::var("JOURNAL_STREAM") else { return false };
    let Ok(stderr) = io::stderr().as_fd().try_clone_to_owned() else { return false };
    let Ok(about) = File::from(stderr).metadata() else { return false };
    stream == format!("{}:{}", about.dev(), about.ino())
}

/// The priority of a level, as `sd-daemon(3)` has it.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

fn jiff_now() -> String {
    use vigil_server::clock::Clock;
    use vigil_server::clock::SystemClock;

    SystemClock.now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// One entry is one line, whatever others put into it.
fn one_line(message: &str) -> String {
    message.trim_end().replace(|c: char| c.is_control(), " ")
}
