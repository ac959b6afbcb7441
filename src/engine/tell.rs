//! Makes notices when they are due and hands to each channel what it hears of them.

use std::sync::Arc;
use std::time::Instant;

use crate::model::notice::Notice;

use super::channels::Channel;
use super::channels::Channels;
use super::deliver::Deliverer;
use super::guard;
use super::outbox::Outbox;
use super::shared::Shared;
use super::state::Told;

/// The loop that makes notices.
pub(super) struct Teller {
    shared: Shared,
    channels: Channels,
    outbox: Outbox,
}

impl Teller {
    pub(super) fn new(shared: Shared, channels: Channels, outbox: Outbox) -> Self {
        Self { shared, channels, outbox }
    }

    /// Lets maintenance begin and end, and hands out the notice that is due; tells when the next one will be.
    pub(super) fn step(&self) -> Option<Instant> {
        self.shared.keep_up();
        self.tell(false);
        let now = self.shared.now();
        self.shared.with(|state| state.next_notice(now))
    }

    /// Hands out what would have waited for its group: the program ends.
    pub(super) fn flush(&self) {
        self.tell(true);
    }

    fn tell(&self, last: bool) {
        let now = self.shared.now();
        let channels = self.channels.all();
        let made = self.shared.with(|state| {
            let notice = Arc::new(state.notice(now, last)?);
            let told = state.told(&notice);
            let of = |channel: &Channel| state.heard(&notice, &channel.name).and_then(|heard| channel.carried(heard));
            let heard: Vec<_> = channels.iter().map(of).collect();
            state.handed_out(&notice);
            Some((heard, told))
        });
        if let Some((heard, told)) = made {
            self.hand_out(&channels, heard, told);
        }
    }

    /// Has each channel deliver what it hears. What several hear alike is stored once.
    fn hand_out(&self, channels: &[Channel], heard: Vec<Option<Arc<Notice>>>, told: Told) {
        let mut notices: Vec<(Arc<Notice>, Vec<Arc<Deliverer>>)> = Vec::new();
        for (channel, notice) in channels.iter().zip(heard) {
            let Some(notice) = notice else { continue };
            let known = notices.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &notice) || *known == notice);
            match known {
                Some((_, targets)) => targets.extend(channel.targets.iter().cloned()),
                None => notices.push((notice, channel.targets.clone())),
            }
        }
        let keys = |targets: &[Arc<Deliverer>]| targets.iter().map(|one| one.key().as_str().to_owned()).collect();
        let owed = notices.iter().map(|(notice, targets)| (notice.clone(), keys(targets))).collect();
        for (number, (notice, targets)) in self.outbox.owe(owed, told).into_iter().zip(notices) {
            for deliverer in targets {
                deliverer.push(number, notice.clone());
            }
        }
    }

    pub(super) fn run(&self) {
        guard::repeat(&self.shared, self.shared.tell_pulse(), || self.step());
    }
}

#[cfg(test)]
mod reminders;
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::clock::Bell;
    use crate::clock::ManualClock;
    use crate::config::Config;
    use crate::model::cause::Failure;
    use crate::model::id::ReplicaId;
    use crate::model::notice::Kind;
    use crate::model::notice::Urgent;
    use crate::model::observation::Finding;
    use crate::model::observation::Outcome;
    use crate::model::transition::ReplicaKey;
    use crate::net::client::Client;
    use crate::notify;
    use crate::notify::Page;

    use super::super::fixture;
    use super::*;

    const CHANNELS: &str = "[[notify.slack]]\nname = \"all\"\nhook_url = \"http://a/\"\n\
        [[notify.slack]]\nname = \"team\"\nhook_url = \"http://b/\"\n\
        [notify.email]\nto = [\"ops@example.com\", \"boss@example.com\"]\nfrom = \"vigil@example.com\"\n";

    struct Fixture {
        teller: Teller,
        clock: Arc<ManualClock>,
    }

    /// A service of one node `n` and one replica `tcp://SERVICE:80`, with these keys.
    fn service(id: &str, keys: &str) -> String {
        format!(
            "[[probe.service]]\nid = \"{id}\"\nlabel = \"{id}\"\n{keys}\n[[probe.service.node]]\nid = \"n\"\n\
             label = \"n\"\nmode = \"poll\"\nreplicas = [\"tcp://{id}:80\"]\n"
        )
    }

    fn channels(config: &Config, teller: &Teller) {
        let page = Arc::new(Page { title: "Status".to_owned(), url: "https://status.example.com/".to_owned() });
        let client: Client = fixture::tools().client;
        let built = notify::build(&config.notify, &page, &client);
        teller.channels.replace(teller.channels.next(built, &[], &teller.shared, &teller.outbox));
    }

    impl Fixture {
        fn new(text: &str) -> Self {
            let config = fixture::load(text);
            let (shared, clock) = fixture::shared(&config);
            let outbox = Outbox::new(1, &[], clock.clone(), Bell::default());
            let teller = Teller::new(shared, Channels::default(), outbox);
            channels(&config, &teller);
            Self { teller, clock }
        }

        fn check(&self, service: &str, is_well: bool) {
            let (replica, service) = (ReplicaId::configured(&format!("tcp://{service}:80")).unwrap(), service);
            let node = crate::model::fixture::node_key(service, "n");
            let finding = if is_well { Finding::Up(Duration::ZERO) } else { Finding::Down(Failure::Refused) };
            let outcome = Outcome { finding, attempts: 1, took: Duration::ZERO };
            self.teller.shared.record_check(&ReplicaKey { node, replica }, outcome);
        }

        /// What is told now, notice by notice: of which services, and to which targets.
        fn told(&self) -> Vec<(Vec<String>, Vec<String>)> {
            self.clock.advance(Duration::from_mins(1));
            self.teller.outbox.hurry();
            self.teller.step();
            let of = |notice: &Notice| notice.changes.iter().map(|change| change.key.service.to_string()).collect();
            let owed = self.teller.outbox.take().0.owed;
            owed.into_iter().map(|owed| (of(&owed.notice), owed.channels)).collect()
        }

        /// How many notices each target has to deliver.
        fn queued(&self) -> Vec<usize> {
            self.teller.channels.deliverers().iter().map(|deliverer| deliverer.owed()).collect()
        }
    }

    fn notice(of: &[&str], to: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        (owned(of), owned(to))
    }

    const EMAILS: [&str; 2] = ["email ops@example.com", "email boss@example.com"];

    #[test]
    fn each_channel_hears_of_its_nodes_and_what_is_heard_alike_is_stored_once() {
        let routed =
            [service("open", ""), service("team", "notify = [\"team\", \"all\"]"), service("mute", "notify = []")];
        let fixture = Fixture::new(&(CHANNELS.to_owned() + &routed.concat()));
        for service in ["open", "team", "mute"] {
            fixture.check(service, false);
        }
        let wanted = [notice(&["open"], &EMAILS), notice(&["open", "team"], &["all", "team"])];
        assert_eq!(fixture.told(), wanted);
        assert_eq!(fixture.queued(), [1, 1, 1, 1]);
        fixture.check("team", true);
        assert_eq!(fixture.told(), [notice(&["team"], &["all", "team"])]);
        assert_eq!(fixture.queued(), [1, 1, 2, 2]);
        fixture.check("mute", true);
        assert_eq!(fixture.told(), []);
    }

    #[test]
    fn where_nothing_is_routed_all_hear_of_all() {
        let fixture = Fixture::new(&(CHANNELS.to_owned() + &service("open", "")));
        fixture.check("open", false);
        assert_eq!(fixture.told(), [notice(&["open"], &[EMAILS[0], EMAILS[1], "all", "team"])]);
    }

    #[test]
    fn a_channel_of_reminders_hears_of_no_change() {
        let quiet = CHANNELS.replacen("name = \"all\"", "name = \"all\"\nreminders_only = true", 1);
        let fixture = Fixture::new(&(quiet + &service("open", "")));
        fixture.check("open", false);
        assert_eq!(fixture.told(), [notice(&["open"], &[EMAILS[0], EMAILS[1], "team"])]);
        let reminder =
            Notice { kind: Kind::Reminder { number: 1, urgent: Urgent::All }, ..crate::model::fixture::death() };
        let carries = |notice: &Notice| {
            let all = fixture.teller.channels.all();
            all.iter().map(|channel| channel.carried(Arc::new(notice.clone())).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(carries(&reminder), [true, true, true]);
        assert_eq!(carries(&Notice { kind: Kind::Startup, ..reminder }), [true, false, true]);
    }

    #[test]
    fn a_channel_of_reminders_that_keeps_alerts_hears_of_what_is_over_and_of_nothing_else() {
        let channels = "[notify.slack]\nhook_url = \"http://a/\"\nreminders_only = true\n\
            [notify.opsgenie]\napi_key = \"a\"\nreminders_only = true\n\
            [notify.pagerduty]\nrouting_key = \"b\"\nreminders_only = true\n";
        let fixture = Fixture::new(&(channels.to_owned() + &service("one", "") + &service("two", "")));
        fixture.check("one", false);
        assert_eq!(fixture.told(), []);
        fixture.check("one", true);
        fixture.check("two", false);
        assert_eq!(fixture.told(), [notice(&["one"], &["pagerduty", "opsgenie"])]);
        assert_eq!(fixture.queued(), [0, 1, 1]);
    }

    #[test]
    fn who_heard_that_a_node_is_dead_hears_that_it_is_well_though_it_is_routed_away() {
        let text = |keys: &str| CHANNELS.to_owned() + &service("team", keys);
        let fixture = Fixture::new(&text("notify = [\"team\"]"));
        fixture.check("team", false);
        assert_eq!(fixture.told(), [notice(&["team"], &["team"])]);
        let config = fixture::load(&text("notify = [\"all\"]"));
        channels(&config, &fixture.teller);
        fixture.teller.shared.reconfigure(&config);
        assert_eq!(fixture.told(), []);
        fixture.check("team", true);
        assert_eq!(fixture.told(), [notice(&["team"], &["all", "team"])]);
        fixture.check("team", false);
        assert_eq!(fixture.told(), [notice(&["team"], &["all"])]);
    }

    #[test]
    fn a_node_that_is_taken_out_is_told_where_it_was_heard_of() {
        let text = |services: &[String]| CHANNELS.to_owned() + &services.concat();
        let (open, team) = (service("open", ""), service("team", "notify = [\"team\"]"));
        let fixture = Fixture::new(&text(&[open.clone(), team]));
        fixture.check("team", false);
        assert_eq!(fixture.told(), [notice(&["team"], &["team"])]);
        let config = fixture::load(&text(&[open]));
        channels(&config, &fixture.teller);
        fixture.teller.shared.reconfigure(&config);
        assert_eq!(fixture.told(), [notice(&["team"], &["team"])]);
        fixture.check("open", false);
        assert_eq!(fixture.told()[0].1.len(), 4);
    }
}
