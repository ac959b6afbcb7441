//! `scripts`: a replica is as the exit code of its script says: 0 healthy, 1 sick, anything else dead.
//!
//! A script is the leader of a process group. When it ends, and at the latest at its deadline, the whole group is
//! killed: nothing that it started in the background lives on, and nothing that holds its output open is waited for.
//! Only what leaves the group on purpose, as `setsid` does, gets away.

mod group;
mod tail;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use rustix::io::ioctl_fionbio;

use crate::clock::Bell;
use crate::clock::Clock;
use crate::clock::Wake;
use crate::model::cause::Failure;
use crate::model::cause::ScriptEnd;
use crate::model::observation::Finding;
use crate::secret::Secret;

use self::group::Fate;
use self::group::Group;
use self::tail::Tail;

use super::Probe;

/// How often a script that runs is looked after: soon at first, so that its time is known well, then seldom.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Asks by running a script.
pub struct Script {
    text: Secret,
    end: Bell,
    /// What was killed and hangs in the system. Until it is gone the script is not run again: they would pile up.
    hanging: Mutex<Option<Child>>,
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
        Self { text, end, hanging: Mutex::default() }
    }

    fn run(&self, limit: Duration, clock: &dyn Clock) -> io::Result<Finding> {
        let start = clock.now().instant;
        let spent = || clock.now().instant.saturating_duration_since(start);
        let (mut output, writer) = io::pipe()?;
        ioctl_fionbio(&output, true)?;
        let group = Group::start(&self.text, writer)?;
        let mut tail = Tail::default();
        let over = self.watch(&group, || tail.read(&mut output), limit, spent);
        let took = spent();
        // Whatever came of watching it, nothing of it is left behind.
        let fate = group.end()?;
        tail.read(&mut output)?;
        let failed = |end| Failure::Script(end, tail.words());
        Ok(match (over?, fate) {
            (Over::Stopped, _) => Finding::Blind("Vigil is about to end".to_owned()),
            (Over::TimedOut, Fate::Gone(_)) => Finding::Down(failed(ScriptEnd::TimedOut(limit))),
            (Over::TimedOut | Over::Ended, Fate::Hangs(leader)) => {
                *self.hanging() = Some(leader);
                Finding::Down(failed(ScriptEnd::TimedOut(limit)))
            }
            (Over::Ended, Fate::Gone(status)) => match (status.code(), status.signal()) {
                (Some(0), _) => Finding::Up(took),
                (Some(1), _) => Finding::Ailing(took, failed(ScriptEnd::Code(1))),
                (Some(code), _) => Finding::Down(failed(ScriptEnd::Code(code))),
                (None, signal) => Finding::Down(failed(ScriptEnd::Signal(signal.unwrap_or_default()))),
            },
        })
    }

    /// Waits until a script need not be waited for any more; `read` takes what it has written meanwhile.
    fn watch(
        &self,
        group: &Group,
        mut read: impl FnMut() -> io::Result<bool>,
        limit: Duration,
        spent: impl Fn() -> Duration,
    ) -> io::Result<Over> {
        loop {
            let said = read()?;
            let time = spent();
            if group.has_ended()? {
                return Ok(Over::Ended);
            }
            let Some(left) = limit.checked_sub(time).filter(|left| !left.is_zero()) else { return Ok(Over::TimedOut) };
            let pause = if said { SHORTEST_PAUSE } else { (time / 8).clamp(SHORTEST_PAUSE, LONGEST_PAUSE) };
            if self.end.wait(Some(pause.min(left))) == Wake::Stopped {
                return Ok(Over::Stopped);
            }
        }
    }

    /// Whether the run before this one is still there, although it was killed.
    fn still_hangs(&self) -> bool {
        let mut hanging = self.hanging();
        let hangs = hanging.as_mut().is_some_and(|leader| matches!(leader.try_wait(), Ok(None)));
        if !hangs {
            *hanging = None;
        }
        hangs
    }

    fn hanging(&self) -> MutexGuard<'_, Option<Child>> {
        self.hanging.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Probe for Script {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        if self.still_hangs() {
            let why = "the run before cannot be killed, and hangs in the system".to_owned();
            return Finding::Down(Failure::Script(ScriptEnd::TimedOut(limit), Some(why)));
        }
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

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::thread;

    use crate::clock::SystemClock;

    use super::tail::SAID_CHARS;
    use super::*;

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(150);

    fn ask(text: &str, limit: Duration) -> Finding {
        Script::new(Secret::new(text), Bell::default()).ask(limit, &SystemClock)
    }

    /// The finding in short.
    fn told(finding: Finding) -> String {
        match finding {
            Finding::Up(_) | Finding::Certified { .. } => "up".to_owned(),
            Finding::Ailing(_, failure) => format!("sick: {failure}"),
            Finding::Down(failure) => format!("dead: {failure}"),
            Finding::Blind(why) => format!("blind: {why}"),
            other @ (Finding::Queue(_) | Finding::Unread(_)) => format!("{other:?}"),
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

    #[test]
    fn a_script_whose_last_run_cannot_be_killed_is_dead_and_not_run_again() {
        let script = Script::new(Secret::new("exit 0"), Bell::default());
        *script.hanging() = Some(Command::new("sleep").arg("60").spawn().unwrap());
        let wanted = "dead: killed after 30 s: the run before cannot be killed, and hangs in the system";
        assert_eq!(told(script.ask(LONG, &SystemClock)), wanted);
        script.hanging().as_mut().unwrap().kill().unwrap();
        while script.still_hangs() {}
        assert_eq!(told(script.ask(LONG, &SystemClock)), "up");
    }

    /// The processes whose environment has `mark` in it.
    fn alive(mark: &str) -> usize {
        let has_mark = |entry: &fs::DirEntry| {
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            environment.windows(mark.len()).any(|part| part == mark.as_bytes())
        };
        fs::read_dir("/proc").unwrap().filter_map(Result::ok).filter(has_mark).count()
    }

    /// Waits until none of them is left, and tells whether that is so: what is killed is gone as soon as the machine has
    /// time for it.
    fn all_gone(mark: &str) -> bool {
        let start = SystemClock.now().instant;
        while alive(mark) > 0 && SystemClock.now().instant - start < LONG {}
        alive(mark) == 0
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
        assert!(all_gone(&mark));
        for run in 0..runs {
            assert_eq!(told(ask(&text, SHORT)), "dead: killed after 150 ms", "run {run}");
            assert!(all_gone(&mark), "run {run}: {} are left", alive(&mark));
        }
    }
}
