//! The program: arguments to a configuration, a configuration to an engine and a server, their end to an exit code.

#[macro_use]
mod terminal;

mod args;
mod logging;
mod parts;
mod run;
mod serve;
mod supervisor;

use std::process::ExitCode;

use clap::Parser;
use vigil_server::config::error::ConfigError;
use vigil_server::history::error::HistoryError;

use self::args::Args;
use self::args::Command;

/// A channel failed, or the configuration has unknown keys.
const FAILED: u8 = 1;

/// The configuration cannot be used, or the command line was wrong.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let file = args.file();
    let ended = match args.command {
        None => serve::serve(&file),
        Some(Command::Check) => run::check(&file),
        Some(Command::NotifyTest) => run::notify_test(&file),
        Some(Command::Outbox) => run::outbox(&file),
        Some(Command::Health { url }) => run::health(&file, url.as_deref()),
    };
    match ended {
        Ok(run::End::Well) => ExitCode::SUCCESS,
        Ok(run::End::Failed) => ExitCode::from(FAILED),
        Err(error) => {
            complain!("vigil: {error}");
            let database = error.downcast_ref::<HistoryError>();
            let refused = error.is::<ConfigError>() || database.is_some_and(HistoryError::forbids_start);
            ExitCode::from(if refused { REFUSED } else { FAILED })
        }
    }
}
