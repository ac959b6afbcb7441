//! Giving a part of the page its status.

use crate::clock::Now;
use crate::model::cause::Cause;
use crate::model::map::Standing;
use crate::model::status::Status;
use crate::model::transition::Subject;
use crate::model::transition::Transition;

/// A status and the one that follows.
pub(super) type Step = (Option<Status>, Option<Status>);

/// What an observation changes, from a replica up to the page.
pub(super) struct Settling {
    /// Since when it is true.
    pub(super) since: Now,
    /// When it is known.
    pub(super) now: Now,
    /// Why, when something gets worse by it.
    pub(super) cause: Option<Cause>,
    /// What it changed so far.
    pub(super) transitions: Vec<Transition>,
}

impl Settling {
    /// Gives something its status; tells how it changed, if it did.
    pub(super) fn settle(
        &mut self,
        what: Subject,
        standing: &mut Option<Standing>,
        to: Option<Status>,
    ) -> Option<Step> {
        let from = standing.map(|standing| standing.status);
        if from == to {
            return None;
        }
        // A status does not begin before the one that it follows, nor before that of the part that brings it about.
        let follows = standing.map(|standing| standing.since).filter(|before| before.instant > self.since.instant);
        let since = follows.unwrap_or(self.since);
        self.since = since;
        let lasted = standing.map(|standing| since.instant.saturating_duration_since(standing.since.instant));
        *standing = to.map(|status| Standing { status, since });
        let cause = self.cause.clone().filter(|_| to.is_some_and(|to| to > Status::Healthy));
        self.transitions.push(Transition { at: self.now, since, what, from, to, cause, lasted });
        Some((from, to))
    }
}
