//! Planned maintenance: what people hear of a node that is under it.
//!
//! They hear that it is better than they were told, since they wait for that, but not that it is worse. What was to be
//! told already when the maintenance began is told: it was no part of it. When the maintenance is over they hear how the
//! node is then, since when that is so; of what came and went in the meantime they hear nothing.

use std::collections::HashSet;
use std::time::Duration;

use crate::clock::Now;
use crate::model::status::Status;
use crate::model::transition::NodeKey;

use super::Course;
use super::Grouping;

impl Grouping {
    /// These nodes are under planned maintenance from now on.
    pub fn hush(&mut self, begun: &HashSet<NodeKey>) {
        for key in begun {
            self.hushed.insert(key.clone());
            if let Some(course) = self.courses.get_mut(key) {
                course.early = self.changed.contains(key);
            }
        }
    }

    /// These are no longer.
    pub fn unhush(&mut self, over: &HashSet<NodeKey>, now: Now) {
        for key in over {
            self.hushed.remove(key);
            if let Some(course) = self.courses.get_mut(key) {
                course.forget(now);
            }
            self.weigh(key, now);
        }
    }

    /// Whether people hear nothing bad of that node, since it is under planned maintenance.
    #[must_use]
    pub fn is_hushed(&self, key: &NodeKey) -> bool {
        self.hushed.contains(key)
    }

    /// Whether there is something to tell of a node.
    pub(super) fn is_news(&self, key: &NodeKey, course: &Course) -> bool {
        if self.is_hushed(key) && !course.early {
            course.level(self.rules) < course.told
        } else {
            course.is_news(self.rules)
        }
    }
}

impl Course {
    /// The maintenance is over: what came and went during it is nobody's concern, and what lasts counts from now on.
    fn forget(&mut self, now: Now) {
        if std::mem::take(&mut self.early) {
            return;
        }
        (self.strayed, self.left) = (false, now);
        if self.told < Some(Status::Dead) {
            self.dead = Duration::ZERO;
        }
        if self.told < Some(Status::Sick) {
            self.sick = Duration::ZERO;
        }
    }
}
