//! The tests of planned maintenance: what may be planned, when it is under way, and what it does to the page.

use proptest::prelude::*;

use crate::clock::Clock;
use crate::model::fixture;
use crate::model::fixture::events::events;
use crate::model::fixture::id;
use crate::model::fixture::node_key;
use crate::model::fixture::secs;
use crate::model::status::Status;

use super::*;

/// What is done to a draft that fits.
type Change = fn(&mut Draft);

/// 24 Nov 2026, 01:12:05 UTC.
const NOW: Timestamp = Timestamp::constant(1_795_482_725, 0);

fn draft(targets: &[&str], from: i64, to: i64) -> Draft {
    Draft {
        title: "New disks".to_owned(),
        text: None,
        targets: targets.iter().map(|target| target.parse().unwrap()).collect(),
        starts_at: Some(minutes(from)),
        ends_at: minutes(to),
    }
}

fn minutes(minutes: i64) -> Timestamp {
    NOW + jiff::SignedDuration::from_mins(minutes)
}

fn number(number: u8) -> Uuid {
    Uuid::of_random([number; 16])
}

fn planned(one: u8, targets: &[&str], from: i64, to: i64) -> Maintenance {
    Maintenance::plan(draft(targets, from, to), number(one), &fixture::map(), minutes(from.min(0))).unwrap()
}

#[test]
fn what_cannot_be_is_refused_with_what_would_be_right() {
    let with = |change: Change| {
        let mut draft = draft(&["web"], 10, 70);
        change(&mut draft);
        Maintenance::plan(draft, number(1), &fixture::map(), NOW).map_err(|unfit| unfit.to_string())
    };
    let changes: [(Change, &str); 11] = [
        (|one| one.title = String::new(), "`title` is empty: send 1 to 200 characters"),
        (|one| one.title = "ü".repeat(201), "`title` has 201 characters: send 1 to 200"),
        (|one| one.text = Some("ü".repeat(5_001)), "`text` has 5001 characters: send 1 to 5000"),
        (
            |one| one.targets = vec![Target::Service(id("web")); 201],
            "`targets` has more than 200 entries; the whole page is `[]`",
        ),
        (
            |one| one.targets = vec!["web:nowhere".parse().unwrap()],
            "`targets`: there is no `web:nowhere` on this page; a service is named by its id, a node as `service:node`",
        ),
        (|one| one.ends_at = minutes(10), "`ends_at` is not after `starts_at`"),
        (|one| one.ends_at = minutes(9), "`ends_at` is not after `starts_at`"),
        (|one| one.ends_at = NOW, "`ends_at` has passed"),
        (|one| one.ends_at = minutes(11 + 31 * 24 * 60), "it would last for longer than 31 days"),
        (
            |one| (one.starts_at, one.ends_at) = (Some(minutes(1 + 366 * 24 * 60)), minutes(9 + 366 * 24 * 60)),
            "`starts_at` is more than 366 days ahead",
        ),
        (|one| one.ends_at = Timestamp::MAX, "it would last for longer than 31 days"),
    ];
    for (change, wanted) in changes {
        assert_eq!(with(change), Err(wanted.to_owned()));
    }
    let fits: [Change; 7] = [
        |_| {},
        |one| one.title = " ".to_owned(),
        |one| one.title = "ü".repeat(200),
        |one| one.text = Some("\tsome\r\nlines ".to_owned() + &"ü".repeat(4_980)),
        |one| one.targets = Vec::new(),
        |one| one.ends_at = minutes(10 + 31 * 24 * 60),
        |one| (one.starts_at, one.ends_at) = (Some(minutes(366 * 24 * 60)), minutes(397 * 24 * 60)),
    ];
    for change in fits {
        with(change).unwrap();
    }
    let written = |one: &mut Draft| {
        (one.title, one.text) = ("two\r\nlines".to_owned(), Some("a\r\nb\tc\u{1b}[31m".to_owned()));
    };
    let kept = with(written).unwrap();
    assert_eq!((kept.title.as_str(), kept.text.as_deref()), ("two lines", Some("a\nb c [31m")));
}

#[test]
fn what_begins_now_or_earlier_begins_now_and_times_are_as_they_are_stored() {
    let of = |starts_at: Option<Timestamp>, ends_at| {
        let draft = Draft { starts_at, ends_at, text: Some(" \n".to_owned()), ..draft(&[], 0, 0) };
        Maintenance::plan(draft, number(1), &fixture::map(), NOW).unwrap()
    };
    let nanos = jiff::SignedDuration::from_nanos(1_999_999);
    for starts_at in [None, Some(minutes(-60)), Some(Timestamp::MIN), Some(NOW + jiff::SignedDuration::from_nanos(1))] {
        let planned = of(starts_at, minutes(5) + nanos);
        assert_eq!((planned.starts_at, planned.ends_at), (NOW, minutes(5) + jiff::SignedDuration::from_millis(1)));
        assert_eq!((planned.text.as_deref(), planned.phase(NOW)), (None, Phase::Active));
    }
    // A start long ago does not make it too long.
    of(Some(Timestamp::MIN), minutes(31 * 24 * 60));
}

#[test]
fn a_target_that_is_named_twice_stands_there_once() {
    assert_eq!(planned(1, &["web", "web:api", "web"], 0, 60).targets, planned(1, &["web", "web:api"], 0, 60).targets);
}

#[test]
fn a_target_is_a_service_or_a_node_of_it() {
    let (web, api) = (Target::Service(id("web")), Target::Node(node_key("web", "api")));
    assert_eq!(["web", "web:api"].map(str::parse::<Target>), [Ok(web.clone()), Ok(api.clone())]);
    for (wrong, why) in [("", "is empty"), (":", "is empty"), ("web:", "is empty"), ("a\n", "has a control character")]
    {
        assert_eq!(wrong.parse::<Target>().unwrap_err().to_string(), why, "{wrong:?}");
    }
    assert_eq!(serde_json::to_string(&[web, api.clone()]).unwrap(), r#"["web","web:api"]"#);
    assert_eq!(serde_json::from_str::<Target>(r#""web:api""#).unwrap(), api);
}

#[test]
fn colons_in_ids_are_understood_by_what_there_is() {
    let mut map = fixture::map();
    let node = || fixture::node(crate::model::map::Mode::Poll, &["a"]);
    for (service, nodes) in [("a:b", vec![("c", node()), ("c:d", node())]), ("a:b:c:d:e", vec![("f", node())])] {
        map.services.insert(id(service), fixture::service("S", nodes));
    }
    for (text, wanted) in [
        ("a:b", Target::Service(id("a:b"))),
        ("a:b:c", Target::Node(node_key("a:b", "c"))),
        ("a:b:c:d", Target::Node(node_key("a:b", "c:d"))),
        ("a:b:c:d:e", Target::Service(id("a:b:c:d:e"))),
        ("a:b:nowhere", Target::Node(node_key("a", "b:nowhere"))),
    ] {
        assert_eq!(text.parse::<Target>().unwrap().resolved(&map), wanted, "{text}");
    }
}

#[test]
fn a_maintenance_is_under_way_from_its_start_until_its_end() {
    let mut agenda = Agenda::default();
    agenda.add(planned(1, &["web"], 10, 20), NOW).unwrap();
    agenda.add(planned(2, &["web:api", "app:push"], 15, 30), NOW).unwrap();
    agenda.add(planned(3, &[], 40, 50), NOW).unwrap();
    let words = |agenda: &Agenda, minute| {
        let mut covered: Vec<String> =
            agenda.covered(&fixture::map(), minutes(minute)).iter().map(NodeKey::to_string).collect();
        covered.sort();
        covered.join(" ")
    };
    for (minute, wanted) in [
        (9, ""),
        (10, "web:api web:site"),
        (15, "app:push web:api web:site"),
        (20, "app:push web:api"),
        (30, ""),
        (40, "app:local app:push web:api web:site"),
        (50, ""),
    ] {
        assert_eq!(words(&agenda, minute), wanted, "{minute}");
    }
    let mut boundaries = Vec::new();
    let mut at = NOW;
    while let Some(next) = agenda.next_boundary(at) {
        boundaries.push(next.duration_since(NOW).as_mins());
        at = next;
    }
    assert_eq!(boundaries, [10, 15, 20, 30, 40, 50]);
    let ahead = |agenda: &Agenda, minute, within: u64| -> Vec<i64> {
        let within = Duration::from_secs(within * 60);
        agenda.ahead(minutes(minute), within).iter().map(|one| one.starts_at.duration_since(NOW).as_mins()).collect()
    };
    assert_eq!((ahead(&agenda, 0, 15), ahead(&agenda, 25, 14)), (vec![10, 15], vec![15]));
    assert_eq!(agenda.last_end(&node_key("web", "site"), NOW, minutes(25)), Some(minutes(20)));
    assert_eq!(agenda.last_end(&node_key("web", "api"), NOW, minutes(25)), None, "it is under another one");
    assert_eq!(agenda.last_end(&node_key("web", "site"), minutes(20), minutes(25)), None, "it died after it");
    // Ended by hand, called off, and over.
    assert_eq!(agenda.end(number(2), minutes(25)).unwrap().end(), minutes(25));
    let off = agenda.end(number(3), minutes(25)).unwrap();
    assert_eq!((off.phase(minutes(45)), off.ended_at), (Phase::Cancelled, Some(minutes(25))), "when it was called off");
    assert_eq!(
        off.words(),
        "\"New disks\" of the whole page, from 2026-11-24T01:52:05Z until 2026-11-24T02:02:05Z \
         (03030303-0303-4303-8303-030303030303)"
    );
    for (over, what) in [(1, "over"), (2, "ended"), (3, "called off"), (4, "unknown")] {
        assert_eq!(agenda.end(number(over), minutes(25)), None, "{what}");
    }
    assert_eq!([20, 25, 45].map(|minute| words(&agenda, minute)), ["app:push web:api", "", ""]);
    assert_eq!(agenda.next_boundary(minutes(25)), None);
    assert_eq!(agenda.all().len(), 3);
}

#[test]
fn only_so_many_are_planned_and_only_so_many_are_kept() {
    let mut agenda = Agenda::default();
    let id = |number: usize| Uuid::of_random(u128::try_from(number).unwrap().to_be_bytes());
    let one = |number| Maintenance { id: id(number), ..planned(1, &["web"], 10, 20) };
    for number in 0..WAITING_MAX {
        agenda.add(one(number), NOW).unwrap();
    }
    assert_eq!(
        agenda.add(one(999), NOW).unwrap_err().to_string(),
        "100 maintenances are planned already; end one first"
    );
    agenda.end(id(7), NOW);
    agenda.add(one(999), NOW).unwrap();
    for number in 1_000..1_600 {
        agenda
            .add(Maintenance { ends_at: minutes(20 + i64::try_from(number).unwrap()), ..one(number) }, NOW)
            .unwrap_or_else(|_| {
                agenda.end(id(number - 1), NOW);
                agenda.take_over([one(number)]);
            });
    }
    agenda.end(id(0), NOW);
    agenda.add(one(2_000), NOW).unwrap();
    assert_eq!(agenda.all().len(), PAST_MAX + WAITING_MAX);
}

#[test]
fn a_node_under_maintenance_counts_for_itself_alone() {
    let (mut map, clock) = (fixture::map(), fixture::clock());
    let words = |map: &Map| {
        let of = |standing: Option<crate::model::map::Standing>| standing.map_or("?", |one| one.status.word());
        format!("{} {}", of(map.services[&id("web")].standing), of(map.standing))
    };
    let (api, site) = (node_key("web", "api"), node_key("web", "site"));
    map.record_check(&fixture::key("web", "api", "a"), fixture::up(), clock.now());
    map.record_check(&fixture::key("web", "site", "a"), fixture::up(), clock.now());
    assert_eq!(map.maintain(&api, true, clock.now()), [], "the other one is as well as it was");
    let transitions = map.record_check(&fixture::key("web", "api", "a"), fixture::down(), clock.now());
    assert_eq!((transitions.len(), words(&map).as_str()), (2, "healthy healthy"));
    assert_eq!(map.node("web", "api").unwrap().standing.unwrap().status, Status::Dead);
    assert_eq!((map.maintain(&site, true, clock.now()).len(), words(&map).as_str()), (2, "? ?"));
    assert!(map.services[&id("web")].is_maintained() && !map.is_maintained());
    assert_eq!(map.status(), Status::Healthy);
    clock.advance(secs(60));
    let over = map.maintain(&api, false, clock.now());
    let told: Vec<_> = over.iter().map(|one| (one.what.to_string(), one.to, one.since == clock.now())).collect();
    let dead = Some(Status::Dead);
    assert_eq!(told, [("service web".to_owned(), dead, true), ("page".to_owned(), dead, true)]);
    assert_eq!(map.maintain(&api, false, clock.now()), [], "it is over already");
    assert_eq!(map.maintain(&node_key("web", "nowhere"), true, clock.now()), []);
}

proptest! {
    #[test]
    fn what_is_covered_changes_at_boundaries_alone(
        windows in prop::collection::vec((0i64..60, 1i64..30, prop::sample::select(vec![&["web"][..], &["web:api"], &[], &["app:local", "web:site"]])), 1..8),
        ended in prop::collection::vec((0u8..8, -5i64..90), 0..4),
    ) {
        let mut agenda = Agenda::default();
        for (one, (from, length, targets)) in (0u8..).zip(windows) {
            agenda.add(planned(one, targets, from, from + length), NOW).unwrap();
        }
        for (one, at) in ended {
            agenda.end(number(one), minutes(at));
        }
        let map = fixture::map();
        let mut at = minutes(-10);
        for minute in -10..100 {
            if agenda.next_boundary(at) == Some(minutes(minute)) {
                at = minutes(minute);
            } else {
                prop_assert_eq!(agenda.covered(&map, minutes(minute)), agenda.covered(&map, at));
            }
            let halfway = minutes(minute) + Duration::from_secs(30);
            prop_assert_eq!(agenda.covered(&map, halfway), agenda.covered(&map, minutes(minute)));
        }
        prop_assert_eq!(agenda.next_boundary(at), None);
    }

    #[test]
    fn services_and_the_page_are_as_bad_as_what_is_not_under_maintenance(
        events in events(),
        turns in prop::collection::vec((0usize..4, any::<bool>()), 60),
    ) {
        let (mut map, clock) = (fixture::map(), fixture::clock());
        let nodes = ["api", "site"].map(|node| node_key("web", node)).into_iter()
            .chain(["push", "local"].map(|node| node_key("app", node))).collect::<Vec<_>>();
        for ((wait, event), (which, on)) in events.into_iter().zip(turns) {
            clock.advance(secs(wait));
            map.maintain(&nodes[which], on, clock.now());
            event.happen(&mut map, clock.now());
            let worst = |nodes: &mut dyn Iterator<Item = Option<Status>>| Status::worst_of(nodes.flatten());
            let mut services = Vec::new();
            for service in map.services.values() {
                let mut counted = service.nodes.values().filter(|node| !node.maintained).map(|node| node.standing.map(|one| one.status));
                let wanted = worst(&mut counted);
                prop_assert_eq!(service.standing.map(|one| one.status), wanted);
                services.push(wanted);
            }
            prop_assert_eq!(map.standing.map(|one| one.status), worst(&mut services.into_iter()));
        }
    }
}
