//! Notices that need several requests: a retry goes on where the last try ended.

use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::Timestamp;

use crate::model::notice::Notice;

use super::SendError;

/// How far the last notice got. What it remembers ends with the program: a repeated request must then be harmless.
#[derive(Debug, Default)]
pub(super) struct Series(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    /// When the notice was made, by which it is known.
    notice: Option<Timestamp>,
    /// How many of its requests are dealt with.
    done: usize,
    /// How many of those were refused for good, and the last reason.
    refused: Option<(usize, SendError)>,
}

impl Series {
    /// Sends what was not sent yet of the requests of `notice`, in order, which are the same whenever it is tried.
    ///
    /// # Errors
    /// The first error that may pass; else, once all were tried, the last one that will not.
    pub(super) fn send<T>(
        &self,
        notice: &Notice,
        requests: &[T],
        send: impl Fn(&T) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.notice != Some(notice.at) {
            *progress = Progress { notice: Some(notice.at), ..Progress::default() };
        }
        for request in requests.iter().skip(progress.done) {
            match send(request) {
                Ok(()) => {}
                Err(error) if !error.permanent => return Err(error),
                Err(error) => {
                    let before = progress.refused.as_ref().map_or(0, |(count, _)| *count);
                    progress.refused = Some((before + 1, error));
                }
            }
            progress.done += 1;
        }
        let refused = progress.refused.take();
        *progress = Progress::default();
        match refused {
            None => Ok(()),
            Some((_, error)) if requests.len() == 1 => Err(error),
            Some((count, error)) => {
                Err(SendError { what: format!("{count} of {} requests failed: {error}", requests.len()), ..error })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::secs;

    use super::*;

    #[test]
    fn a_retry_repeats_only_what_failed() {
        let (series, seen) = (Series::default(), RefCell::new(Vec::new()));
        let broken = RefCell::new(Some(2));
        let send = |request: &u32| {
            seen.borrow_mut().push(*request);
            if *broken.borrow() == Some(*request) { Err(SendError::passing("busy")) } else { Ok(()) }
        };
        assert_eq!(series.send(&death(), &[1, 2, 3], send), Err(SendError::passing("busy")));
        assert_eq!(series.send(&death(), &[1, 2, 3], send), Err(SendError::passing("busy")));
        *broken.borrow_mut() = None;
        assert_eq!(series.send(&death(), &[1, 2, 3], send), Ok(()));
        assert_eq!(seen.take(), [1, 2, 2, 2, 3]);
    }

    #[test]
    fn another_notice_begins_anew() {
        let (series, seen) = (Series::default(), RefCell::new(Vec::new()));
        let send = |request: &u32| {
            seen.borrow_mut().push(*request);
            if *request == 2 { Err(SendError::passing("busy")) } else { Ok(()) }
        };
        assert!(series.send(&death(), &[1, 2], send).is_err());
        let later = Notice { at: death().at + secs(60), ..recovery() };
        assert_eq!(series.send(&later, &[1, 3], send), Ok(()));
        assert_eq!(seen.take(), [1, 2, 1, 3]);
    }

    #[test]
    fn one_that_is_refused_does_not_keep_the_others_from_being_sent() {
        let (series, seen) = (Series::default(), RefCell::new(Vec::new()));
        let send = |request: &u32| {
            seen.borrow_mut().push(*request);
            if *request == 1 { Err(SendError::permanent("HTTP 400")) } else { Ok(()) }
        };
        let refused = SendError::permanent("1 of 2 requests failed: HTTP 400");
        assert_eq!(series.send(&death(), &[1, 2], send), Err(refused));
        assert_eq!(seen.take(), [1, 2]);
        assert_eq!(series.send(&death(), &[1], send), Err(SendError::permanent("HTTP 400")));
    }
}
