//! What was measured of a node over a range, as charts with their figures.

use std::time::Duration;

use jiff::Timestamp;
use serde_derive::Serialize;

use crate::model::incident::Affected;
use crate::model::observation::Load;
use crate::model::shown::Range;
use crate::model::span::Span;
use crate::model::status::Status;
use crate::model::words;

use super::chart;
use super::chart::Line;
use super::chart::Plot;
use super::chart::Stretch;
use super::chart::Unit;
use super::days;

/// How many times the usual the slowest answer may be for the scale to reach it: beyond, the rest would be a flat line.
const SCALE_MAX: f64 = 4.0;

/// How many times as long as what lies between two outages the range is, from which they are drawn as one.
const APART: u32 = 400;

/// Room above the usual.
const HEADROOM: f64 = 1.15;

/// A chart, with what stands beside it.
#[derive(Debug, Serialize)]
pub(super) struct ChartView {
    title: &'static str,
    keys: Vec<Key>,
    svg: String,
    note: Option<&'static str>,
}

/// What a line is, and its figure over all.
#[derive(Debug, Serialize)]
struct Key {
    class: &'static str,
    name: &'static str,
    value: String,
}

/// A range of a node, in points.
struct Points {
    range: Range,
    spans: Vec<(Timestamp, Option<Span>)>,
    all: Span,
    outages: Vec<Stretch>,
    gaps: Vec<Stretch>,
    maintained: Vec<Stretch>,
    unknown: Option<Stretch>,
}

/// The charts of all that was measured.
pub(super) fn charts(
    series: &[(Timestamp, Span)],
    deaths: &[&Affected],
    range: Range,
    now: Timestamp,
) -> Vec<ChartView> {
    let points = range.pointed(series, now);
    let mut all = Span::default();
    for (_, span) in &points {
        if let Some(span) = span {
            all.merge(span);
        }
    }
    let (outages, gaps) = (outages(&points, deaths, range, now), gaps(&points, range, now));
    let (maintained, unknown) = (maintained(&points, range), unknown(&points));
    let points = Points { range, spans: points, all, outages, gaps, maintained, unknown };
    let mut charts = Vec::new();
    charts.extend(points.response_time());
    charts.extend(points.load("CPU load", "cpu", |load| load.cpu));
    charts.extend(points.load("RAM in use", "ram", |load| load.ram));
    charts
}

impl Points {
    fn response_time(&self) -> Option<ChartView> {
        let summary = &self.all.latencies;
        let figures = [summary.quantile(0.5)?, summary.quantile(0.95)?, summary.max()?];
        let [median, most, slowest] = figures.map(days::duration_of_answer);
        let quantile = |share: f64| self.values(|span| span.latencies.quantile(share).map(|time| time.as_secs_f64()));
        let lines = [
            Line { class: "max", values: self.values(|span| span.latencies.max().map(|time| time.as_secs_f64())) },
            Line { class: "p95", values: quantile(0.95) },
            Line { class: "p50", values: quantile(0.5) },
        ];
        let [highest, usual, _] = [&lines[0], &lines[1], &lines[2]].map(highest);
        let is_cut = highest > usual * SCALE_MAX;
        let text = |span: &Span| {
            let latencies = &span.latencies;
            let [median, most, slowest] = [latencies.quantile(0.5)?, latencies.quantile(0.95)?, latencies.max()?];
            let [median, most, slowest] = [median, most, slowest].map(days::duration_of_answer);
            Some(match latencies.count() {
                1 => median,
                _ => format!("median {median}, 95% within {most}, slowest {slowest}"),
            })
        };
        let label = format!("Response time: median {median}, 95% within {most}, slowest {slowest}");
        let fits = if is_cut { usual * HEADROOM } else { highest };
        let key = |class, name, value| Key { class, name, value };
        Some(ChartView {
            title: "Response time",
            keys: vec![key("p50", "Median", median), key("p95", "95% within", most), key("max", "Slowest", slowest)],
            svg: self.draw(&label, Unit::Time, fits, &lines, text),
            note: is_cut.then_some("The slowest answers exceed the scale and are drawn at its top."),
        })
    }

    fn load(&self, title: &'static str, name: &str, of: fn(Load) -> f64) -> Option<ChartView> {
        let (mean, peak) = (of(self.all.loads.mean()?), of(self.all.loads.max()?));
        let lines = [
            Line { class: "max", values: self.values(|span| span.loads.max().map(of)) },
            Line { class: "p50", values: self.values(|span| span.loads.mean().map(of)) },
        ];
        let text = |span: &Span| {
            let (mean, peak) = (of(span.loads.mean()?), of(span.loads.max()?));
            Some(format!("mean {}, peak {}", words::percent(mean), words::percent(peak)))
        };
        let (mean, peak) = (words::percent(mean), words::percent(peak));
        let label = format!("{} load: mean {mean}, peak {peak}", name.to_uppercase());
        let fits = highest(&lines[0]);
        Some(ChartView {
            title,
            svg: self.draw(&label, Unit::Share, fits, &lines, text),
            keys: vec![
                Key { class: "p50", name: "Mean", value: mean },
                Key { class: "max", name: "Peak", value: peak },
            ],
            note: None,
        })
    }

    fn values(&self, of: impl Fn(&Span) -> Option<f64>) -> Vec<Option<f64>> {
        self.spans.iter().map(|(_, span)| span.as_ref().and_then(&of)).collect()
    }

    fn draw(
        &self,
        label: &str,
        unit: Unit,
        fits: f64,
        lines: &[Line],
        text: impl Fn(&Span) -> Option<String>,
    ) -> String {
        let texts: Vec<Option<String>> = self.spans.iter().map(|(_, span)| point_text(span.as_ref()?, &text)).collect();
        chart::draw(&Plot {
            label,
            begin: self.spans.first().map_or(Timestamp::MIN, |(begin, _)| *begin),
            step: self.range.step(),
            tick: tick(self.range),
            unit,
            fits,
            lines,
            texts: &texts,
            outages: &self.outages,
            gaps: &self.gaps,
            maintained: &self.maintained,
            before: self.unknown,
        })
    }
}

/// What a point says: what was measured, and what was amiss.
fn point_text(span: &Span, measured: impl Fn(&Span) -> Option<String>) -> Option<String> {
    if !is_watched(Some(span)) {
        return None;
    }
    let spent = |status, verb: &str| {
        let time = span.time(Some(status));
        (!time.is_zero()).then(|| format!("{verb} for {}", days::duration(time)))
    };
    let parts = [
        Some(measured(span).unwrap_or_else(|| "nothing measured".to_owned())),
        spent(Status::Dead, "down"),
        spent(Status::Sick, "sick"),
        (!span.maintenance().is_zero()).then(|| format!("maintenance for {}", days::duration(span.maintenance()))),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn is_watched(span: Option<&Span>) -> bool {
    let is_measured = |span: &Span| span.latencies.count() > 0 || span.loads.count() > 0;
    span.is_some_and(|span| span.worst().is_some() || !span.maintenance().is_zero() || is_measured(span))
}

/// The highest value of a line.
fn highest(line: &Line) -> f64 {
    line.values.iter().flatten().copied().fold(0.0, f64::max)
}

/// How far apart times are written.
fn tick(range: Range) -> Duration {
    const DAY: Duration = Duration::from_hours(24);
    match range {
        Range::Day => Duration::from_hours(4),
        Range::Week => DAY,
        Range::Month => DAY.saturating_mul(5),
        Range::Quarter => DAY.saturating_mul(15),
    }
}

/// When the node was down. Of one that died several times within an incident, only the last time is known; before, it
/// is the points that say when.
fn outages(points: &[(Timestamp, Option<Span>)], deaths: &[&Affected], range: Range, now: Timestamp) -> Vec<Stretch> {
    let mut outages = Vec::new();
    let begin = range.begin(now);
    for death in deaths {
        let (from, to) = (death.since.wall.max(begin), death.until.map_or(now, |until| until.at.wall).min(now));
        if from > to {
            continue;
        }
        let again = if death.deaths <= 1 { from } else { death.again.wall.clamp(from, to) };
        outages.push(Stretch { from: again, to });
        for (at, span) in points {
            let end = at.checked_add(range.step()).unwrap_or(*at);
            let is_dead = span.as_ref().is_some_and(|span| !span.time(Some(Status::Dead)).is_zero());
            if is_dead && end > from && end <= again {
                outages.push(Stretch { from: from.max(*at), to: end });
            }
        }
    }
    joined(outages, range.length(now) / APART)
}

/// In order, and those in one that nobody could tell apart: so there are never more than a chart has room for.
fn joined(mut stretches: Vec<Stretch>, apart: Duration) -> Vec<Stretch> {
    stretches.sort_unstable_by_key(|stretch| stretch.from);
    let mut joined: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        let near = |last: &Stretch| stretch.from <= last.to.checked_add(apart).unwrap_or(Timestamp::MAX);
        match joined.last_mut().filter(|last| near(last)) {
            Some(last) => last.to = last.to.max(stretch.to),
            None => joined.push(stretch),
        }
    }
    joined
}

/// When nobody watched, since somebody first did.
fn gaps(points: &[(Timestamp, Option<Span>)], range: Range, now: Timestamp) -> Vec<Stretch> {
    let mut gaps = Vec::new();
    for (at, span) in points.iter().skip_while(|(_, span)| !is_watched(span.as_ref())) {
        let to = at.checked_add(range.step()).unwrap_or(*at);
        // The present point may have no span yet.
        if !is_watched(span.as_ref()) && to <= now {
            extend(&mut gaps, Stretch { from: *at, to });
        }
    }
    gaps
}

/// When there was planned maintenance, as far as points tell.
fn maintained(points: &[(Timestamp, Option<Span>)], range: Range) -> Vec<Stretch> {
    let stretch = |(at, span): &(Timestamp, Option<Span>)| {
        let time = span.as_ref().map(Span::maintenance).filter(|time| !time.is_zero())?;
        Some(Stretch { from: *at, to: at.checked_add(time).unwrap_or(*at) })
    };
    // It began within its first point, and the next one goes on with it.
    joined(points.iter().filter_map(stretch).collect(), range.step())
}

/// What was before somebody first watched, in this range.
fn unknown(points: &[(Timestamp, Option<Span>)]) -> Option<Stretch> {
    let (begin, _) = points.first()?;
    let (first, _) = points.iter().find(|(_, span)| is_watched(span.as_ref()))?;
    (begin < first).then_some(Stretch { from: *begin, to: *first })
}

/// Adds a stretch, to the last one if it goes on with it.
fn extend(stretches: &mut Vec<Stretch>, stretch: Stretch) {
    match stretches.last_mut().filter(|last| last.to == stretch.from) {
        Some(last) => last.to = stretch.to,
        None => stretches.push(stretch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::before;
    use crate::model::fixture;
    use crate::model::fixture::secs;
    use crate::model::incident::End;
    use crate::model::incident::Ended;

    fn answered(millis: &[u64]) -> Span {
        let mut span = Span::of(Some(Status::Healthy), Duration::from_mins(5));
        for millis in millis {
            span.latencies.add(Duration::from_millis(*millis));
        }
        span
    }

    fn stretches(series: &[(Timestamp, Span)], deaths: u32, again: u64) -> (Vec<Stretch>, Vec<Stretch>) {
        let now = fixture::now();
        let until = Some(Ended { at: before(now, secs(300)), how: End::Recovered });
        let death = Affected {
            node: fixture::id("a"),
            since: before(now, secs(2_000)),
            cause: None,
            deaths,
            again: before(now, secs(again)),
            down: Duration::ZERO,
            until,
        };
        let points = Range::Day.pointed(series, now.wall);
        (outages(&points, &[&death], Range::Day, now.wall), gaps(&points, Range::Day, now.wall))
    }

    #[test]
    fn outages_are_as_long_as_they_were_and_gaps_begin_with_what_is_known_first() {
        let now = fixture::now().wall;
        let point = |ago: u64| Range::Day.start_of(now) - secs(300 * ago);
        let dead = Span::of(Some(Status::Dead), Duration::from_mins(1));
        let series =
            [(point(7), dead.clone()), (point(6), dead.clone()), (point(3), dead), (point(0), answered(&[80]))];
        let (once, gaps) = stretches(&series, 1, 2_000);
        assert_eq!(once, [Stretch { from: now - secs(2_000), to: now - secs(300) }]);
        let unknown_of = |series: &[(Timestamp, Span)]| unknown(&Range::Day.pointed(series, now));
        assert_eq!(unknown_of(&series), Some(Stretch { from: Range::Day.begin(now), to: point(7) }));
        assert_eq!(unknown_of(&[(Range::Day.begin(now), answered(&[80]))]), None);
        assert_eq!(gaps, [Stretch { from: point(5), to: point(3) }, Stretch { from: point(2), to: point(0) }]);
        let (twice, _) = stretches(&series, 2, 1_000);
        assert_eq!(
            twice,
            [
                Stretch { from: now - secs(2_000), to: point(5) },
                Stretch { from: now - secs(1_000), to: now - secs(300) }
            ]
        );
    }

    #[test]
    fn maintenance_is_no_gap_and_is_told_by_its_points() {
        let now = fixture::now().wall;
        let point = |ago: u64| Range::Day.start_of(now) - secs(300 * ago);
        let mut begun = answered(&[80]);
        begun.maintain(secs(120));
        let whole = Span::of_maintenance(secs(300));
        let series = [
            (point(9), answered(&[80])),
            (point(8), begun),
            (point(7), whole.clone()),
            (point(6), whole),
            (point(5), answered(&[80])),
        ];
        let points = Range::Day.pointed(&series, now);
        assert_eq!(maintained(&points, Range::Day), [Stretch { from: point(8), to: point(5) }]);
        assert_eq!(gaps(&points, Range::Day, now), [Stretch { from: point(4), to: point(0) }]);
        let shown = serde_json::to_value(charts(&series, &[], Range::Day, now)).unwrap();
        let svg = shown[0]["svg"].as_str().unwrap();
        assert!(svg.contains(r#"<g class="work">"#) && svg.contains(": 80 ms, maintenance for 2 min<"), "{svg}");
        assert!(svg.contains(": nothing measured, maintenance for 5 min<"), "{svg}");
    }

    #[test]
    fn there_is_a_chart_for_what_was_measured() {
        let now = fixture::now().wall;
        let at = Range::Day.start_of(now);
        let shown = |span: Span| serde_json::to_value(charts(&[(at, span)], &[], Range::Day, now)).unwrap();
        assert_eq!(shown(Span::of(Some(Status::Dead), secs(60))).as_array().unwrap().len(), 0);
        let times = shown(answered(&[80, 90, 4_000]));
        assert_eq!((times.as_array().unwrap().len(), &times[0]["keys"][2]["value"]), (1, &"4 s".into()));
        let mut loaded = Span::of(Some(Status::Healthy), secs(60));
        loaded.loads.add(Load { cpu: 0.5, ram: 0.25 });
        let loads = shown(loaded);
        assert_eq!((&loads[0]["title"], &loads[1]["keys"][0]["value"]), (&"CPU load".into(), &"25%".into()));
        assert!(loads[0]["svg"].as_str().unwrap().contains("24 Nov, 01:10 UTC: mean 50%, peak 50%<"), "{loads}");
    }

    #[test]
    fn one_slow_answer_does_not_flatten_all_others() {
        let now = fixture::now().wall;
        let at = Range::Day.start_of(now);
        let mut usual = answered(&[80; 99]);
        let note =
            |span: Span| serde_json::to_value(charts(&[(at, span)], &[], Range::Day, now)).unwrap()[0]["note"].clone();
        assert!(note(usual.clone()).is_null());
        usual.latencies.add(Duration::from_secs(9));
        assert_eq!(note(usual), "The slowest answers exceed the scale and are drawn at its top.");
    }
}
