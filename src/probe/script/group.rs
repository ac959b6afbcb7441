//! The process group of a script: its start, and its end.

use std::io;
use std::io::PipeWriter;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitId;
use rustix::process::WaitIdOptions;
use rustix::process::WaitOptions;
use rustix::process::kill_process_group;
use rustix::process::test_kill_process_group;
use rustix::process::waitid;
use rustix::process::waitpgid;

use crate::clock::Bell;
use crate::secret::Secret;

/// What `sh` is told to do: every user of the host can read the arguments of a process, but only its own user the
/// environment, where the script is. It does not pass it on.
const RUN: &str = "eval \"unset VIGIL_SCRIPT; $VIGIL_SCRIPT\"";
const VARIABLE: &str = "VIGIL_SCRIPT";

/// How often the end is looked for.
const PAUSE: Duration = Duration::from_millis(1);

/// How long a script that was killed may take to be gone; more only if it hangs in the system, say on a disk that does
/// not answer.
const GRACE: Duration = Duration::from_secs(1);
/// How long the rest of its group is waited for. It is killed already; it counts until whoever has to bury it does.
const BURIAL: Duration = Duration::from_millis(50);

/// A script that runs, with all that it started.
pub(super) struct Group {
    leader: Child,
    id: Pid,
}

/// What became of the leader.
pub(super) enum Fate {
    /// It ended, or was killed.
    Gone(ExitStatus),
    /// It hangs in the system.
    Hangs(Child),
}

impl Group {
    /// Has `sh` run that text; what it writes goes to `output`.
    pub(super) fn start(text: &Secret, output: PipeWriter) -> io::Result<Self> {
        // The command goes at the end of the statement, and with it our ends of the pipe.
        let leader = Command::new("sh")
            .args(["-c", RUN])
            .env(VARIABLE, text.reveal())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        let id = Pid::from_child(&leader);
        Ok(Self { leader, id })
    }

    /// Whether the leader has ended. It stays as it is: while it is not asked for its exit code, no other process can
    /// have its number, nor another group.
    pub(super) fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.id), options)?.is_some())
    }

    /// Kills all of it, and waits until it is gone.
    pub(super) fn end(mut self) -> io::Result<Fate> {
        // It fails when there is nobody left.
        let _ = kill_process_group(self.id, Signal::KILL);
        let (never, mut waited) = (Bell::default(), Duration::ZERO);
        let mut status = None;
        loop {
            status = status.map_or_else(|| self.leader.try_wait(), |status| Ok(Some(status)))?;
            match status {
                Some(status) if waited >= BURIAL || self.is_gone() => return Ok(Fate::Gone(status)),
                None if waited >= GRACE => return Ok(Fate::Hangs(self.leader)),
                Some(_) | None => {}
            }
            let _ = never.wait(Some(PAUSE));
            waited += PAUSE;
        }
    }

    /// Whether no process of the group is left, once the leader is gone.
    fn is_gone(&self) -> bool {
        // Where Vigil is the first process of a container, orphans become its children, and it has to bury them.
        while let Ok(Some(_)) = waitpgid(self.id, WaitOptions::NOHANG) {}
        test_kill_process_group(self.id) == Err(Errno::SRCH)
    }
}
