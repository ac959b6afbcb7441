//! Figures as text for Prometheus, in version 0.0.4 of its text format:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Display;
use std::time::Duration;

/// The media type of such a text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The labels of a sample: names and values.
type Labels<'a> = &'a [(&'a str, &'a str)];

/// A text that is being written.
#[derive(Default)]
pub(super) struct Exposition {
    text: String,
}

/// A family of samples in it, all under one name.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Grows until the program ends; the name ends with `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by bounds.
    Histogram,
}

impl Exposition {
    /// Begins a family; `help` is one line that says what it is.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        self.text.push_str(&["# HELP ", name, " ", &help, "\n# TYPE ", name, " ", kind, "\n"].concat());
        Family { text: &mut self.text, name }
    }

    /// The whole text.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// One sample.
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.line("", labels, &value);
    }

    /// The samples of a histogram: of the values that are at most each bound and more than the one before, how many there are,
    /// with those above all bounds as the last; and all values together. Bounds and the sum are given in seconds.
    pub(super) fn histogram(&mut self, labels: Labels<'_>, bounds: &[Duration], counts: &[u64], sum: Duration) {
        let bounds = bounds.iter().map(|bound| bound.as_secs_f64().to_string()).chain(["+Inf".to_owned()]);
        let mut below: u64 = 0;
        for (bound, count) in bounds.zip(counts) {
            below = below.saturating_add(*count);
            self.line("_bucket", &[labels, &[("le", &bound)]].concat(), &below);
        }
        self.line("_sum", labels, &sum.as_secs_f64());
        self.line("_count", labels, &below);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, value: &dyn Display) {
        let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        self.text.push_str(&[self.name, suffix, &labels, " ", &value.to_string(), "\n"].concat());
    }
}

/// A value of a label, as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_written_as_prometheus_reads_them() {
        let mut text = Exposition::default();
        let mut family = text.family("a_total", Kind::Counter, "How many.");
        family.sample(&[("kind", "x")], 3);
        family.sample(&[("kind", "y"), ("name", "z")], 0);
        text.family("b", Kind::Gauge, "A \\ and\na line.").sample(&[], 0.5);
        text.family("c", Kind::Gauge, "Quotes.").sample(&[("name", "a \"b\" \\ c\nd")], u64::MAX);
        text.family("d", Kind::Gauge, "Nothing.");
        insta::assert_snapshot!(text.into_text(), @r#"
        # HELP a_total How many.
        # TYPE a_total counter
        a_total{kind="x"} 3
        a_total{kind="y",name="z"} 0
        # HELP b A \\ and\na line.
        # TYPE b gauge
        b 0.5
        # HELP c Quotes.
        # TYPE c gauge
        c{name="a \"b\" \\ c\nd"} 18446744073709551615
        # HELP d Nothing.
        # TYPE d gauge
        "#);
    }

    #[test]
    fn a_histogram_is_cumulative_and_in_seconds() {
        let mut text = Exposition::default();
        let mut family = text.family("wait_seconds", Kind::Histogram, "Waits.");
        let bounds = [Duration::from_millis(1), Duration::from_millis(2_500), Duration::from_mins(1)];
        family.histogram(&[("kind", "x")], &bounds, &[2, 0, 3, 1], Duration::from_micros(1_234_500));
        family.histogram(&[], &bounds, &[0; 4], Duration::ZERO);
        insta::assert_snapshot!(text.into_text(), @r#"
        # HELP wait_seconds Waits.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{kind="x",le="0.001"} 2
        wait_seconds_bucket{kind="x",le="2.5"} 2
        wait_seconds_bucket{kind="x",le="60"} 5
        wait_seconds_bucket{kind="x",le="+Inf"} 6
        wait_seconds_sum{kind="x"} 1.2345
        wait_seconds_count{kind="x"} 6
        wait_seconds_bucket{le="0.001"} 0
        wait_seconds_bucket{le="2.5"} 0
        wait_seconds_bucket{le="60"} 0
        wait_seconds_bucket{le="+Inf"} 0
        wait_seconds_sum 0
        wait_seconds_count 0
        "#);
    }
}
