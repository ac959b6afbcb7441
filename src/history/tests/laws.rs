//! Rolling up, against a model that keeps every minute and adds them up whenever it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::backend::Backend;
use super::backend::WALL;
use super::backend::replica;
use crate::config::Retention;
use crate::history::Batch;
use crate::history::store::History;
use crate::model::ledger::Minute;
use crate::model::ledger::Shift;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::tier::Tier;

const MINUTE: Duration = Duration::from_mins(1);

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// Minutes of a subject are written: the last of them so long ago, so many, of that status, so many seconds each.
    Lived { who: usize, ago: u64, count: u64, status: Option<Status>, seconds: u64 },
    /// Some of a minute so long ago turns out to have been dead.
    Shifted { who: usize, ago: u64, seconds: u64 },
    /// The wall clock goes on by minutes, or is set forward.
    Passed(u64),
    /// It is set back by minutes.
    SetBack(u64),
    /// Vigil starts again.
    Restarted,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ago = || prop_oneof![4 => Just(0u64), 2 => 0u64..90, 1 => 0u64..3_000];
    let count = prop_oneof![3 => 1u64..4, 1 => 1u64..400];
    let status = prop::option::of(prop::sample::select(Status::ALL.to_vec()));
    let step = prop_oneof![
        6 => (0usize..2, ago(), count, status, 1u64..70).prop_map(|(who, ago, count, status, seconds)| {
            Step::Lived { who, ago, count, status, seconds }
        }),
        2 => (0usize..2, ago(), 1u64..60).prop_map(|(who, ago, seconds)| Step::Shifted { who, ago, seconds }),
        4 => prop_oneof![1u64..10, 1u64..200, 1u64..5_000].prop_map(Step::Passed),
        1 => prop_oneof![1u64..10, 1u64..3_000].prop_map(Step::SetBack),
        1 => Just(Step::Restarted),
    ];
    prop::collection::vec(step, 1..25)
}

/// Every minute there was, by subject and when it began.
#[derive(Default)]
struct Model(BTreeMap<(usize, Timestamp), Span>);

impl Model {
    fn live(&mut self, who: usize, at: Timestamp, span: &Span) {
        let known = self.0.entry((who, at)).or_default();
        let mut span = span.clone();
        span.cut_to(MINUTE.saturating_sub(known.length()));
        known.merge(&span);
    }

    /// The spans of a tier.
    fn spans(&self, who: usize, tier: Tier) -> Vec<(Timestamp, Span)> {
        let mut made: BTreeMap<Timestamp, Span> = BTreeMap::new();
        for ((_, at), span) in self.0.iter().filter(|((of, _), _)| *of == who) {
            made.entry(tier.start_of(*at)).or_default().merge(span);
        }
        made.into_iter().collect()
    }
}

const NAMES: [&str; 2] = ["a", "b"];

fn all(history: &mut History, who: usize, tier: Tier) -> Vec<(Timestamp, Span)> {
    history.series(&replica(NAMES[who]), tier, Timestamp::MIN, Timestamp::MAX).unwrap()
}

fn check(backend: &Backend, steps: &[Step]) {
    let (mut history, mut model, mut now) = (backend.open(), Model::default(), WALL);
    for step in steps {
        let mut batch = Batch::default();
        match *step {
            Step::Lived { who, ago, count, status, seconds } => {
                let last = Tier::Minute.start_of(now - MINUTE * u32::try_from(ago).unwrap());
                let mut span = Span::of(status, Duration::from_secs(seconds));
                span.latencies.add(Duration::from_millis(seconds));
                for at in (0..count).rev().map(|number| last - MINUTE * u32::try_from(number).unwrap()) {
                    model.live(who, at, &span);
                    batch.entries.minutes.push(Minute { what: replica(NAMES[who]), at, span: span.clone() });
                }
            }
            Step::Shifted { who, ago, seconds } => {
                let at = Tier::Minute.start_of(now - MINUTE * u32::try_from(ago).unwrap());
                let (from, to, time) = (Some(Status::Healthy), Some(Status::Dead), Duration::from_secs(seconds));
                if let Some(span) = model.0.get_mut(&(who, at)) {
                    span.shift(from, to, time);
                }
                batch.entries.shifts.push(Shift { what: replica(NAMES[who]), at, from, to, time });
            }
            Step::Passed(minutes) => now += Duration::from_mins(minutes),
            Step::SetBack(minutes) => now -= Duration::from_mins(minutes),
            Step::Restarted => history = backend.restart(history),
        }
        history.write(&batch, now).unwrap();
    }
    for who in 0..2 {
        for tier in Tier::ALL {
            assert_eq!(all(&mut history, who, tier), model.spans(who, tier), "{tier:?}");
        }
    }
    // What is made of the rest stays when the rest is forgotten, however often it is looked at.
    let retention = Retention([Some(MINUTE), Some(MINUTE), Some(MINUTE), None]);
    for _ in 0..2 {
        history.forget(now, &retention).unwrap();
        history.write(&Batch::default(), now).unwrap();
    }
    for who in 0..2 {
        assert_eq!(all(&mut history, who, Tier::Day), model.spans(who, Tier::Day));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn coarser_spans_are_what_their_minutes_add_up_to(steps in steps()) {
        check(&Backend::memory(), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn a_server_adds_up_alike(steps in steps()) {
        check(&Backend::postgres(), &steps);
    }
}
