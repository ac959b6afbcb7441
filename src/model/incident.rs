//! Incidents: from the first death in a service until none of its nodes is dead any more.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::clock::Now;
use crate::clock::after;

use super::cause::Cause;
use super::id::Id;
use super::status::Status;
use super::transition::NodeKey;
use super::transition::Subject;
use super::transition::Transition;

/// The open incidents, made of transitions. At most one a service: it lasts while any of its nodes is dead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incidents {
    open: IndexMap<Id, Open>,
    /// The node of the replica that changed last, if nothing is known of that replica any more: what its node then does
    /// is no recovery.
    forgotten: Option<NodeKey>,
}

/// An open incident, with what is asked of it at every change, however many nodes it has.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    incident: Incident,
    /// The place of each node among those that died.
    places: HashMap<Id, usize>,
    /// How many of them are dead.
    dead: usize,
}

/// An outage of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number, as the caller gave it.
    pub id: u64,
    /// The service.
    pub service: Id,
    /// When its first node died.
    pub opened: Now,
    /// Why.
    pub cause: Option<Cause>,
    /// The nodes that died, in the order in which they first did.
    pub affected: Vec<Affected>,
    /// When and how the last of them ended; none while one is dead.
    pub closed: Option<Ended>,
}

/// A node that died in an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Affected {
    /// The node.
    pub node: Id,
    /// When it died, the first time.
    pub since: Now,
    /// Why, the first time.
    pub cause: Option<Cause>,
    /// How often it died: between two deaths it may have been well while others were dead.
    pub deaths: u32,
    /// When it died, the last time.
    pub again: Now,
    /// How long it was dead in all, without the last time if that is not over.
    pub down: Duration,
    /// When and how it ended, the last time; none while it is dead.
    pub until: Option<Ended>,
}

/// An end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Now,
    /// How.
    pub how: End,
}

/// How something ceased to be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is healthy or sick.
    Recovered,
    /// What was dead is no longer watched: it left the configuration, or signed off. Nobody saw it recover.
    Unwatched,
}

/// What became of an incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The one of that number began.
    Opened(u64),
    /// Another of its nodes died, or one of them is not dead any more.
    Changed(u64),
    /// It is over.
    Closed(Incident),
}

impl Open {
    fn new(incident: Incident) -> Self {
        let places = (0..).zip(&incident.affected).map(|(at, affected)| (affected.node.clone(), at)).collect();
        let dead = incident.affected.iter().filter(|affected| affected.until.is_none()).count();
        Self { incident, places, dead }
    }
}

impl Incidents {
    /// Goes on with incidents that were open when the program ended.
    #[must_use]
    pub fn resume(open: impl IntoIterator<Item = Incident>) -> Self {
        let open = open.into_iter().map(|incident| (incident.service.clone(), Open::new(incident)));
        Self { open: open.collect(), forgotten: None }
    }

    /// Those that are open, in the order in which they were opened.
    #[must_use]
    pub fn open(&self) -> impl ExactSizeIterator<Item = &Incident> {
        self.open.values().map(|open| &open.incident)
    }

    /// Takes in a transition: every one that judging brings forth, in order. An incident that it opens gets that `id`.
    /// A service is dead while a node of it is, so the transitions of nodes say all; what a node was before is not
    /// asked, since after a restart it may be unknown.
    pub fn apply(&mut self, transition: &Transition, id: u64) -> Option<Change> {
        match (&transition.what, transition.to) {
            (Subject::Replica(replica), to) => {
                self.forgotten = to.is_none().then(|| replica.node.clone());
                None
            }
            (Subject::Node(node), Some(Status::Dead)) => {
                self.die(node, transition.since, transition.cause.as_ref(), id)
            }
            (Subject::Node(node), Some(Status::Healthy | Status::Sick)) => {
                let unwatched = self.forgotten.as_ref() == Some(node);
                let how = if unwatched { End::Unwatched } else { End::Recovered };
                self.end(node, Ended { at: transition.at, how })
            }
            (Subject::Node(node), None) => self.end(node, Ended { at: transition.at, how: End::Unwatched }),
            (Subject::Service(_) | Subject::Page, _) => None,
        }
    }

    /// A node is dead since a moment. An incident that this opens gets that `id`.
    pub(super) fn die(&mut self, key: &NodeKey, at: Now, cause: Option<&Cause>, id: u64) -> Option<Change> {
        let first = || Affected {
            node: key.node.clone(),
            since: at,
            cause: cause.cloned(),
            deaths: 1,
            again: at,
            down: Duration::ZERO,
            until: None,
        };
        let open = match self.open.entry(key.service.clone()) {
            Entry::Vacant(place) => {
                let (service, cause, affected) = (key.service.clone(), cause.cloned(), vec![first()]);
                place.insert(Open::new(Incident { id, service, opened: at, cause, affected, closed: None }));
                return Some(Change::Opened(id));
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        let affected = &mut open.incident.affected;
        let known = match open.places.get(&key.node) {
            Some(at) => affected.get_mut(*at),
            None => None,
        };
        match known {
            None => {
                open.places.insert(key.node.clone(), affected.len());
                affected.push(first());
            }
            Some(affected) => {
                // That it is dead may be known already, from before a restart.
                affected.until.take()?;
                affected.deaths = affected.deaths.saturating_add(1);
                affected.again = at;
            }
        }
        open.dead = open.dead.saturating_add(1);
        Some(Change::Changed(open.incident.id))
    }

    fn end(&mut self, key: &NodeKey, ended: Ended) -> Option<Change> {
        let open = self.open.get_mut(&key.service)?;
        let affected = open.incident.affected.get_mut(*open.places.get(&key.node)?)?;
        if affected.until.is_some() {
            return None;
        }
        affected.end(ended);
        open.dead = open.dead.saturating_sub(1);
        if open.dead > 0 {
            return Some(Change::Changed(open.incident.id));
        }
        let mut incident = self.open.shift_remove(&key.service)?.incident;
        incident.closed = Some(ended.not_before(incident.opened));
        Some(Change::Closed(incident))
    }
}

impl Ended {
    /// On a wall clock that was set back meanwhile nothing ends before it begins: then it ended when it should have.
    fn not_before(self, begin: Now) -> Self {
        if self.at.wall >= begin.wall {
            return self;
        }
        let lasted = self.at.instant.saturating_duration_since(begin.instant);
        Self { at: Now { wall: after(begin, lasted).wall, ..self.at }, ..self }
    }
}

impl Affected {
    /// It is not dead any more; nothing happens if it was not.
    pub fn end(&mut self, ended: Ended) {
        if self.until.is_none() {
            let lasted = ended.at.instant.saturating_duration_since(self.again.instant);
            self.down = self.down.saturating_add(lasted);
            self.until = Some(ended.not_before(self.again));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cause::Failure;
    use super::super::fixture;
    use super::super::fixture::down;
    use super::super::fixture::events::events;
    use super::super::fixture::events::map_with_queue;
    use super::super::fixture::id;
    use super::super::fixture::key;
    use super::super::fixture::load;
    use super::super::fixture::node_key;
    use super::super::fixture::outcome;
    use super::super::fixture::secs;
    use super::super::fixture::up;
    use super::super::map::Map;
    use super::super::observation::Finding;
    use super::*;
    use crate::clock::Clock;
    use crate::clock::before;

    /// What became of incidents, as `+1 web api` (opened), `~1 web api,site` (changed; a node that is not dead any more
    /// in parentheses) and `-1 web ..` (closed).
    fn told(incidents: &mut Incidents, transitions: &[Transition], id: u64) -> Vec<String> {
        let node = |affected: &Affected| match affected.until {
            None => affected.node.to_string(),
            Some(Ended { how: End::Recovered, .. }) => format!("({})", affected.node),
            Some(Ended { how: End::Unwatched, .. }) => format!("({} unwatched)", affected.node),
        };
        let text = |sign: char, incident: &Incident| {
            let nodes: Vec<String> = incident.affected.iter().map(node).collect();
            format!("{sign}{} {} {}", incident.id, incident.service, nodes.join(","))
        };
        let mut texts = Vec::new();
        for transition in transitions {
            let Some(change) = incidents.apply(transition, id) else { continue };
            let open = |number| incidents.open().find(|one| one.id == number).unwrap();
            texts.push(match &change {
                Change::Opened(number) => text('+', open(*number)),
                Change::Changed(number) => text('~', open(*number)),
                Change::Closed(incident) => text('-', incident),
            });
        }
        texts
    }

    #[test]
    fn an_incident_lasts_from_the_first_death_to_the_last_recovery() {
        let (mut map, clock, mut incidents) = (fixture::map(), fixture::clock(), Incidents::default());
        let refused = || Finding::Down(Failure::Refused);
        let broken = || Finding::Down(Failure::HttpStatus(500));
        let slow = || Finding::Up(secs(11));
        for (number, node, replica, finding, wanted) in [
            (1, "api", "a", up().finding, &[][..]),
            (2, "api", "a", slow(), &[]),
            (3, "api", "a", refused(), &["+3 web api"]),
            (4, "api", "b", broken(), &[]),
            (5, "site", "a", broken(), &["~3 web api,site"]),
            (6, "api", "a", up().finding, &[]),
            (7, "api", "b", up().finding, &["~3 web (api),site"]),
            (8, "api", "b", broken(), &["~3 web api,site"]),
            (9, "site", "a", slow(), &["~3 web api,(site)"]),
            (10, "api", "b", slow(), &["-3 web (api),(site)"]),
            (11, "api", "b", up().finding, &[]),
            (12, "site", "a", refused(), &["+12 web site"]),
        ] {
            clock.advance(secs(60));
            let transitions = map.record_check(&key("web", node, replica), outcome(finding), clock.now());
            assert_eq!(told(&mut incidents, &transitions, number), wanted, "{number}");
        }
    }

    #[test]
    fn an_incident_knows_when_and_why() {
        let (mut map, clock, mut incidents) = (fixture::map(), fixture::clock(), Incidents::default());
        let check =
            |map: &mut Map, node, finding| map.record_check(&key("web", node, "a"), outcome(finding), clock.now());
        let start = clock.now();
        let mut last = None;
        for (node, finding) in [
            ("api", Finding::Down(Failure::Refused)),
            ("site", Finding::Down(Failure::HttpStatus(500))),
            ("api", up().finding),
            ("api", Finding::Down(Failure::HttpStatus(404))),
            ("api", up().finding),
            ("site", up().finding),
        ] {
            for transition in check(&mut map, node, finding) {
                last = incidents.apply(&transition, 1).or(last);
            }
            clock.advance(secs(60));
        }
        let at = |minutes: u64| after(start, secs(60 * minutes));
        // A check of these takes a second.
        let first_failure = |minutes| before(at(minutes), secs(1));
        let ended = |minutes| Some(Ended { at: at(minutes), how: End::Recovered });
        let part = |node, since, cause: &Cause, (deaths, again, down), until| Affected {
            node: id(node),
            since: first_failure(since),
            cause: Some(cause.clone()),
            deaths,
            again: first_failure(again),
            down: secs(down),
            until: ended(until),
        };
        let (refused, broken) = (Cause::Failed(Failure::Refused), Cause::Failed(Failure::HttpStatus(500)));
        let affected = vec![part("api", 0, &refused, (2, 3, 61 + 121), 4), part("site", 1, &broken, (1, 1, 241), 5)];
        let (opened, cause, closed) = (first_failure(0), Some(refused), ended(5));
        let wanted = Incident { id: 1, service: id("web"), opened, cause, affected, closed };
        assert_eq!(last, Some(Change::Closed(wanted)));
    }

    #[test]
    fn what_leaves_while_dead_has_not_recovered() {
        let (mut map, now, mut incidents) = (fixture::map(), fixture::now(), Incidents::default());
        let mut checks = |map: &mut Map| {
            let mut transitions = Vec::new();
            for (node, replica, outcome) in [("api", "a", down()), ("api", "b", up()), ("site", "a", down())] {
                transitions.extend(map.record_check(&key("web", node, replica), outcome, now));
            }
            told(&mut incidents, &transitions, 1)
        };
        assert_eq!(checks(&mut map), ["+1 web api", "~1 web api,site"]);
        let mut shape = fixture::map();
        shape.services.get_mut("web").unwrap().nodes.shift_remove("api");
        let transitions = map.reshape(shape.clone(), now).transitions;
        assert_eq!(told(&mut incidents, &transitions, 2), ["~1 web (api unwatched),site"]);
        shape.services.shift_remove("web");
        let transitions = map.reshape(shape, now).transitions;
        assert_eq!(told(&mut incidents, &transitions, 3), ["-1 web (api unwatched),(site unwatched)"]);
        map.record_report(&node_key("app", "push"), load("a", 0.1, 30), 9, now).unwrap();
        let died = map.expire(&key("app", "push", "a"), now.instant + secs(50), after(now, secs(50)));
        assert_eq!(told(&mut incidents, &died.transitions, 4), ["+4 app push"]);
        let gone = map.remove(&key("app", "push", "a"), now).unwrap();
        assert_eq!(told(&mut incidents, &gone, 5), ["-4 app (push unwatched)"]);
    }

    #[test]
    fn an_incident_survives_a_restart() {
        let (mut map, now, mut incidents) = (fixture::map(), fixture::now(), Incidents::default());
        told(&mut incidents, &map.record_check(&key("web", "site", "a"), down(), now), 1);
        let mut incidents = Incidents::resume(incidents.open().cloned());
        let mut map = fixture::map();
        let still = map.record_check(&key("web", "site", "a"), down(), now);
        assert_eq!(told(&mut incidents, &still, 2), [""; 0]);
        let well = map.record_check(&key("web", "site", "a"), up(), now);
        assert_eq!(told(&mut incidents, &well, 3), ["-1 web (site)"]);
        let mut incidents = Incidents::resume(incidents.open().cloned());
        assert_eq!(incidents.open().count(), 0);
        assert_eq!(told(&mut incidents, &well, 4), [""; 0]);
    }

    proptest! {
        #[test]
        fn the_open_incidents_are_the_services_that_are_dead(events in events()) {
            let (mut map, clock) = (map_with_queue(), fixture::clock());
            let (mut first, mut second) = (Incidents::default(), Incidents::default());
            let mut id = 0;
            for (pause, event) in events {
                clock.advance(secs(pause));
                for transition in event.happen(&mut map, clock.now()) {
                    id += 1;
                    let change = first.apply(&transition, id);
                    prop_assert_eq!(&second.apply(&transition, id), &change);
                    if let Some(Change::Closed(incident)) = change {
                        let last = incident.affected.iter().filter_map(|one| one.until.map(|until| until.at.instant)).max();
                        prop_assert_eq!(last, incident.closed.map(|closed| closed.at.instant));
                        prop_assert!(incident.affected.iter().all(|one| one.until.is_some()));
                    }
                }
                let mut dead: Vec<Id> = Vec::new();
                for (service_id, service) in &map.services {
                    let standing = service.standing.filter(|standing| standing.status == Status::Dead);
                    if let Some(standing) = standing {
                        // It may have been sick when the first attempt failed.
                        prop_assert!(first.open[service_id].incident.opened.instant <= standing.since.instant);
                        dead.push(service_id.clone());
                    }
                    let is_dead = |node: &Id| service.nodes[node].standing.is_some_and(|one| one.status == Status::Dead);
                    let nodes = service.nodes.keys().filter(|node| is_dead(node)).count();
                    let open = first.open.get(service_id).map_or(0, |one| one.incident.affected.iter().filter(|one| one.until.is_none()).count());
                    prop_assert_eq!(open, nodes);
                    prop_assert_eq!(first.open.get(service_id).map_or(0, |one| one.dead), nodes);
                }
                let mut open: Vec<Id> = first.open().map(|one| one.service.clone()).collect();
                open.sort_unstable();
                dead.sort_unstable();
                prop_assert_eq!(open, dead);
            }
            prop_assert_eq!(first, second);
        }
    }
}
