//! What went wrong in a session of several steps, in words.

use std::time::Duration;

use crate::model::cause::Failure;
use crate::model::observation::Finding;
use crate::model::words;

/// What a connection came to that was busy with something, as it stands after "while", within `limit`.
pub(super) fn words(found: Finding, busy: &str, limit: Duration) -> String {
    match found {
        Finding::Down(Failure::TimedOut { .. }) => format!("timed out after {} while {busy}", words::duration(limit)),
        Finding::Down(Failure::Closed(_)) => format!("connection closed while {busy}"),
        Finding::Down(failure @ Failure::Other(_)) => format!("{failure} while {busy}"),
        Finding::Down(failure) => failure.to_string(),
        Finding::Blind(what) => what,
        // Nothing else comes of a connection.
        _ => "the server did not answer".to_owned(),
    }
}
