//! A strict reader of the text format of Prometheus, version 0.0.4: what it takes, every reader takes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// A text as it was read: the families by their names.
pub(crate) type Families = BTreeMap<String, Family>;

/// The samples of one name.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    /// The name with its suffix, the labels, the value; in the order of the text.
    pub(crate) samples: Vec<(String, Labels, f64)>,
}

/// Labels by their names.
pub(crate) type Labels = BTreeMap<String, String>;

/// The value of the one sample of that name which has all of these labels.
pub(crate) fn value(families: &Families, name: &str, labels: &[(&str, &str)]) -> f64 {
    let all = families.values().flat_map(|family| &family.samples);
    let has = |found: &Labels| labels.iter().all(|(name, value)| found.get(*name).is_some_and(|found| found == value));
    let found: Vec<f64> =
        all.filter(|(sample, found, _)| sample == name && has(found)).map(|(_, _, value)| *value).collect();
    assert_eq!(found.len(), 1, "{name} {labels:?} in {families:?}");
    found[0]
}

/// Reads a text.
///
/// # Errors
/// The first line that is not as it should be, and why; or the family.
pub(crate) fn parse(text: &str) -> Result<Families, String> {
    if !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let mut families = Families::new();
    let mut now: Option<(String, Family)> = None;
    let mut helped: Option<String> = None;
    for line in text.lines() {
        let wrong = |why: &str| format!("{why}: `{line}`");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').ok_or_else(|| wrong("there is no help"))?;
            if !is_name(name) || help.trim().is_empty() || helped.is_some() {
                return Err(wrong("no help for a family"));
            }
            close(&mut families, now.take())?;
            helped = Some(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or_else(|| wrong("there is no type"))?;
            if helped.take().as_deref() != Some(name) || !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(wrong("no type of the family that was begun"));
            }
            if (kind == "counter") != name.ends_with("_total") {
                return Err(wrong("counters, and they alone, end with _total"));
            }
            now = Some((name.to_owned(), Family { kind: kind.to_owned(), samples: Vec::new() }));
        } else {
            let (sample, labels, value) = sample(line).ok_or_else(|| wrong("no sample"))?;
            let (name, family) = now.as_mut().ok_or_else(|| wrong("a sample of no family"))?;
            let suffixes: &[&str] = if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            let suffix = sample.strip_prefix(name.as_str());
            if helped.is_some() || !suffix.is_some_and(|suffix| suffixes.contains(&suffix)) {
                return Err(wrong("a sample of another family"));
            }
            if (suffix == Some("_bucket")) != labels.contains_key("le") {
                return Err(wrong("`le` is of buckets, and only of them"));
            }
            if family.samples.iter().any(|(other, with, _)| *other == sample && *with == labels) {
                return Err(wrong("it is there already"));
            }
            if family.kind != "gauge" && (value.is_nan() || value < 0.0) {
                return Err(wrong("what is counted is not below 0"));
            }
            family.samples.push((sample, labels, value));
        }
    }
    if let Some(name) = helped {
        return Err(format!("{name} has no type"));
    }
    close(&mut families, now)?;
    Ok(families)
}

/// Puts a family that is over to the others.
fn close(families: &mut Families, family: Option<(String, Family)>) -> Result<(), String> {
    let Some((name, family)) = family else { return Ok(()) };
    if family.kind == "histogram" {
        check(&family).map_err(|why| format!("{name}: {why}"))?;
    }
    match families.insert(name.clone(), family) {
        Some(_) => Err(format!("{name} is there twice")),
        None => Ok(()),
    }
}

/// Whether buckets rise, with the last for all, and the count is that of all.
fn check(histogram: &Family) -> Result<(), String> {
    let of =
        |suffix: &str| histogram.samples.iter().filter(move |(name, ..)| name.ends_with(suffix)).collect::<Vec<_>>();
    let without_bound = |labels: &Labels| {
        let mut labels = labels.clone();
        labels.remove("le");
        labels
    };
    let series: BTreeSet<Labels> = histogram.samples.iter().map(|(_, labels, _)| without_bound(labels)).collect();
    for labels in series {
        let mut last = (f64::NEG_INFINITY, 0.0);
        for (_, with, value) in of("_bucket").into_iter().filter(|(_, with, _)| without_bound(with) == labels) {
            let bound = number(&with["le"]).ok_or("a bound is no number")?;
            if bound.is_nan() || bound <= last.0 || *value < last.1 {
                return Err(format!("the bucket `{}` of {labels:?} does not rise", with["le"]));
            }
            last = (bound, *value);
        }
        if last.0 < f64::INFINITY {
            return Err(format!("{labels:?} has no bucket for all"));
        }
        let one = |suffix: &str| {
            let found: Vec<f64> = of(suffix).iter().filter(|(_, with, _)| *with == labels).map(|one| one.2).collect();
            if let [value] = found[..] { Ok(value) } else { Err(format!("{labels:?} has no `{suffix}`")) }
        };
        one("_sum")?;
        if one("_count")?.total_cmp(&last.1).is_ne() {
            return Err(format!("the count of {labels:?} is not that of all"));
        }
    }
    Ok(())
}

/// The name, the labels and the value of a line.
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let (text, after) = quoted(after)?;
            if !is_name(label) || label.contains(':') || labels.insert(label.to_owned(), text).is_some() {
                return None;
            }
            rest = after;
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = number(rest.strip_prefix(' ')?)?;
    is_name(name).then(|| (name.to_owned(), labels, value))
}

/// The text up to the closing quote, and what is after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut rest = text.char_indices();
    while let Some((at, sign)) = rest.next() {
        match sign {
            '"' => return Some((found, &text[at + 1..])),
            '\\' => found.push(match rest.next()?.1 {
                'n' => '\n',
                sign @ ('\\' | '"') => sign,
                _ => return None,
            }),
            sign => found.push(sign),
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte)) => text.parse().ok(),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    name.bytes().all(is_sign) && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

const GOOD: &str = "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"\\\"\\\\\\n\"} 2\n\
    # HELP w W.\n# TYPE w histogram\nw_bucket{le=\"0.5\"} 1\nw_bucket{le=\"+Inf\"} 3\nw_sum 4.5\nw_count 3\n\
    # HELP g G.\n# TYPE g gauge\ng -1\n# HELP n N.\n# TYPE n gauge\n";

#[test]
fn a_good_text_is_read() {
    let families = parse(GOOD).unwrap();
    let kinds: Vec<(&str, &str)> =
        families.iter().map(|(name, family)| (name.as_str(), family.kind.as_str())).collect();
    assert_eq!(kinds, [("a_total", "counter"), ("g", "gauge"), ("n", "gauge"), ("w", "histogram")]);
    assert_eq!(families["a_total"].samples[1].1["x"], "\"\\\n");
    assert!((value(&families, "w_bucket", &[("le", "0.5")]) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn what_is_not_quite_right_is_not_read() {
    for (good, bad, why) in [
        ("g -1\n# HELP n N.\n# TYPE n gauge\n", "g -1", "does not end"),
        ("# HELP g G.\n", "", "no type of"),
        ("# HELP g G.\n", "# HELP g \n", "no help"),
        ("# HELP g G.\n", "# HELP g G.\n# HELP g G.\n", "no help for"),
        ("# TYPE g gauge\n", "", "sample of no family"),
        ("# TYPE g gauge", "# TYPE g number", "no type of"),
        ("# TYPE n gauge\n", "", "n has no type"),
        ("a_total counter", "a_total gauge", "_total"),
        ("# TYPE g gauge", "# TYPE g counter", "_total"),
        ("x=\"1\"} 1", "x=\"1\"} -1", "below 0"),
        ("x=\"1\"} 1", "x=\"1\"} one", "no sample"),
        ("x=\"1\"} 1", "x=\"1\"}  1", "no sample"),
        ("x=\"1\"} 1", "x=\"1\",} 1", "no sample"),
        ("x=\"1\"} 1", "x=\"1\",x=\"1\"} 1", "no sample"),
        ("x=\"1\"} 1", "1x=\"1\"} 1", "no sample"),
        ("x=\"1\"} 1", "x=\"\\a\"} 1", "no sample"),
        ("a_total{x=\"1\"} 1\n", "a_total{x=\"1\"} 1\na_total{x=\"1\"} 1\n", "already"),
        ("a_total{x=\"1\"} 1\n", "\na_total{x=\"1\"} 1\n", "no sample"),
        ("g -1", "h -1", "another family"),
        ("g -1", "g{le=\"1\"} -1", "`le`"),
        ("w_count 3\n", "w_count 2\n", "not that of all"),
        ("w_count 3\n", "", "no `_count`"),
        ("w_sum 4.5\n", "", "no `_sum`"),
        ("le=\"0.5\"} 1", "le=\"0.5\"} 4", "does not rise"),
        ("w_bucket{le=\"+Inf\"} 3\n", "", "no bucket for all"),
        ("w_bucket{le=\"0.5\"} 1\nw_bucket{le=\"+Inf\"} 3\n", "", "no bucket for all"),
        ("le=\"0.5\"", "le=\"NaN\"", "does not rise"),
        ("w_bucket{le=\"+Inf\"} 3\n", "w_bucket{le=\"0.4\"} 2\nw_bucket{le=\"+Inf\"} 3\n", "does not rise"),
        ("# HELP n N.\n# TYPE n gauge\n", "# HELP g G.\n# TYPE g gauge\n", "twice"),
    ] {
        assert!(GOOD.contains(good), "{good}");
        let error = parse(&GOOD.replacen(good, bad, 1)).expect_err(bad);
        assert!(error.contains(why), "{bad}: {error}");
    }
}
