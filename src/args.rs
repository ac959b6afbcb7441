//! The command line.

use std::path::Path;
use std::path::PathBuf;

use clap::Parser;
use clap::Subcommand;
use clap::ValueHint;

/// Where the configuration is looked for when it is not named.
const DEFAULT_FILES: [&str; 2] = ["./config.cfg", "/etc/vigil/vigil.cfg"];

/// What the signals do. These texts stand in the manual page, too.
pub(crate) const SIGNALS: &str = "SIGTERM, SIGINT and SIGQUIT end Vigil in order. SIGHUP has it read its configuration \
                                  again: what did not change keeps its state, and a file that is refused changes nothing.";

/// What the exit status says.
pub(crate) const EXIT_STATUS: &str = "0 after a signal that ends it, 1 when something failed, 2 when the configuration or \
                                      the command line is refused.";

/// What the environment does.
pub(crate) const ENVIRONMENT: &str = "RUST_LOG, where it is set, wins over `log_level`. STATE_DIRECTORY, which systemd \
                                      sets, is where history is kept, unless `[storage]` says where.";

/// Status page for your infrastructure: watches services, shows how they are, tells when that changes.
#[derive(Debug, Parser)]
#[command(name = "vigil", bin_name = "vigil", display_name = "vigil-server", version, about)]
#[command(after_help = format!("Signals: {SIGNALS}\nExit status: {EXIT_STATUS}\nEnvironment: {ENVIRONMENT}"))]
pub(crate) struct Args {
    /// Configuration file [default: ./config.cfg, then /etc/vigil/vigil.cfg]
    #[arg(short, long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// What to do; without a command, serve the page
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What else the program does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the configuration and say what was understood; exit 1 for unknown keys, 2 for errors
    Check,
    /// Send a test notice through every channel; exit 1 if one fails
    NotifyTest,
    /// List the notices that are owed, each with what its last try failed with
    Outbox,
    /// Ask the Vigil that runs how it is itself, whatever its services do; exit 1 if it does not answer
    Health {
        /// Its address, where that is not the `inet` of the configuration
        #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
        url: Option<String>,
    },
}

impl Args {
    /// The configuration file: the one that is named, or the first default that is there.
    pub(crate) fn file(&self) -> PathBuf {
        if let Some(file) = &self.config {
            return file.clone();
        }
        // One that may not be looked at is there, too: what is wrong with it is said when it is read.
        let there = DEFAULT_FILES.iter().map(Path::new).find(|file| file.try_exists().unwrap_or(true));
        there.unwrap_or(Path::new(DEFAULT_FILES[0])).to_owned()
    }
}
