//! `scripts`: a replica is as the exit code of its script says: 0 healthy, 1 sick, anything else dead.
//!
//! A script is the leader of a process group. When it ends, and at the latest at its deadline, the whole group is
//! killed: nothing that it started in the background lives on, and nothing that holds its output open is waited for.
//! Only what leaves the group on purpose, as `setsid` does, gets away.

use std::io;
use std::io::PipeReader;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use rustix::io::Errno;
use rustix::io::ioctl_fionbio;
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
use crate::clock::Clock;
use crate::clock::Wake;
use crate::model::cause::Failure;
use crate::model::cause::ScriptEnd;
use crate::model::observation::Finding;
use crate::secret::Secret;

use super::Probe;

/// What `sh` is told to do: every user of the host can read the arguments of a process, but only its own user the
/// environment, where the script is. It does not pass it on.
const RUN: &str = "eval \"unset VIGIL_SCRIPT; $VIGIL_SCRIPT\"";
const VARIABLE: &str = "VIGIL_SCRIPT";

/// How often a script that runs is looked after: soon at first, so that its time is known well, then seldom.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long a script that was killed may take to be gone; more only if it hangs in the system, on a disk that does not
/// answer.
const GRACE: Duration = Duration::from_secs(1);
/// How long the rest of its group is waited for. It is killed already; it counts until whoever has to bury it does.
const BURIAL: Duration = Duration::from_millis(50);

/// How much of the output is kept, from its end, and how much of that is said.
const KEPT_BYTES: usize = 4 * 1024;
const SAID_CHARS: usize = 200;

/// Asks by running a script.
pub struct Script {
    text: Secret,
    end: Bell,
}

/// Why a script is no longer waited for.
enum Over {
    Ended,
    TimedOut,
    Stopped,
}

/// Why Vigil cannot run any script, if it cannot.
#[must_use]
pub fn obstacle() -> Option<String> {
    let shell = Command::new("sh").args(["-c", ":"]).stdin(Stdio::null()).stdout(Stdio::null()).status();
    shell.err().map(|error| why(&error))
}

impl Script {
    /// A probe that has `sh` run `text`; a run is cut short when `end` is stopped.
    #[must_use]
    pub fn new(text: Secret, end: Bell) -> Self {
        Self { text, end }
    }

    fn run(&self, limit: Duration, clock: &dyn Clock) -> io::Result<Finding> {
        let start = clock.now().instant;
        let spent = || clock.now().instant.saturating_duration_since(start);
        let (mut output, writer) = io::pipe()?;
        ioctl_fionbio(&output, true)?;
        let mut group = Group::start(&self.text, writer)?;
        let mut tail = Tail::default();
        let over = loop {
            let said = tail.read(&mut output)?;
            let time = spent();
            if group.has_ended()? {
                break Over::Ended;
            }
            let Some(left) = limit.checked_sub(time).filter(|left| !left.is_zero()) else { break Over::TimedOut };
            let pause = if said { SHORTEST_PAUSE } else { (time / 8).clamp(SHORTEST_PAUSE, LONGEST_PAUSE) };
            if self.end.wait(Some(pause.min(left))) == Wake::Stopped {
                break Over::Stopped;
            }
        };
        let took = spent();
        let status = group.end()?;
        tail.read(&mut output)?;
        let failed = |end| Failure::Script(end, tail.words());
        Ok(match (over, status.code(), status.signal()) {
            (Over::Stopped, ..) => Finding::Blind("Vigil is about to end".to_owned()),
            (Over::TimedOut, ..) => Finding::Down(failed(ScriptEnd::TimedOut(limit))),
            (Over::Ended, Some(0), _) => Finding::Up(took),
            (Over::Ended, Some(1), _) => Finding::Ailing(took, failed(ScriptEnd::Code(1))),
            (Over::Ended, Some(code), _) => Finding::Down(failed(ScriptEnd::Code(code))),
            (Over::Ended, None, signal) => Finding::Down(failed(ScriptEnd::Signal(signal.unwrap_or_default()))),
        })
    }
}

impl Probe for Script {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        self.run(limit, clock)
            .unwrap_or_else(|error| Finding::Blind(format!("its script could not be run: {}", why(&error))))
    }
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no `sh` on this host".to_owned(),
        _ => error.to_string(),
    }
}

/// A script that runs, with all that it started.
struct Group {
    leader: Child,
    id: Pid,
    is_over: bool,
}

impl Group {
    fn start(text: &Secret, output: io::PipeWriter) -> io::Result<Self> {
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
        Ok(Self { leader, id, is_over: false })
    }

    /// Whether the leader has ended. It stays as it is: while it is not asked for its exit code, no other process can
    /// have its number, nor another group.
    fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.id), options)?.is_some())
    }

    /// Kills all of it, and waits until it is gone.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let (never, mut waited) = (Bell::default(), Duration::ZERO);
        let mut status = None;
        loop {
            status = status.map_or_else(|| self.leader.try_wait(), |status| Ok(Some(status)))?;
            match status {
                Some(status) if waited >= BURIAL || self.is_gone() => return Ok(status),
                None if waited >= GRACE => return Err(io::Error::other("it hangs in the system and cannot be killed")),
                Some(_) | None => {}
            }
            let _ = never.wait(Some(SHORTEST_PAUSE));
            waited += SHORTEST_PAUSE;
        }
    }

    fn kill(&mut self) {
        self.is_over = true;
        // It fails when there is nobody left.
        let _ = kill_process_group(self.id, Signal::KILL);
    }

    /// Whether no process of the group is left, once the leader is gone.
    fn is_gone(&self) -> bool {
        // Where Vigil is the first process of a container, orphans become its children, and it has to bury them.
        while let Ok(Some(_)) = waitpgid(self.id, WaitOptions::NOHANG) {}
        test_kill_process_group(self.id) == Err(Errno::SRCH)
    }
}

impl Drop for Group {
    /// However its check ended, nothing of it is left behind.
    fn drop(&mut self) {
        if !self.is_over {
            self.kill();
            let _ = self.leader.wait();
        }
    }
}

/// The end of an output.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// Takes what there is to read, at most as much as a pipe holds; tells whether there was anything.
    fn read(&mut self, output: &mut PipeReader) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        for part in 0..4 {
            match output.read(&mut buffer) {
                Ok(0) => return Ok(part > 0),
                Ok(read) => {
                    self.0.extend_from_slice(&buffer[..read]);
                    self.0.drain(..self.0.len().saturating_sub(KEPT_BYTES));
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    return Ok(part > 0);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Its last line that has words in it.
    fn words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let plain = |line: &str| line.chars().filter(|one| !one.is_control()).collect::<String>().trim().to_owned();
        let line = text.split(['\n', '\r']).rev().map(plain).find(|line| !line.is_empty())?;
        Some(match line.char_indices().nth(SAID_CHARS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::thread;

    use crate::clock::SystemClock;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(150);

    fn ask(text: &str, limit: Duration) -> Finding {
        Script::new(Secret::new(text), Bell::default()).ask(limit, &SystemClock)
    }

    /// The finding in short.
    fn told(finding: Finding) -> String {
        match finding {
            Finding::Up(_) => "up".to_owned(),
            Finding::Ailing(_, failure) => format!("sick: {failure}"),
            Finding::Down(failure) => format!("dead: {failure}"),
            Finding::Blind(why) => format!("blind: {why}"),
        }
    }

    #[test]
    fn the_exit_code_says_how_a_replica_is_and_the_last_line_why() {
        let long = format!("printf '%0{}d' 0; exit 2", SAID_CHARS + 1);
        let cut = format!("dead: exit code 2: {}…", "0".repeat(SAID_CHARS));
        for (text, wanted) in [
            ("exit 0", "up"),
            ("true", "up"),
            ("echo all is well", "up"),
            ("exit 1", "sick: exit code 1"),
            ("echo first; echo disk 93% full; echo; exit 1", "sick: exit code 1: disk 93% full"),
            ("echo out; echo err >&2; exit 2", "dead: exit code 2: err"),
            ("exit 3", "dead: exit code 3"),
            ("kill -9 $$", "dead: ended by signal 9"),
            ("printf 'a\\001b\\033c\\t\\377d\\r\\n \\n'; exit 2", "dead: exit code 2: abc\u{fffd}d"),
            ("if", "dead: exit code 2"),
            ("no-such-command-here", "dead: exit code 127"),
            (&long, &cut),
            ("[ -z \"$VIGIL_SCRIPT\" ] && ! env | grep VIGIL_SCRIPT=", "up"),
            ("! read -r line", "up"),
            ("a=1\ncat <<END | grep -q '^two 1$'\none\ntwo $a\nEND", "up"),
            ("yes | head -c 300000; echo end; exit 1", "sick: exit code 1: end"),
        ] {
            let told = told(ask(text, LONG));
            assert!(told == wanted || told.starts_with(&format!("{wanted}: sh: ")), "{text}: {told}");
        }
    }

    #[test]
    fn a_script_that_takes_too_long_is_dead_at_its_timeout() {
        let start = SystemClock.now().instant;
        assert_eq!(
            told(ask("echo waiting for the disk; sleep 60", SHORT)),
            "dead: killed after 150 ms: waiting for the disk"
        );
        assert_eq!(told(ask("exec yes", SHORT)), "dead: killed after 150 ms: y");
        assert!(SystemClock.now().instant - start < LONG);
    }

    #[test]
    fn what_keeps_the_output_open_is_not_waited_for() {
        let start = SystemClock.now().instant;
        assert_eq!(told(ask("sleep 60 & echo started; exit 1", LONG)), "sick: exit code 1: started");
        assert_eq!(told(ask("setsid sleep 2 & sleep 0.1; exit 0", LONG)), "up");
        assert!(SystemClock.now().instant - start < LONG);
    }

    #[test]
    fn a_run_is_cut_short_when_the_program_ends() {
        let end = Bell::default();
        let script = Script::new(Secret::new("sleep 60"), end.clone());
        let run = thread::spawn(move || script.ask(LONG, &SystemClock));
        end.stop();
        assert_eq!(told(run.join().unwrap()), "blind: Vigil is about to end");
    }

    /// The processes whose environment has `mark` in it.
    fn alive(mark: &str) -> usize {
        let has_mark = |entry: &fs::DirEntry| {
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            environment.windows(mark.len()).any(|part| part == mark.as_bytes())
        };
        fs::read_dir("/proc").unwrap().filter_map(Result::ok).filter(has_mark).count()
    }

    /// `VIGIL_SCRIPT_RUNS=1000 cargo test forks_and_sleeps` is the long version.
    #[test]
    fn a_script_that_forks_and_sleeps_for_ever_leaves_no_process_behind() {
        let runs = env::var("VIGIL_SCRIPT_RUNS").map_or(20, |runs| runs.parse().unwrap());
        let mark = format!("VIGIL_TEST_MARK={}", std::process::id());
        let text = format!("export {mark}; trap '' TERM HUP; (sleep 1000 & sleep 1000) & sleep 1000 | sleep 1000");
        let seen = thread::spawn({
            let text = text.clone();
            move || ask(&text, Duration::from_secs(1))
        });
        let start = SystemClock.now().instant;
        while alive(&mark) < 4 && SystemClock.now().instant - start < LONG {}
        assert_eq!(told(seen.join().unwrap()), "dead: killed after 1 s");
        assert_eq!(alive(&mark), 0);
        for run in 0..runs {
            assert_eq!(told(ask(&text, SHORT)), "dead: killed after 150 ms", "run {run}");
            assert_eq!(alive(&mark), 0, "run {run}");
        }
    }
}
