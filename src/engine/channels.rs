//! The channels that notices go to, each with a deliverer a target. Another configuration replaces the whole list.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use crate::clock::Now;
use crate::history::Owed;
use crate::model::notice::Notice;
use crate::notify;
use crate::notify::text::title;

use super::deliver::Deliverer;
use super::deliver::GIVE_UP;
use super::deliver::Key;
use super::deliver::Way;
use super::outbox::Outbox;
use super::shared::Shared;

/// The longest name of a thread that Linux keeps.
const THREAD_LONGEST: usize = 15;

/// The channels of the present configuration. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Channels(Arc<RwLock<Arc<[Channel]>>>);

/// A channel.
#[derive(Clone)]
pub(super) struct Channel {
    /// Its name.
    pub(super) name: Arc<str>,
    /// Whether it carries only reminders.
    reminders_only: bool,
    /// Whether it keeps alerts open until it is told that they are over.
    keeps_alerts: bool,
    /// Its targets.
    pub(super) targets: Vec<Arc<Deliverer>>,
}

/// The list of another configuration, before it takes the place of the present one.
pub(super) struct Next {
    /// All of it.
    channels: Vec<Channel>,
    /// The targets that were not there before.
    pub(super) fresh: Vec<Arc<Deliverer>>,
    /// Those that were taken out before, and had not come to their end.
    pub(super) back: Vec<Arc<Deliverer>>,
    /// Those that were, and how they are reached from now on.
    renewed: Vec<(Arc<Deliverer>, Way)>,
}

impl Channel {
    /// What it carries of a notice; none where that is nothing.
    pub(super) fn carried(&self, notice: Arc<Notice>) -> Option<Arc<Notice>> {
        if !self.reminders_only || notice.is_reminder() {
            return Some(notice);
        }
        // An alert that a reminder opened would stay open for ever.
        self.keeps_alerts.then(|| notice.endings()).flatten().map(Arc::new)
    }
}

impl Channels {
    /// Every channel, in the order of the configuration.
    pub(super) fn all(&self) -> Arc<[Channel]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every target of every channel.
    pub(super) fn deliverers(&self) -> Vec<Arc<Deliverer>> {
        self.all().iter().flat_map(|channel| channel.targets.iter().cloned()).collect()
    }

    /// Who delivers what is owed under that key: the target itself. What is owed to a channel that had no name for its
    /// target, or has none now, goes to the first target.
    pub(super) fn heir(&self, key: &str) -> Option<Arc<Deliverer>> {
        let (name, target) = Key::parts(key);
        let all = self.all();
        let channel = all.iter().find(|channel| &*channel.name == name)?;
        let itself = channel.targets.iter().find(|one| one.key().as_str() == key);
        let nameless = || channel.targets.first().filter(|one| target.is_empty() || one.key().as_str() == name);
        itself.or_else(nameless).cloned()
    }

    /// Makes a list of these; what is in both lists keeps its queue, and so does what was taken out and still delivers.
    pub(super) fn next(
        &self,
        channels: Vec<notify::Channel>,
        former: &[Arc<Deliverer>],
        shared: &Shared,
        outbox: &Outbox,
    ) -> Next {
        let present = self.deliverers();
        let present: HashMap<&str, &Arc<Deliverer>> = present.iter().map(|one| (one.key().as_str(), one)).collect();
        let mut next = Next { channels: Vec::new(), fresh: Vec::new(), back: Vec::new(), renewed: Vec::new() };
        for channel in channels {
            let labels: Vec<String> = (0..channel.targets.len()).map(|position| channel.label(position)).collect();
            let count = channel.targets.len();
            let mut targets = Vec::with_capacity(count);
            for (position, (target, label)) in channel.targets.into_iter().zip(labels).enumerate() {
                let (key, way) =
                    (Key::new(&channel.name, &target.name), Way { label, notifier: target.notifier.into() });
                let deliverer = if let Some(known) = present.get(key.as_str()) {
                    next.renewed.push(((*known).clone(), way));
                    (*known).clone()
                } else if let Some(back) = former.iter().find(|one| *one.key() == key && one.go_on()) {
                    next.renewed.push((back.clone(), way));
                    next.back.push(back.clone());
                    back.clone()
                } else {
                    let thread = thread_name(&channel.name, position, count);
                    let new = Arc::new(Deliverer::new(key, thread, way, shared.clone(), outbox.clone()));
                    next.fresh.push(new.clone());
                    new
                };
                targets.push(deliverer);
            }
            next.channels.push(Channel {
                name: channel.name,
                reminders_only: channel.reminders_only,
                keeps_alerts: channel.keeps_alerts,
                targets,
            });
        }
        next
    }

    /// Puts that list in place of the present one; tells which targets are gone.
    pub(super) fn replace(&self, next: Next) -> Vec<Arc<Deliverer>> {
        for (deliverer, way) in next.renewed {
            deliverer.renew(way);
        }
        let mut gone = self.deliverers();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next.channels.into();
        let present = self.deliverers();
        gone.retain(|one| !present.iter().any(|other| Arc::ptr_eq(one, other)));
        gone
    }

    /// Queues what is owed from before the program started.
    pub(super) fn resume(&self, owed: &Owed, outbox: &Outbox, now: Now) {
        let age = now.wall.duration_since(owed.notice.at).unsigned_abs();
        for key in &owed.channels {
            if let Some(deliverer) = self.heir(key) {
                deliverer.take_over(owed.id, key, owed.notice.clone());
            } else if age < GIVE_UP {
                log::warn!("{key}: owed, but not configured any more: {}", title(&owed.notice));
            } else {
                log::error!("{key}: given up after a day, not configured any more: {}", title(&owed.notice));
                outbox.settle(owed.id, key);
            }
        }
    }

    /// Queues for these, which are new, what they are owed: they may have been in the configuration before.
    pub(super) fn take_over(&self, fresh: &[Arc<Deliverer>], owed: Vec<Owed>) {
        for Owed { id, notice, channels } in owed {
            for key in channels {
                let heir = self.heir(&key).filter(|heir| fresh.iter().any(|one| Arc::ptr_eq(one, heir)));
                if let Some(deliverer) = heir {
                    deliverer.take_over(id, &key, notice.clone());
                }
            }
        }
    }
}

/// The name of the thread of one of so many targets of a channel: `vigil-slack`, `vigil-email-2`. Of a long name of a
/// channel the beginning has to do.
fn thread_name(channel: &str, position: usize, count: usize) -> String {
    let number = if count == 1 { String::new() } else { format!("-{}", position + 1) };
    let room = THREAD_LONGEST.saturating_sub("vigil-".len() + number.len());
    let channel: String = channel.chars().take(room).collect();
    format!("vigil-{channel}{number}")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Mutex;

    use crate::clock::Bell;
    use crate::clock::Clock as _;
    use crate::clock::ManualClock;
    use crate::model::fixture::death;
    use crate::notify::Notifier;
    use crate::notify::SendError;
    use crate::notify::Target;

    use super::super::deliver::End;
    use super::super::fixture;
    use super::*;

    /// Keeps under which name it was told.
    struct Told(&'static str, Arc<Mutex<Vec<&'static str>>>);

    impl Notifier for Told {
        fn send(&self, _: &Notice) -> Result<(), SendError> {
            self.1.lock().unwrap().push(self.0);
            Ok(())
        }
    }

    struct Fixture {
        channels: Channels,
        shared: Shared,
        outbox: Outbox,
        /// The targets that were taken out.
        former: RefCell<Vec<Arc<Deliverer>>>,
        told: Arc<Mutex<Vec<&'static str>>>,
        clock: Arc<ManualClock>,
    }

    impl Fixture {
        fn new(channels: &[(&str, &[&'static str])]) -> Self {
            let (shared, clock) = fixture::shared(&fixture::config("", &[]));
            let outbox = Outbox::new(1, &[], clock.clone(), Bell::default());
            let (former, told) = (RefCell::default(), Arc::default());
            let fixture = Self { channels: Channels::default(), shared, outbox, former, told, clock };
            fixture.follow(channels);
            fixture
        }

        /// Follows a configuration with these channels and their targets; tells how many are new and how many gone.
        fn follow(&self, channels: &[(&str, &[&'static str])]) -> (usize, usize) {
            let target = |name: &&'static str| Target {
                name: (*name).to_owned(),
                notifier: Box::new(Told(name, self.told.clone())),
            };
            let channel = |(name, targets): &(&str, &[&'static str])| notify::Channel {
                name: (*name).into(),
                reminders_only: false,
                keeps_alerts: false,
                targets: targets.iter().map(target).collect(),
            };
            let channels = channels.iter().map(channel).collect();
            let former = self.former.borrow().clone();
            let next = self.channels.next(channels, &former, &self.shared, &self.outbox);
            let fresh = next.fresh.len();
            let gone = self.channels.replace(next);
            for one in &gone {
                one.drain(End::TakenOut);
            }
            let count = gone.len();
            self.former.borrow_mut().extend(gone);
            (fresh, count)
        }

        fn owed(&self, id: u64, keys: &[&str]) -> Owed {
            let notice = Notice { at: self.clock.now().wall, ..death() };
            Owed { id, notice: Arc::new(notice), channels: keys.iter().map(|key| (*key).to_owned()).collect() }
        }

        /// Delivers all that is queued; tells to whom.
        fn deliver(&self) -> Vec<&'static str> {
            for deliverer in self.channels.deliverers() {
                deliverer.drain(End::Program);
                deliverer.run();
            }
            self.told.lock().unwrap().clone()
        }

        /// Who is to deliver what is owed under that key.
        fn heir(&self, key: &str) -> Option<String> {
            self.channels.heir(key).map(|heir| heir.key().as_str().to_owned())
        }
    }

    #[test]
    fn what_is_owed_finds_its_target_whatever_the_version_before_called_it() {
        let fixture = Fixture::new(&[("slack", &[""]), ("email", &["ops@a", "boss@a"]), ("gone", &[])]);
        for (key, wanted) in [
            ("slack", Some("slack")),
            ("email boss@a", Some("email boss@a")),
            // A version before wrote no recipient, since there was but one.
            ("email", Some("email ops@a")),
            // It has no names for its targets any more.
            ("slack #general", Some("slack")),
            ("email else@a", None),
            ("twilio", None),
            ("gone", None),
        ] {
            assert_eq!(fixture.heir(key).as_deref(), wanted, "{key}");
        }
    }

    #[test]
    fn what_is_owed_from_before_a_start_is_delivered_by_its_heirs_and_struck_off_as_it_was_written() {
        let fixture = Fixture::new(&[("email", &["ops@a", "boss@a"])]);
        let owed = fixture.owed(7, &["email", "email boss@a", "email else@a"]);
        fixture.channels.resume(&owed, &fixture.outbox, fixture.clock.now());
        assert_eq!(fixture.deliver(), ["ops@a", "boss@a"]);
        let settled = fixture.outbox.take().0.settled;
        assert_eq!(settled, [(7, "email".to_owned()), (7, "email boss@a".to_owned())]);
    }

    #[test]
    fn what_is_in_both_configurations_keeps_its_queue_and_is_reached_in_the_new_way() {
        let fixture = Fixture::new(&[("email", &["ops@a", "boss@a"]), ("slack", &[""])]);
        let before = fixture.channels.deliverers();
        fixture.channels.resume(&fixture.owed(1, &["email boss@a"]), &fixture.outbox, fixture.clock.now());
        assert_eq!(fixture.follow(&[("slack", &[""]), ("email", &["boss@a", "else@a"]), ("more", &[""])]), (2, 1));
        let after = fixture.channels.deliverers();
        let keys: Vec<&str> = after.iter().map(|one| one.key().as_str()).collect();
        assert_eq!(keys, ["slack", "email boss@a", "email else@a", "more"]);
        assert!(Arc::ptr_eq(&before[2], &after[0]) && Arc::ptr_eq(&before[1], &after[1]));
        assert_eq!((after[1].owed(), after[2].owed()), (1, 0));
        assert_eq!(fixture.deliver(), ["boss@a"]);
    }

    #[test]
    fn one_that_comes_back_takes_over_what_it_owed_and_the_others_do_not_get_it_twice() {
        let fixture = Fixture::new(&[("email", &["ops@a"])]);
        let owed = fixture.owed(1, &["email ops@a", "email boss@a", "slack"]);
        let next: &[(&str, &[&str])] = &[("email", &["ops@a", "boss@a"])];
        assert_eq!(fixture.follow(next), (1, 0));
        let fresh = [fixture.channels.deliverers()[1].clone()];
        fixture.channels.take_over(&fresh, vec![owed]);
        assert_eq!(fixture.deliver(), ["boss@a"]);
    }

    #[test]
    fn one_that_comes_back_before_it_ends_goes_on_and_one_that_has_ended_is_new() {
        let with: &[(&str, &[&str])] = &[("slack", &[""])];
        let fixture = Fixture::new(with);
        let slack = fixture.channels.deliverers().remove(0);
        slack.push(1, fixture.owed(1, &["slack"]).notice);
        assert_eq!(fixture.follow(&[]), (0, 1));
        assert_eq!(fixture.follow(with), (0, 0));
        assert!(Arc::ptr_eq(&slack, &fixture.channels.deliverers()[0]));
        assert_eq!(slack.owed(), 1);
        assert_eq!(fixture.follow(&[]), (0, 1));
        slack.run();
        assert_eq!(*fixture.told.lock().unwrap(), [""]);
        assert_eq!(fixture.follow(with), (1, 0));
        assert!(!Arc::ptr_eq(&slack, &fixture.channels.deliverers()[0]));
    }

    #[test]
    fn threads_have_names_that_tell_them_apart() {
        for (channel, position, count, wanted) in [
            ("slack", 0, 1, "vigil-slack"),
            ("email", 0, 2, "vigil-email-1"),
            ("email", 1, 2, "vigil-email-2"),
            ("a-channel-with-a-long-name", 0, 1, "vigil-a-channel"),
            ("a-channel-with-a-long-name", 11, 12, "vigil-a-chan-12"),
        ] {
            let name = thread_name(channel, position, count);
            assert!(name.len() <= THREAD_LONGEST);
            assert_eq!(name, wanted);
        }
    }
}
