//! Log lines: with time and level on a terminal or in a file; under journald with a priority and no time, since the
//! journal has its own.

use std::env;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::panic;

use env_logger::Builder;
use env_logger::Env;
use log::Level;
use log::LevelFilter;

/// The HTTP client, which writes whole addresses when it is asked for all that it does: the path of a hook is a secret.
/// Whatever `RUST_LOG` says, only its warnings are heard.
const TELLS_SECRETS: &str = "ureq";

/// Begins to log. `RUST_LOG` wins over `level`.
pub(crate) fn start(level: LevelFilter) {
    // Other crates are heard when they warn: their notes are not about what is watched.
    let others = level.min(LevelFilter::Warn);
    // The HTTP server takes every malformed request for an error; nobody here can mend what strangers send.
    let filter = format!("{others},actix_http=off,vigil={level},vigil_server={level}");
    let journal = is_journal();
    let mut builder = Builder::from_env(Env::default().default_filter_or(filter));
    builder.format(move |line, record| {
        if record.target().starts_with(TELLS_SECRETS) && record.level() > Level::Warn {
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
    // A second start is a fault of a test only; the first logger stays.
    let _ = builder.try_init();
    panic::set_hook(Box::new(|panic| log::error!("{panic}")));
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
