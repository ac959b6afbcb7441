//! How many children have which status, so that the worst of thousands is known without looking at each.

use super::status::Status;

/// Counts by status. A child that is not judged yet is in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([usize; 3]);

impl Tally {
    /// Moves one child from a status to another.
    pub fn shift(&mut self, from: Option<Status>, to: Option<Status>) {
        if let Some(from) = from {
            self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        }
        if let Some(to) = to {
            self.0[to as usize] += 1;
        }
    }

    /// How many children have `status`.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.0[status as usize]
    }

    /// The worst status that any child has; none when none is judged.
    #[must_use]
    pub fn worst(&self) -> Option<Status> {
        Status::worst_of(Status::ALL.into_iter().filter(|status| self.count(*status) > 0))
    }
}
