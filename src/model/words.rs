//! Durations and moments in the words that people read.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;

/// A duration as people say it, in at most two units: `850 ms`, `2.1 s`, `52 s`, `3 min`, `3 min 5 s`, `2 h 10 min`,
/// `3 d 4 h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let millis = duration.as_millis();
    if millis < 1_000 {
        return format!("{millis} ms");
    }
    if millis < 10_000 {
        let tenths = millis / 100;
        return if tenths.is_multiple_of(10) {
            format!("{} s", tenths / 10)
        } else {
            format!("{}.{} s", tenths / 10, tenths % 10)
        };
    }
    let seconds = duration.as_secs();
    let (large, large_unit, small, small_unit) = match seconds {
        0..MINUTE => return format!("{seconds} s"),
        MINUTE..HOUR => (seconds / MINUTE, "min", seconds % MINUTE, "s"),
        HOUR..DAY => (seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        DAY.. => (seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    };
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// Whole days as people say them: `23 days`, `1 day`, `less than a day`.
#[must_use]
pub fn days(duration: Duration) -> String {
    match duration.as_secs() / (24 * 60 * 60) {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// A moment with its date: `24 Nov 2026, 01:12:05 UTC`.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// A moment as the wire formats of notices have it: `01:12:05 UTC+00:00`.
#[must_use]
pub fn time(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%H:%M:%S UTC+00:00").to_string()
}

/// A number with its thousands apart: `1,200`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A load or share as percent: `0.934` is `93%`; beyond what anybody reads digit by digit, `over 99999%`.
#[must_use]
pub fn percent(share: f64) -> String {
    if share >= 1_000.0 { "over 99999%".to_owned() } else { format!("{:.0}%", share * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (millis, wanted) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (2_149, "2.1 s"),
            (9_999, "9.9 s"),
            (10_000, "10 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (185_000, "3 min 5 s"),
            (3_600_000, "1 h"),
            (7_800_000, "2 h 10 min"),
            (86_400_000, "1 d"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), wanted, "{millis}");
        }
    }

    #[test]
    fn moments_are_in_utc() {
        let at: Timestamp = "2026-11-04T01:12:05.999Z".parse().unwrap();
        assert_eq!(moment(at), "4 Nov 2026, 01:12:05 UTC");
        assert_eq!(time(at), "01:12:05 UTC+00:00");
        assert_eq!(moment(Timestamp::MAX).len(), "30 Dec 9999, 22:00:00 UTC".len());
    }

    #[test]
    fn thousands_are_apart() {
        let all = [0, 12, 999, 1_000, 65_536, 1_234_567].map(count);
        assert_eq!(all, ["0", "12", "999", "1,000", "65,536", "1,234,567"]);
    }

    #[test]
    fn loads_are_percent() {
        assert_eq!([0.0, 0.934, 1.0, 7.5, 1e39].map(percent), ["0%", "93%", "100%", "750%", "over 99999%"]);
    }
}
