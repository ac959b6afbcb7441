//! Nodes that are watched and of which nothing is known at present: the queue is all that a node has, and nobody can
//! tell its length; or what is asked has just taken the place of something else.
//!
//! They are neither well nor gone: what people were told of them holds until something is known again, or until they
//! are not watched any more. Nobody is reminded of them meanwhile. A notice of something else may say that the page is
//! healthy while they are unknown: then they are told again when they turn out to be as bad as ever.

use crate::clock::Now;
use crate::model::map::Map;
use crate::model::reshape::Departed;
use crate::model::status::Status;
use crate::model::transition::NodeKey;

use super::Course;
use super::Grouping;

impl Grouping {
    /// Goes on from what people were told of a node of which nothing was known when the program ended.
    pub(super) fn resume_unknown(&mut self, key: &NodeKey, told: Option<Status>, map: &Map, now: Now) {
        if told.is_none() {
            return;
        }
        let unknown = is_unknown(map, key, None);
        self.courses.insert(key.clone(), Course { unknown, ..Course::new(told, None, now) });
        if map.node(key.service.as_str(), key.node.as_str()).is_none() {
            // Nobody knows its labels any more.
            let (service, label) = (key.service.as_str().into(), key.node.as_str().into());
            self.depart(Departed { key: key.clone(), service, label });
        }
        self.weigh(key, now);
    }

    /// A notice is made that passes over what is unknown, as better than what was told of it.
    pub(super) fn pass(&mut self, is_better: impl Fn(Status) -> bool) {
        for course in self.courses.values_mut().filter(|course| course.unknown) {
            course.passed |= course.told.is_some_and(&is_better);
        }
    }

    /// The page is another: what was unknown may not be watched any more, which is told.
    pub(super) fn look_for_unknown(&mut self, map: &Map, now: Now) {
        let mut gone = Vec::new();
        for (key, course) in &mut self.courses {
            if course.unknown && !is_unknown(map, key, course.to) {
                (course.unknown, course.at) = (false, now);
                gone.push(key.clone());
            }
        }
        for key in gone {
            self.weigh(&key, now);
        }
        let changed = &self.changed;
        self.departed.retain(|key, _| changed.contains(key));
    }
}

/// Whether a node has no status though it is watched.
pub(super) fn is_unknown(map: &Map, key: &NodeKey, status: Option<Status>) -> bool {
    let node = || map.node(key.service.as_str(), key.node.as_str());
    status.is_none() && node().is_some_and(|node| !node.replicas.is_empty())
}
