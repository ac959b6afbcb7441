//! Planned maintenance: the windows, and the time in them.

use std::sync::Arc;
use std::time::Duration;

use super::backend::Backend;
use super::backend::WALL;
use super::backend::minutes;
use super::backend::node;
use super::backend::now;
use crate::history::Batch;
use crate::history::store::History;
use crate::model::ledger::Minute;
use crate::model::maintenance::Maintenance;
use crate::model::maintenance::PAST_MAX;
use crate::model::maintenance::WAITING_MAX;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::tier::Tier;
use crate::model::uuid::Uuid;

on_every_backend! {
    maintenance_is_found_again_as_it_was_last
    the_last_of_much_maintenance_is_known
    time_of_maintenance_is_kept_apart_in_every_tier
}

const HOUR: Duration = Duration::from_hours(1);

fn maintenance(number: u128, hours: u32) -> Maintenance {
    Maintenance {
        id: Uuid::of_random(number.to_be_bytes()),
        title: "New disks; 'quoted' \u{fc}".to_owned(),
        text: number.is_multiple_of(2).then(|| "Two\nlines".to_owned()),
        targets: ["web", "web:api"].iter().map(|target| target.parse().unwrap()).collect(),
        starts_at: WALL + Duration::from_millis(7),
        ends_at: WALL + HOUR * hours,
        ended_at: None,
    }
}

fn write(history: &mut History, all: &[Maintenance]) {
    let mut batch = Batch::default();
    batch.entries.maintenance = all.iter().map(|one| (one.id, Arc::new(one.clone()))).collect();
    assert!(!batch.is_empty());
    history.write(&batch, WALL).unwrap();
}

fn known(history: &mut History) -> Vec<Maintenance> {
    history.memory(now()).unwrap().maintenance
}

fn maintenance_is_found_again_as_it_was_last(backend: &Backend) {
    let mut history = backend.open();
    assert_eq!(known(&mut history), []);
    let whole = Maintenance { targets: Vec::new(), ..maintenance(3, 3) };
    let mut all = [maintenance(1, 1), maintenance(2, 2), whole];
    write(&mut history, &all);
    assert_eq!(known(&mut history), all);
    all[1].ended_at = Some(WALL + Duration::from_millis(1_234));
    write(&mut history, &all[1..2]);
    let mut history = backend.restart(history);
    assert_eq!(known(&mut history), all);
}

fn the_last_of_much_maintenance_is_known(backend: &Backend) {
    let mut history = backend.open();
    let most = u32::try_from(PAST_MAX + WAITING_MAX).unwrap();
    let all: Vec<Maintenance> = (0..most + 9).map(|number| maintenance(number.into(), number + 1)).collect();
    write(&mut history, &all);
    assert_eq!(known(&mut history), all[9..]);
}

fn time_of_maintenance_is_kept_apart_in_every_tier(backend: &Backend) {
    let mut history = backend.open();
    let first = Tier::Day.start_of(WALL);
    let all: Vec<Minute> = (0..120)
        .map(|number| {
            let (maintained, rest) = if number < 90 { (40, 20) } else { (0, 60) };
            let mut span = Span::of_maintenance(Duration::from_secs(maintained));
            span.spend(Some(Status::Healthy), Duration::from_secs(rest));
            Minute { what: node(), at: first + Duration::from_mins(number), span }
        })
        .collect();
    let tomorrow = first + HOUR * 25;
    history.write(&minutes(all), tomorrow).unwrap();
    let mut history = backend.restart(history);
    for tier in Tier::ALL {
        let series = history.series(&node(), tier, first, tomorrow).unwrap();
        let spent = |of: fn(&Span) -> Duration| series.iter().map(|(_, span)| of(span).as_secs()).sum::<u64>();
        assert_eq!(spent(Span::maintenance), 90 * 40, "{tier:?}");
        assert_eq!(spent(|span| span.time(Some(Status::Healthy))), 90 * 20 + 30 * 60, "{tier:?}");
    }
    // What comes late finds room only for what is not taken.
    let late = Minute { what: node(), at: first, span: Span::of(Some(Status::Dead), Duration::from_secs(30)) };
    history.write(&minutes(vec![late]), tomorrow).unwrap();
    let day = &history.series(&node(), Tier::Day, first, tomorrow).unwrap()[0].1;
    assert_eq!((day.time(Some(Status::Dead)), day.maintenance()), (Duration::ZERO, HOUR));
}
