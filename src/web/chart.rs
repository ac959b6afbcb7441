//! A chart, drawn as SVG: lines over time, with outages shaded.
//!
//! The lines are drawn in a box of their own, which is stretched to whatever width there is; strokes and texts are not
//! stretched with it, so that both are crisp and readable on a phone. What was not measured is a gap in a line. Each
//! point has a column to point at, with a text that needs no script. Colours are the stylesheet's.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::model::words;

/// The box of the lines: as wide as it likes to be called, and so many pixels high.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 180.0;

/// Room below it for the times, and above it for the topmost text.
const BELOW: f64 = 26.0;
const ABOVE: f64 = 20.0;

/// How many lines there are at most between the bottom and the top.
const STEPS_MAX: f64 = 4.0;

/// How narrow a shade may be, or nobody would see it.
const SHADE_MIN: f64 = 3.0;

/// How near to an edge no time is written: it would be cut off.
const MARGIN: f64 = 45.0;

/// What is drawn.
pub(super) struct Plot<'a> {
    /// What it shows, in a sentence: for those who do not see it. Nothing in it comes from outside.
    pub(super) label: &'a str,
    /// When the first point begins.
    pub(super) begin: Timestamp,
    /// How long a point is.
    pub(super) step: Duration,
    /// How far apart times are written.
    pub(super) tick: Duration,
    pub(super) unit: Unit,
    /// What must fit below the top; what is above is drawn at the top.
    pub(super) fits: f64,
    /// The lines, the lowest layer first, each with a value a point.
    pub(super) lines: &'a [Line],
    /// What a point says: nothing where nothing is known.
    pub(super) texts: &'a [Option<String>],
    pub(super) outages: &'a [Stretch],
    pub(super) gaps: &'a [Stretch],
    pub(super) maintained: &'a [Stretch],
    /// The time before there was anything.
    pub(super) before: Option<Stretch>,
}

/// A line, by the class that the stylesheet knows it by.
pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) values: Vec<Option<f64>>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds.
    Time,
    /// Shares of a whole.
    Share,
}

/// Draws it.
pub(super) fn draw(plot: &Plot) -> String {
    let axis = Axis::fitting(plot.unit, plot.fits);
    let mut svg = format!(
        r#"<svg class="chart" role="img" aria-label="{}" width="100%" height="{}">"#,
        plot.label,
        ABOVE + HEIGHT + BELOW
    );
    axis.draw_lines(&mut svg);
    // Writing to a text does not fail.
    let _ = write!(
        svg,
        r#"<svg class="plot" y="{ABOVE}" width="100%" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">"#
    );
    let shades =
        [("before", plot.before.as_slice()), ("gap", plot.gaps), ("work", plot.maintained), ("out", plot.outages)];
    for (class, stretches) in shades {
        for stretch in stretches {
            plot.shade(&mut svg, class, *stretch);
        }
    }
    for line in plot.lines {
        let path = path(&line.values, axis.top);
        if !path.is_empty() {
            let _ = write!(svg, r#"<path class="{}" d="{path}"/>"#, line.class);
        }
    }
    plot.draw_texts(&mut svg);
    svg.push_str("</svg>");
    axis.draw_texts(&mut svg);
    plot.draw_times(&mut svg);
    svg.push_str("</svg>");
    svg
}

impl Plot<'_> {
    /// How many points there are.
    fn count(&self) -> usize {
        self.texts.len()
    }

    /// Where a moment is, from 0 to [`WIDTH`].
    fn x(&self, at: Timestamp) -> f64 {
        let all = self.step.as_secs_f64() * float(self.count());
        let into = at.duration_since(self.begin).as_secs_f64();
        if all > 0.0 { (into / all * WIDTH).clamp(0.0, WIDTH) } else { 0.0 }
    }

    fn shade(&self, svg: &mut String, class: &str, stretch: Stretch) {
        let (from, to) = (self.x(stretch.from), self.x(stretch.to));
        let width = (to - from).max(SHADE_MIN);
        let (from, width) = (tenth(from.min(WIDTH - width)), tenth(width));
        // As in the bar of days, what was before is marked at the bottom.
        let edge = if class == "before" { HEIGHT } else { 0.0 };
        let _ = write!(
            svg,
            r#"<g class="{class}"><rect x="{from}" width="{width}" height="{HEIGHT}"/><path d="M{from} {edge}h{width}"/></g>"#
        );
    }

    /// A column to point at, for every point of which something is known.
    fn draw_texts(&self, svg: &mut String) {
        let width = WIDTH / float(self.count().max(1));
        let mut at = self.begin;
        svg.push_str(r#"<g class="hits">"#);
        for (number, text) in self.texts.iter().enumerate() {
            if let Some(text) = text {
                let _ = write!(
                    svg,
                    r#"<rect x="{}" width="{}" height="{HEIGHT}" data-t="{}"><title>{}: {text}</title></rect>"#,
                    tenth(float(number) * width),
                    tenth(width),
                    at.as_second(),
                    Offset::UTC.to_datetime(at).strftime("%-d %b, %H:%M UTC"),
                );
            }
            at = at.checked_add(self.step).unwrap_or(at);
        }
        svg.push_str("</g>");
    }

    /// The times below it, at round ones. Those of days are of UTC everywhere, as the days are.
    fn draw_times(&self, svg: &mut String) {
        let tick = i64::try_from(self.tick.as_secs()).unwrap_or(i64::MAX).max(1);
        let is_hours = self.tick < Duration::from_hours(24);
        let format = if is_hours { "%H:%M" } else { "%-d %b" };
        let end = self
            .begin
            .as_second()
            .saturating_add(i64::try_from(self.step.as_secs().saturating_mul(self.count() as u64)).unwrap_or(i64::MAX));
        let mut second = self.begin.as_second().div_euclid(tick).saturating_mul(tick);
        let mut number = 0;
        while second <= end {
            let at = Timestamp::from_second(second).unwrap_or(self.begin);
            let x = self.x(at);
            if at >= self.begin && (MARGIN..=WIDTH - MARGIN).contains(&x) {
                let class = if number % 2 == 0 { "when" } else { "when odd" };
                let local = if is_hours { format!(r#" data-t="{second}""#) } else { String::new() };
                let _ = write!(
                    svg,
                    r#"<text class="{class}" x="{}%" y="{}"{local}>{}</text>"#,
                    tenth(x / 10.0),
                    ABOVE + HEIGHT + BELOW - 7.0,
                    Offset::UTC.to_datetime(at).strftime(format)
                );
                number += 1;
            }
            second = second.saturating_add(tick);
        }
    }
}

/// What stands at the side: from nothing in equal steps to the top.
struct Axis {
    unit: Unit,
    step: f64,
    count: u32,
    top: f64,
}

impl Axis {
    /// The one with the smallest round steps that fits.
    fn fitting(unit: Unit, fits: f64) -> Self {
        let least = match unit {
            Unit::Time => 0.004,
            Unit::Share => 1.0,
        };
        let fits = if fits.is_finite() { fits.max(least) } else { least };
        let step = unit.steps().find(|step| fits / step <= STEPS_MAX).unwrap_or(fits / STEPS_MAX);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and 5")]
        let count = (fits / step).ceil().clamp(1.0, STEPS_MAX) as u32;
        Self { unit, step, count, top: step * f64::from(count) }
    }

    fn marks(&self) -> impl Iterator<Item = (f64, f64)> {
        (0..=self.count).map(|number| {
            let height = HEIGHT * f64::from(number) / f64::from(self.count.max(1));
            (self.step * f64::from(number), ABOVE + HEIGHT - height)
        })
    }

    fn draw_lines(&self, svg: &mut String) {
        for (value, y) in self.marks() {
            let class = if value > 0.0 { "grid" } else { "grid floor" };
            let _ = write!(svg, r#"<line class="{class}" x2="100%" y1="{y}" y2="{y}"/>"#, y = tenth(y));
        }
    }

    /// On the lines, at the left; nothing is said about nothing.
    fn draw_texts(&self, svg: &mut String) {
        for (value, y) in self.marks().skip(1) {
            let text = match self.unit {
                Unit::Time => words::duration(Duration::try_from_secs_f64(value).unwrap_or_default()),
                Unit::Share => words::percent(value),
            };
            let _ = write!(svg, r#"<text class="much" y="{}">{text}</text>"#, tenth(y - 5.0));
        }
    }
}

impl Unit {
    /// Round steps, from small to large.
    fn steps(self) -> impl Iterator<Item = f64> {
        let seconds: &[f64] = &[15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 43_200.0];
        let (first, rest, decades) = match self {
            Self::Time => (0.001, seconds, 4),
            Self::Share => (0.25, &[0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0][..], 0),
        };
        let decimal =
            (0..decades).flat_map(move |decade| [1.0, 2.0, 5.0].map(|digit| digit * first * 10f64.powi(decade)));
        let single = (decades == 0).then_some(first);
        single.into_iter().chain(decimal).chain(rest.iter().copied())
    }
}

/// A line through these values; it is interrupted where there is none, and what stands alone is a dot.
fn path(values: &[Option<f64>], top: f64) -> String {
    let width = WIDTH / float(values.len().max(1));
    let mut path = String::new();
    let mut run = 0;
    for (number, value) in values.iter().enumerate() {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            end_run(&mut path, &mut run);
            continue;
        };
        let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
        path.push(if run == 0 { 'M' } else { ' ' });
        let _ = write!(path, "{} {}", tenth((float(number) + 0.5) * width), tenth(HEIGHT * (1.0 - share)));
        run += 1;
    }
    end_run(&mut path, &mut run);
    path
}

fn end_run(path: &mut String, run: &mut usize) {
    if *run == 1 {
        path.push_str("h.1");
    }
    *run = 0;
}

/// To a tenth of a pixel.
fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 24 Nov 2026, 00:00 UTC.
    const BEGIN: Timestamp = Timestamp::constant(1_795_478_400, 0);

    fn hours(hours: u64) -> Duration {
        Duration::from_hours(hours)
    }

    #[test]
    fn a_chart_is_drawn_like_this() {
        let line = |class, values: &[Option<f64>]| Line { class, values: values.to_vec() };
        let lines = [
            line("p95", &[Some(0.11), Some(0.4), None, Some(0.2), None, Some(9.0), Some(0.1)]),
            line("p50", &[Some(0.1), Some(0.12), None, Some(0.09), None, Some(0.08), Some(0.08)]),
        ];
        let texts = ["a", "b", "", "d", "", "f", "g"].map(|text| (!text.is_empty()).then(|| text.to_owned()));
        let plot = Plot {
            label: "Response time",
            begin: BEGIN,
            step: hours(1),
            tick: hours(2),
            unit: Unit::Time,
            fits: 0.42,
            lines: &lines,
            texts: &texts,
            outages: &[Stretch { from: BEGIN + hours(2), to: BEGIN + hours(2) + Duration::from_secs(1) }],
            gaps: &[Stretch { from: BEGIN + hours(4), to: BEGIN + hours(5) }],
            maintained: &[],
            before: Some(Stretch { from: BEGIN, to: BEGIN + Duration::from_mins(6) }),
        };
        insta::assert_snapshot!(draw(&plot).replace("><", ">\n<"));
    }

    #[test]
    fn steps_are_round_and_begin_at_nothing() {
        for (unit, fits, step, count) in [
            (Unit::Time, 0.0, 0.001, 4),
            (Unit::Time, 0.084, 0.05, 2),
            (Unit::Time, 0.21, 0.1, 3),
            (Unit::Time, 1.9, 0.5, 4),
            (Unit::Time, 2.1, 1.0, 3),
            (Unit::Time, 45.0, 15.0, 3),
            (Unit::Time, 86_400.0, 43_200.0, 2),
            (Unit::Share, 0.3, 0.25, 4),
            (Unit::Share, 1.2, 0.5, 3),
            (Unit::Share, 1_000.0, 250.0, 4),
            (Unit::Time, f64::NAN, 0.001, 4),
            (Unit::Time, f64::INFINITY, 0.001, 4),
        ] {
            let axis = Axis::fitting(unit, fits);
            assert_eq!((axis.step, axis.count), (step, count), "{unit:?} {fits}");
        }
    }

    /// The points of a path, run by run.
    fn points(path: &str) -> Vec<Vec<(f64, f64)>> {
        let run = |run: &str| {
            let numbers: Vec<f64> =
                run.trim_end_matches("h.1").split(' ').map(|number| number.parse().unwrap()).collect();
            assert!(numbers.len().is_multiple_of(2));
            numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect()
        };
        path.split('M').skip(1).map(run).collect()
    }

    proptest! {
        #[test]
        fn lines_stay_in_the_box_and_have_gaps_where_nothing_was_measured(
            values in prop::collection::vec(prop::option::of(prop_oneof![any::<f64>(), 0.0..20.0]), 0..300),
            fits in prop_oneof![any::<f64>(), 0.0..20.0],
            is_time in any::<bool>(),
        ) {
            let axis = Axis::fitting(if is_time { Unit::Time } else { Unit::Share }, fits);
            prop_assert!(axis.top.is_finite() && axis.top > 0.0 && axis.count >= 1);
            if fits.is_finite() {
                prop_assert!(axis.top >= fits * 0.999_999);
            }
            let path = path(&values, axis.top);
            prop_assert!(!path.contains("NaN") && !path.contains("inf"), "{path}");
            let runs = points(&path);
            let measured: Vec<bool> = values.iter().map(|value| value.is_some_and(f64::is_finite)).collect();
            let wanted: Vec<usize> = measured.split(|is| !is).map(<[bool]>::len).filter(|length| *length > 0).collect();
            prop_assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), wanted);
            let all: Vec<(f64, f64)> = runs.concat();
            prop_assert!(all.iter().all(|(x, y)| (0.0..=WIDTH).contains(x) && (0.0..=HEIGHT).contains(y)));
            prop_assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{path}");
        }

        #[test]
        fn shades_and_times_stay_in_the_box(
            from in -200_000i64..200_000, length in 0i64..200_000, count in 0usize..300, step in 0u64..50_000, tick in 0u64..50_000,
        ) {
            let at = |seconds| Timestamp::from_second(BEGIN.as_second() + seconds).unwrap();
            let texts = vec![None; count];
            let stretch = Stretch { from: at(from), to: at(from + length) };
            let tick = Duration::from_secs(tick.max(step * count as u64 / 20));
            let plot = Plot {
                label: "", begin: BEGIN, step: Duration::from_secs(step), tick, unit: Unit::Share, fits: 1.0,
                lines: &[], texts: &texts, outages: &[stretch], gaps: &[], maintained: &[], before: None,
            };
            let svg = draw(&plot);
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", svg);
            let number = |name: &str, from: &str| -> f64 { from.split_once(name).unwrap().1.split('"').next().unwrap().trim_end_matches('%').parse().unwrap() };
            let shade = svg.split_once("class=\"out\"").unwrap().1;
            let (x, width) = (number("x=\"", shade), number("width=\"", shade));
            prop_assert!(x >= 0.0 && width >= SHADE_MIN && x + width <= WIDTH + 0.11, "{} {}", x, width);
            for text in svg.split("class=\"when").skip(1) {
                prop_assert!((4.0..=96.0).contains(&number("x=\"", text)));
            }
        }
    }
}
