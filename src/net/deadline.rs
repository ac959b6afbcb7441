//! Calls that the system gives no way to cancel: name look-ups, and libraries whose time-outs are per read.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// It did not return in time; its thread ends by itself, later.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// Its thread panicked.
    #[error("the call panicked")]
    Panicked,
    /// No thread could be started for it.
    #[error("no thread could be started: {0}")]
    NoThread(io::Error),
}

/// Runs `call` on a thread of its own, called `name`, and waits for its answer no longer than `limit`.
///
/// # Errors
/// [`Unanswered`], when the call did not answer in time, panicked, or could not be started.
pub fn within<T: Send + 'static>(
    limit: Duration,
    name: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unanswered> {
    let (answer, answered) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Nobody listens any more when the call was late; its answer is dropped then.
            let _ = answer.send(call());
        })
        .map_err(Unanswered::NoThread)?;
    answered.recv_timeout(limit).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => Unanswered::Late(limit),
        mpsc::RecvTimeoutError::Disconnected => Unanswered::Panicked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_time_is_returned() {
        assert_eq!(within(Duration::from_secs(60), "test", || 7).unwrap(), 7);
    }

    #[test]
    fn a_call_that_hangs_is_left_behind() {
        let (keep, hang) = mpsc::channel::<()>();
        let answer = within(Duration::from_millis(10), "test", move || hang.recv());
        assert!(matches!(answer, Err(Unanswered::Late(_))));
        drop(keep);
    }

    #[test]
    fn a_panic_is_an_error_of_the_call() {
        let answer = within(Duration::from_secs(60), "test", || panic!("as the test wants it"));
        assert!(matches!(answer, Err::<(), _>(Unanswered::Panicked)));
    }
}
