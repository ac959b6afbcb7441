//! The windows for which uptime is told, and which of them say something of their own.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::past::Past;
use crate::model::past::Window;
use crate::model::tier::Tier;
use crate::model::uptime::Uptime;

/// From the shortest to the longest.
const ALL: [Window; 4] = [Window::Day, Window::Week, Window::Month, Window::Quarter];

/// What is no difference: hours and days are restored each on its own, to the minute.
const SAME: Duration = Duration::from_mins(1);

/// The uptime of every window, the shortest first; none for one that says no more than the one before it, since watching
/// began in that.
pub(super) fn told(past: &Past, now: Timestamp) -> [(Window, Option<Uptime>); 4] {
    let first = past.first(now);
    let mut shorter: Option<(Window, Uptime)> = None;
    ALL.map(|window| {
        let uptime = past.uptime(window, now);
        let says_no_more = shorter.replace((window, uptime)).is_some_and(|(shorter, known)| {
            let began_before = first.is_some_and(|first| first < Tier::Day.start_of(shorter.begin(now)));
            !began_before && is_same(known, uptime)
        });
        (window, (!says_no_more).then_some(uptime))
    })
}

fn is_same(shorter: Uptime, longer: Uptime) -> bool {
    longer.up.abs_diff(shorter.up) < SAME && longer.down == shorter.down
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::Span;
    use crate::model::status::Status;

    /// 24 Nov 2026, 01:12:05 UTC.
    const NOW: Timestamp = Timestamp::constant(1_795_482_725, 0);

    fn words(past: &Past) -> String {
        let word =
            |(_, uptime): (Window, Option<Uptime>)| uptime.map_or("same".to_owned(), |uptime| uptime.to_string());
        told(past, NOW).map(word).join(", ")
    }

    #[test]
    fn a_longer_window_is_told_if_it_holds_more() {
        let mut past = Past::default();
        let mut add = |hours, status, minutes| {
            past.add(NOW - Duration::from_hours(hours), &Span::of(Some(status), Duration::from_mins(minutes)));
            words(&past)
        };
        assert_eq!(add(1, Status::Healthy, 30), "100%, same, same, same");
        assert_eq!(add(2, Status::Dead, 30), "50.00%, same, same, same");
        // It was off for most of a month: a window in which nothing was watched is no shorter for that.
        assert_eq!(add(24 * 20, Status::Healthy, 60), "50.00%, 50.00%, 75.00%, same");
        assert_eq!(add(24 * 3, Status::Dead, 0), "50.00%, 50.00%, 75.00%, same");
        assert_eq!(add(24 * 3, Status::Dead, 1), "50.00%, 49.18%, 74.38%, same");
        assert_eq!(words(&Past::default()), "not watched, same, same, same");
    }

    #[test]
    fn what_a_restart_rounds_off_is_no_difference() {
        let mut past = Past::default();
        let span = |seconds| Span::of(Some(Status::Healthy), Duration::from_secs(seconds));
        past.restore(Tier::Hour, NOW, &span(600));
        past.restore(Tier::Day, NOW, &span(640));
        assert_eq!(words(&past), "100%, same, same, same");
        past.restore(Tier::Day, NOW, &span(700));
        assert_eq!(words(&past), "100%, 100%, same, same");
    }
}
