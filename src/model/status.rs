//! The three statuses, and the worst of many.

use std::fmt;

use serde_derive::Deserialize;
use serde_derive::Serialize;

/// How something is. Ordered: the greater is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No issue.
    Healthy,
    /// Works, but slowly or under high load.
    Sick,
    /// Does not work.
    Dead,
}

impl Status {
    /// Every status, from best to worst.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Sick, Self::Dead];

    /// The word that machines read, and people too: `healthy`, `sick` or `dead`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Sick => "sick",
            Self::Dead => "dead",
        }
    }

    /// The worst of `statuses`; none when there are none.
    pub fn worst_of(statuses: impl IntoIterator<Item = Self>) -> Option<Self> {
        statuses.into_iter().max()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_status() -> impl Strategy<Value = Status> {
        prop::sample::select(Status::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn worst_of_does_not_depend_on_the_order(mut all in prop::collection::vec(any_status(), 0..20)) {
            let worst = Status::worst_of(all.clone());
            all.reverse();
            prop_assert_eq!(Status::worst_of(all.clone()), worst);
            prop_assert_eq!(all.iter().all(|one| Some(*one) <= worst), true);
        }
    }
}
