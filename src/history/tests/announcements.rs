//! What the owner of the page announces, in every backend.

use std::sync::Arc;
use std::time::Duration;

use super::backend::Backend;
use super::backend::WALL;
use super::backend::ago;
use super::backend::now;
use crate::history::Batch;
use crate::history::store::History;
use crate::model::announcement::Announcement;
use crate::model::uuid::Uuid;

on_every_backend! {
    announcements_are_kept_in_order_until_they_are_taken_down
}

fn announcement(number: u64, of: u8, text: &str) -> Arc<Announcement> {
    let (id, lasting) = (Uuid::of_random([of; 16]), (of == 2).then_some(Duration::from_mins(1)));
    let made = Announcement::new(id, "Wartung – 日本", text, lasting, ago(of.into()).wall).unwrap();
    Arc::new(Announcement { number, ..made })
}

fn announcements_are_kept_in_order_until_they_are_taken_down(backend: &Backend) {
    let mut history = backend.open();
    let put = |history: &mut History, all: &[Arc<Announcement>]| {
        history.write(&Batch { announcements: Some(all.to_vec()), ..Batch::default() }, WALL).unwrap();
    };
    let check = |history: &mut History, all: &[Arc<Announcement>]| {
        let found: Vec<Arc<Announcement>> =
            history.memory(now()).unwrap().announcements.into_iter().map(Arc::new).collect();
        assert_eq!(found, all);
    };
    let all = [announcement(1, 9, "one\n'; DROP TABLE announcements; --"), announcement(2, 2, &"é".repeat(5_000))];
    put(&mut history, &all);
    // It may not be known whether that was written.
    put(&mut history, &all);
    history.write(&Batch::default(), WALL).unwrap();
    let mut history = backend.restart(history);
    check(&mut history, &all);
    let all = [all[1].clone(), announcement(3, 7, "three")];
    put(&mut history, &all);
    check(&mut history, &all);
    // After a time without this database, others have these numbers.
    let all = [announcement(1, 9, "one"), announcement(2, 7, "two"), announcement(3, 2, "three")];
    put(&mut history, &all);
    let mut history = backend.restart(history);
    check(&mut history, &all);
    put(&mut history, &[]);
    check(&mut history, &[]);
}
