//! When people are reminded of what is still unwell, and whom a reminder is urgent for.
//!
//! The wait for a reminder begins when the first of what is unwell is told, and anew with each reminder. Any other
//! notice that is told meanwhile lets it begin anew as well, since people have just heard; but it is never longer than
//! twice itself, so that a node that comes and goes does not keep the others from being remembered.

use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use crate::clock;
use crate::clock::Now;

use super::notice::Urgent;

/// The rules of reminding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The wait for the first reminder.
    pub interval: Duration,
    /// How the waits grow after it.
    pub backoff: Backoff,
    /// The reminder from which they grow no more.
    pub limit: u16,
    /// Whether the first reminder is urgent for the first target of a channel only, the second for the first two, and
    /// so on; else each is urgent for all.
    pub escalate: bool,
}

/// How the waits grow: the interval is taken as often as this makes of the number of the reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Not at all: 1, 1, 1.
    None,
    /// 1, 2, 3.
    Linear,
    /// 1, 4, 9.
    Square,
    /// 1, 8, 27.
    Cubic,
}

/// How far people were reminded; the default is that all is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminded {
    /// How many reminders there were since all was well.
    pub count: u32,
    /// The wait for the next one; none while all is well.
    pub wait: Option<Wait>,
}

/// A wait for a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When it began: with the first notice of what is unwell, or the last reminder.
    pub begun: Now,
    /// When people were last told anything.
    pub told: Now,
}

/// Until when nobody wants to be reminded; none when everybody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// The end.
    pub until: Option<Timestamp>,
}

/// How things stand with those who gather what is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Whether something is unwell that people were told of, and not under planned maintenance.
    pub unwell: bool,
    /// Whether there is something else to tell, which has not been told yet.
    pub news: bool,
    /// The earliest moment of any notice.
    pub spaced: Option<Instant>,
}

/// Knows when the next reminder is due.
#[derive(Debug)]
pub struct Reminding {
    /// None: nobody is reminded.
    rules: Option<Rules>,
    reminded: Reminded,
    silence: Option<Now>,
}

/// The longest time for which reminders can be silenced: who wants more wants none.
pub const SILENCE_MAX: Duration = Duration::from_hours(24 * 366);

impl Backoff {
    fn power(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Linear => 1,
            Self::Square => 2,
            Self::Cubic => 3,
        }
    }
}

impl Rules {
    /// The wait for a reminder; the first has the number 1.
    #[must_use]
    pub fn wait(&self, number: u32) -> Duration {
        let counter = u64::from(number.min(self.limit.into()).max(1));
        let times = counter.saturating_pow(self.backoff.power());
        let millis = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(millis.saturating_mul(times))
    }

    /// Whom a reminder is urgent for.
    #[must_use]
    pub fn urgent(&self, number: u32) -> Urgent {
        if self.escalate { Urgent::First(number) } else { Urgent::All }
    }
}

impl Reminding {
    /// Goes on from how far people were reminded before the program started, when that was not stored from now on. The
    /// time since counts.
    #[must_use]
    pub fn resume(rules: Option<Rules>, reminded: Reminded, silence: Silence, unwell: bool, now: Now) -> Self {
        let mut reminding = Self { rules, reminded, silence: None };
        reminding
            .be_silent(silence.until.and_then(|until| Duration::try_from(until.duration_since(now.wall)).ok()), now);
        if unwell {
            reminding.reminded.wait.get_or_insert(Wait { begun: now, told: now });
        } else {
            reminding.reminded = Reminded::default();
        }
        reminding
    }

    /// Follows other rules from now on.
    pub fn follow(&mut self, rules: Option<Rules>) {
        self.rules = rules;
    }

    /// How far people were reminded.
    #[must_use]
    pub fn reminded(&self) -> Reminded {
        self.reminded
    }

    /// Another notice than a reminder was told, after which something is `unwell`, or nothing.
    pub fn told(&mut self, unwell: bool, now: Now) {
        if unwell {
            self.reminded.wait.get_or_insert(Wait { begun: now, told: now }).told = now;
        } else {
            self.reminded = Reminded::default();
        }
    }

    /// Whether there may be a reminder to come: there are rules, and people were told that something is unwell.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.rules.is_some() && self.reminded.wait.is_some()
    }

    /// When the next reminder is due; none when there is nothing to remind of. News go first, as long as they do not
    /// put it off for longer than they may.
    #[must_use]
    pub fn due(&self, situation: Situation) -> Option<Instant> {
        let (rules, wait) = (self.rules?, self.reminded.wait.filter(|_| situation.unwell)?);
        let time = rules.wait(self.reminded.count.saturating_add(1));
        let latest = wait.begun.instant.checked_add(time)?.checked_add(time)?;
        let usual = wait.told.instant.checked_add(time)?;
        let due = if situation.news { latest } else { usual.min(latest) };
        let not_before = [situation.spaced, self.silence.map(|until| until.instant)];
        Some(not_before.into_iter().flatten().fold(due, Instant::max))
    }

    /// A reminder is told: its number, and whom it is urgent for.
    pub fn remind(&mut self, now: Now) -> (u32, Urgent) {
        let number = self.reminded.count.saturating_add(1);
        self.reminded = Reminded { count: number, wait: Some(Wait { begun: now, told: now }) };
        (number, self.rules.map_or(Urgent::All, |rules| rules.urgent(number)))
    }

    /// Nobody is reminded for that time, at most [`SILENCE_MAX`], or everybody is again. What becomes due meanwhile is
    /// due at its end.
    pub fn be_silent(&mut self, time: Option<Duration>, now: Now) {
        self.silence = time.filter(|time| !time.is_zero()).map(|time| clock::after(now, time.min(SILENCE_MAX)));
    }

    /// For how long nobody is reminded yet.
    #[must_use]
    pub fn silent_for(&self, now: Now) -> Option<Duration> {
        let left = self.silence?.instant.saturating_duration_since(now.instant);
        (!left.is_zero()).then_some(left)
    }

    /// Until when that is, as it is stored.
    #[must_use]
    pub fn silence(&self) -> Silence {
        Silence { until: self.silence.map(|until| until.wall) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::now;
    use super::super::fixture::secs;
    use super::*;
    use crate::clock::after;
    use crate::clock::before;

    fn rules(backoff: Backoff, limit: u16) -> Rules {
        Rules { interval: secs(10), backoff, limit, escalate: false }
    }

    /// Something is unwell, and nothing else is to be told.
    const UNWELL: Situation = Situation { unwell: true, news: false, spaced: None };

    /// All that people were told is that something is unwell, at that moment.
    fn begun(rules: Rules, at: Now) -> Reminding {
        let mut reminding = Reminding::resume(Some(rules), Reminded::default(), Silence::default(), false, at);
        reminding.told(true, at);
        reminding
    }

    /// In how many seconds after `now` the next reminder is due.
    fn due_in(reminding: &Reminding, situation: Situation, now: Now) -> Option<u64> {
        reminding.due(situation).map(|due| due.saturating_duration_since(now.instant).as_secs())
    }

    #[test]
    fn the_waits_are_those_of_the_function_up_to_the_limit() {
        for (backoff, limit, wanted) in [
            (Backoff::None, 3, [10, 10, 10, 10, 10]),
            (Backoff::Linear, 3, [10, 20, 30, 30, 30]),
            (Backoff::Square, 3, [10, 40, 90, 90, 90]),
            (Backoff::Cubic, 3, [10, 80, 270, 270, 270]),
            (Backoff::Linear, 5, [10, 20, 30, 40, 50]),
            (Backoff::Square, 2, [10, 40, 40, 40, 40]),
            (Backoff::Cubic, 1, [10; 5]),
            (Backoff::Cubic, 0, [10; 5]),
        ] {
            let mut at = now();
            let mut reminding = begun(rules(backoff, limit), at);
            for (number, wanted) in (1..).zip(wanted) {
                assert_eq!(due_in(&reminding, UNWELL, at), Some(wanted), "{number} of {backoff:?} up to {limit}");
                at = after(at, secs(wanted));
                assert_eq!(reminding.remind(at), (number, Urgent::All));
            }
        }
    }

    #[test]
    fn the_largest_numbers_are_no_trouble() {
        let rules = Rules { interval: secs(86_400), ..rules(Backoff::Cubic, u16::MAX) };
        assert!(rules.wait(u32::MAX) > secs(86_400 * 365 * 1_000));
        let start = now();
        let reminded = Reminded { count: u32::MAX, wait: Some(Wait { begun: start, told: start }) };
        let mut reminding = Reminding::resume(Some(rules), reminded, Silence::default(), true, start);
        assert!(reminding.due(UNWELL).is_none_or(|due| due > after(start, secs(86_400 * 365)).instant));
        assert_eq!(reminding.remind(start).0, u32::MAX);
    }

    #[test]
    fn an_escalation_reaches_one_more_target_each_time_and_begins_anew_when_all_was_well() {
        let start = now();
        let mut reminding = begun(Rules { escalate: true, ..rules(Backoff::Linear, 2) }, start);
        let numbers: Vec<_> = (0..4).map(|_| reminding.remind(start)).collect();
        assert_eq!(numbers, [1, 2, 3, 4].map(|number| (number, Urgent::First(number))));
        reminding.told(false, start);
        assert_eq!(reminding.reminded(), Reminded::default());
        reminding.told(true, start);
        assert_eq!(due_in(&reminding, UNWELL, start), Some(10));
        assert_eq!(reminding.remind(start), (1, Urgent::First(1)));
    }

    #[test]
    fn other_notices_put_a_reminder_off_but_for_no_longer_than_its_wait() {
        let start = now();
        for (told_at, wanted) in [(vec![], 10), (vec![4], 14), (vec![4, 9], 19), (vec![4, 9, 13], 20)] {
            let mut reminding = begun(rules(Backoff::None, 3), start);
            for at in &told_at {
                reminding.told(true, after(start, secs(*at)));
            }
            assert_eq!(due_in(&reminding, UNWELL, start), Some(wanted), "{told_at:?}");
            let news = Situation { news: true, ..UNWELL };
            assert_eq!(due_in(&reminding, news, start), Some(20), "what is to be told goes first: {told_at:?}");
        }
    }

    #[test]
    fn there_is_nothing_to_remind_of_while_all_is_well_or_nobody_asked_for_it() {
        let start = now();
        let mut reminding = begun(rules(Backoff::None, 3), start);
        assert_eq!(due_in(&reminding, Situation { unwell: false, ..UNWELL }, start), None);
        reminding.follow(None);
        assert_eq!(due_in(&reminding, UNWELL, start), None);
        reminding.follow(Some(rules(Backoff::None, 3)));
        assert_eq!(due_in(&reminding, UNWELL, start), Some(10));
        reminding.told(false, start);
        assert_eq!(due_in(&reminding, UNWELL, start), None);
    }

    #[test]
    fn no_reminder_comes_sooner_than_another_notice_might() {
        let start = now();
        let reminding = begun(rules(Backoff::None, 3), start);
        for (spaced, wanted) in [(5, 10), (15, 15)] {
            let situation = Situation { spaced: Some(after(start, secs(spaced)).instant), ..UNWELL };
            assert_eq!(due_in(&reminding, situation, start), Some(wanted));
        }
    }

    #[test]
    fn what_is_due_while_nobody_wants_it_is_due_at_the_end_of_that() {
        let start = now();
        let mut reminding = begun(rules(Backoff::None, 3), start);
        reminding.be_silent(Some(secs(35)), start);
        assert_eq!(due_in(&reminding, UNWELL, start), Some(35));
        assert_eq!(reminding.silent_for(after(start, secs(5))), Some(secs(30)));
        // All is well in between, and something dies anew: the window stays.
        reminding.told(false, after(start, secs(6)));
        reminding.told(true, after(start, secs(7)));
        assert_eq!(due_in(&reminding, UNWELL, start), Some(35));
        assert_eq!(reminding.silent_for(after(start, secs(35))), None);
        reminding.be_silent(None, start);
        assert_eq!((due_in(&reminding, UNWELL, start), reminding.silence()), (Some(17), Silence::default()));
        reminding.be_silent(Some(Duration::MAX), start);
        assert_eq!(reminding.silent_for(start), Some(SILENCE_MAX));
        reminding.be_silent(Some(Duration::ZERO), start);
        assert_eq!(reminding.silent_for(start), None);
    }

    #[test]
    fn the_time_of_a_restart_counts_and_the_number_goes_on() {
        let start = now();
        let at = |ago| before(start, secs(ago));
        let reminded = Reminded { count: 1, wait: Some(Wait { begun: at(12), told: at(5) }) };
        let until = |wall| Silence { until: Some(wall) };
        let resume =
            |silence, unwell| Reminding::resume(Some(rules(Backoff::Linear, 3)), reminded, silence, unwell, start);
        assert_eq!(due_in(&resume(Silence::default(), true), UNWELL, start), Some(15));
        assert_eq!(resume(Silence::default(), true).remind(start).0, 2);
        assert_eq!(resume(Silence::default(), false).reminded(), Reminded::default());
        let silent = resume(until(after(start, secs(60)).wall), true);
        assert_eq!((due_in(&silent, UNWELL, start), silent.silent_for(start)), (Some(60), Some(secs(60))));
        assert_eq!(resume(until(at(1).wall), true).silence(), Silence::default());
        let unstored =
            Reminding::resume(Some(rules(Backoff::None, 3)), Reminded::default(), Silence::default(), true, start);
        assert_eq!(due_in(&unstored, UNWELL, start), Some(10), "what was told before reminders were stored");
    }

    proptest! {
        /// Whatever is told in between, a reminder is told once its wait is over, and at the latest after twice that.
        #[test]
        fn a_reminder_comes_in_time(
            cubic: bool,
            limit in 0u16..5,
            told in proptest::collection::vec((0u64..40, any::<bool>()), 0..200),
        ) {
            let rules = rules(if cubic { Backoff::Cubic } else { Backoff::Linear }, limit);
            let mut at = now();
            let mut reminding = begun(rules, at);
            let (mut number, mut last) = (0, at);
            for (pause, news) in told {
                let next = after(at, secs(pause));
                let situation = Situation { news, ..UNWELL };
                while let Some(due) = reminding.due(situation).filter(|due| *due <= next.instant) {
                    let due = after(at, due.saturating_duration_since(at.instant));
                    let (waited, wait) = (due.instant - last.instant, rules.wait(number + 1));
                    prop_assert!((wait..=wait * 2).contains(&waited), "{waited:?} of {wait:?}");
                    number += 1;
                    prop_assert_eq!(reminding.remind(due), (number, Urgent::All));
                    (last, at) = (due, due);
                }
                at = next;
                reminding.told(true, at);
            }
        }
    }
}
