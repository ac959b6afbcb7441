//! The bar of a node's last 90 days, drawn, with the texts that belong to it.
//!
//! Each kind of day has a shape of its own, so that no colour is needed to tell them apart:
//!
//! | day | shape |
//! | --- | --- |
//! | healthy | a whole column |
//! | sick | a column that is shorter at the top; the longer it was sick, the higher the solid part |
//! | dead | a column that reaches below the others; the longer it was dead, the higher the solid part |
//! | maintenance | the outline of a column, or of the part of it that was planned maintenance |
//! | not watched | the dashed outline of a column, or of the part of it that nobody watched |
//! | before there was anything | a dotted line along the bottom |
//!
//! There are many of these on a page, so a healthy day is one short element, the same in every bar: what is equal
//! compresses to nothing. The stylesheet has all the rest: the width and height of a column among it.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_derive::Serialize;

use crate::model::past::Past;
use crate::model::past::Window;
use crate::model::status::Status;
use crate::model::uptime::Uptime;

use super::days;
use super::days::Day;
use super::days::DayView;
use super::days::Kind;
use super::windows;

/// How high a whole column is, and how far the one of a dead day reaches below it; the stylesheet knows, too.
const COLUMN: u32 = 28;
const BELOW: u32 = 6;

/// How much lower the column of a sick day begins.
const NOTCH: u32 = 6;

/// What a page says of a node's past.
#[derive(Debug, Serialize)]
pub(super) struct PastView {
    /// The bar, as SVG.
    bar: String,
    /// Of each window that holds more than the one before it; none when nothing is known.
    uptimes: Option<Vec<UptimeView>>,
    /// How many days were not perfect, and how; none when all were.
    summary: Option<String>,
    /// Those, the latest first: what is said of each.
    days: Vec<String>,
}

#[derive(Debug, Serialize)]
struct UptimeView {
    window: &'static str,
    text: String,
}

/// What is to be said of that past.
pub(super) fn view(past: &Past, now: Timestamp) -> PastView {
    let days = days::days(past, now, Past::DAYS);
    let is_known = days.iter().any(|day| day.kind != Kind::Before);
    let unwell: Vec<String> = days.iter().rev().filter(|day| !day.is_perfect()).map(Day::text).collect();
    let uptime = |(window, uptime): (Window, Option<Uptime>)| {
        let text = uptime.map(|uptime| if uptime.ratio().is_some() { uptime.to_string() } else { "–".to_owned() });
        Some(UptimeView { window: name(window), text: text? })
    };
    PastView {
        bar: draw(&days),
        uptimes: is_known.then(|| windows::told(past, now).into_iter().filter_map(uptime).collect()),
        summary: (!unwell.is_empty()).then(|| label(&days)),
        days: unwell,
    }
}

fn name(window: Window) -> &'static str {
    match window {
        Window::Day => "24 h",
        Window::Week => "7 days",
        Window::Month => "30 days",
        Window::Quarter => "90 days",
    }
}

/// Every day of which anything is known, the latest first.
pub(super) fn all_days(past: &Past, now: Timestamp) -> Vec<DayView> {
    let days = days::days(past, now, Past::DAYS);
    days.iter().rev().filter(|day| day.kind != Kind::Before).map(Day::view).collect()
}

/// What these days were in all, in a line.
fn label(days: &[Day]) -> String {
    match days.iter().position(|day| day.kind != Kind::Before) {
        None => "No history yet".to_owned(),
        Some(0) => format!("Last {} days: {}", days.len(), days::summary(days)),
        Some(before) => {
            format!("Since {}: {}", days.get(before).map(Day::date).unwrap_or_default(), days::summary(days))
        }
    }
}

/// Draws these days. Nothing in it comes from outside.
fn draw(days: &[Day]) -> String {
    let (count, label) = (days.len(), label(days));
    let before = days.iter().take_while(|day| day.kind == Kind::Before).count();
    let class = if before == count { "bar blank" } else { "bar" };
    let mut svg = format!(
        r#"<svg class="{class}" role="img" aria-label="{label}" viewBox="0 0 {count} {}" preserveAspectRatio="none">"#,
        COLUMN + BELOW
    );
    if before > 0 {
        let title =
            days.get(before).map_or("No data yet".to_owned(), |first| format!("No data before {}", first.date()));
        let bottom = COLUMN - 1;
        let _ = write!(
            svg,
            r#"<g class="b"><title>{title}</title><path class="z" d="M0 0H{before}V{COLUMN}H0z"/><path d="M0 {bottom}H{before}"/></g>"#
        );
    }
    for (at, day) in days.iter().enumerate().skip(before) {
        draw_day(&mut svg, at, day);
    }
    svg.push_str("</svg>");
    svg
}

fn draw_day(svg: &mut String, at: usize, day: &Day) {
    let title = format!("<title>{}</title>", day.text());
    let column = |top: u32, height: u32| format!(r#"<rect x="{at}" y="{top}" height="{height}"/>"#);
    // The whole column of that kind of day, behind its solid part.
    let back = format!(r#"<rect x="{at}"/>"#);
    // Writing to a text does not fail.
    let _ = match day.kind {
        Kind::Before => Ok(()),
        Kind::Unwatched => write!(svg, r#"<rect x="{at}" class="n">{title}</rect>"#),
        Kind::Was(Status::Healthy) if day.is_perfect() => write!(svg, r#"<rect x="{at}">{title}</rect>"#),
        Kind::Maintained => write!(svg, r#"<rect x="{at}" class="m">{title}</rect>"#),
        Kind::Was(Status::Healthy) if !day.cell.maintenance().is_zero() => {
            let all = day.cell.known().as_secs_f64();
            let top = part((day.cell.maintenance().as_secs_f64() / all).sqrt(), 5, COLUMN - 6);
            write!(svg, r#"<g class="w">{title}{}{}</g>"#, column(0, top), column(top + 1, COLUMN - top - 1))
        }
        Kind::Was(Status::Healthy) => {
            let all = (day.unwatched + day.cell.watched()).as_secs_f64();
            let top = part(day.unwatched.as_secs_f64() / all, 5, COLUMN - 6);
            write!(svg, r#"<g class="u">{title}{}{}</g>"#, column(0, top), column(top + 1, COLUMN - top - 1))
        }
        Kind::Was(Status::Sick) => {
            let height = part(day.share(Status::Sick).sqrt(), 5, COLUMN - NOTCH);
            write!(svg, r#"<g class="s">{title}{back}{}</g>"#, column(COLUMN - height, height))
        }
        Kind::Was(Status::Dead) => {
            let height = part(day.share(Status::Dead).sqrt(), 4, COLUMN);
            write!(svg, r#"<g class="d">{title}{back}{}</g>"#, column(COLUMN - height, height + BELOW))
        }
    };
}

/// A share of a length, at least so long. In coarse steps: nobody sees finer ones, and what is equal compresses.
fn part(share: f64, least: u32, all: u32) -> u32 {
    const STEP: u32 = 4;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and some tens")]
    let steps = (share.clamp(0.0, 1.0) * f64::from(all / STEP)).round() as u32;
    if share >= 1.0 { all } else { steps.saturating_mul(STEP).clamp(least, all.saturating_sub(STEP)) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::span::Span;
    use crate::model::tier::Tier;

    /// 24 Nov 2026, 01:12:05 UTC.
    const NOW: Timestamp = Timestamp::constant(1_795_482_725, 0);

    fn past(days: &[(u64, Status, u64)]) -> Past {
        let mut past = Past::default();
        for (ago, status, minutes) in days {
            let start = Tier::Day.start_of(NOW) - Duration::from_hours(24 * ago);
            past.add(start, &Span::of(Some(*status), Duration::from_mins(*minutes)));
        }
        past
    }

    #[test]
    fn every_kind_of_day_has_a_shape_and_a_text() {
        let (well, sick, dead) = (Status::Healthy, Status::Sick, Status::Dead);
        let past = past(&[
            (6, well, 1_440),
            (5, well, 1_436),
            (5, dead, 4),
            (4, dead, 1_440),
            (3, well, 960),
            (3, sick, 480),
            (1, well, 1_080),
            (0, well, 72),
        ]);
        insta::assert_snapshot!(view(&past, NOW).bar.replace("<g", "\n<g").replace("<rect x", "\n<rect x"));
        let shown = serde_json::to_value(view(&past, NOW)).unwrap();
        assert_eq!(shown["summary"], "Since Wed 18 Nov: down on 2 days, sick on 1 day, not fully watched on 2 days");
        assert_eq!(shown["days"][0], "Mon 23 Nov: no downtime, not watched for 6 h");
        let uptimes =
            shown["uptimes"].as_array().unwrap().iter().map(|one| format!("{} {}", one["window"], one["text"]));
        assert_eq!(uptimes.collect::<Vec<_>>().join(", ").replace('"', ""), "24 h 100%, 7 days 79.10%");
        assert_eq!(all_days(&past, NOW).len(), 7);
    }

    #[test]
    fn without_a_past_there_is_one_line_and_no_uptime() {
        let shown = serde_json::to_value(view(&Past::default(), NOW)).unwrap();
        assert_eq!((&shown["uptimes"], &shown["summary"]), (&serde_json::Value::Null, &serde_json::Value::Null));
        let bar = shown["bar"].as_str().unwrap();
        assert!(bar.contains("No history yet") && !bar.contains("<rect"), "{bar}");
        let begun = view(&past(&[(0, Status::Healthy, 72)]), NOW).bar;
        assert!(
            begun.contains("Since Tue 24 Nov: no downtime") && begun.contains("No data before Tue 24 Nov"),
            "{begun}"
        );
    }

    #[test]
    fn a_little_downtime_is_seen_and_a_little_uptime_too() {
        let all = [0.0, 1e-9, 0.5, 0.999, 1.0, f64::NAN, 7.0].map(|share| part(share, 4, 28));
        assert_eq!(all, [4, 4, 16, 24, 28, 4, 28]);
    }
}
