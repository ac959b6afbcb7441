//! The table of docs/PERFORMANCE.md, made of what Criterion has just written down.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use crate::operations;
use crate::operations::Growth;
use crate::operations::Operation;
use crate::page::Size;

/// Up to which power of the size a cost counts as flat, and as linear. Between the smallest pages fixed costs hide what
/// grows, and beyond the caches of a processor what is flat grows a little.
const FLAT: f64 = 0.25;
const LINEAR: f64 = 1.2;

/// The two sizes between which growth is told.
const SMALL: usize = 100;
const LARGE: usize = 10_000;

/// Prints what was measured since then, in microseconds; nothing if nothing was, as when it is only tried.
#[expect(clippy::print_stdout, reason = "it is what is asked for")]
pub(crate) fn print(since: Timestamp) {
    let rows: Vec<String> = operations::ALL.iter().filter_map(|operation| row(operation, since)).collect();
    if rows.is_empty() {
        return;
    }
    let heads: Vec<String> = Size::ALL.iter().map(|size| grouped(size.replicas)).collect();
    println!("\nCPU time in microseconds, by the number of replicas\n");
    println!("| operation | {} | should be | is |", heads.join(" | "));
    println!("| --- |{} --- | --- |", " ---: |".repeat(heads.len()));
    for row in rows {
        println!("{row}");
    }
}

fn row(operation: &Operation, since: Timestamp) -> Option<String> {
    let costs: Vec<Option<f64>> = Size::ALL.iter().map(|size| cost(operation, *size, since)).collect();
    costs.iter().flatten().next()?;
    let cells: Vec<String> = costs.iter().map(|cost| cost.map_or("–".to_owned(), micros)).collect();
    let wanted = match operation.growth {
        Growth::Flat => "flat",
        Growth::Linear => "linear",
    };
    Some(format!("| {} | {} | {wanted} | {} |", operation.words, cells.join(" | "), growth(&costs)))
}

/// What is the median of an operation's samples, in nanoseconds, if it was measured since then.
fn cost(operation: &Operation, size: Size, since: Timestamp) -> Option<f64> {
    let file = folder().join(operation.id).join(size.to_string()).join("new").join("estimates.json");
    let written: Timestamp = fs::metadata(&file).ok()?.modified().ok()?.try_into().ok()?;
    if written < since {
        return None;
    }
    let estimates: Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
    estimates.get("median")?.get("point_estimate")?.as_f64()
}

/// Where Criterion writes.
fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
    env::var_os("CRITERION_HOME").map_or_else(own, PathBuf::from)
}

/// How the cost grows, as a word.
fn growth(costs: &[Option<f64>]) -> &'static str {
    let of = |replicas| Size::ALL.iter().zip(costs).find(|(size, _)| size.replicas == replicas)?.1.as_ref();
    let Some((small, large)) = of(SMALL).zip(of(LARGE)) else { return "–" };
    let power = (large / small).log10() / 2.0;
    match power {
        power if power <= FLAT => "flat",
        power if power <= LINEAR => "linear",
        _ => "steeper",
    }
}

/// With three digits that say something.
fn micros(nanos: f64) -> String {
    let micros = nanos / 1e3;
    match micros {
        micros if micros < 10.0 => format!("{micros:.2}"),
        micros if micros < 100.0 => format!("{micros:.1}"),
        micros => {
            let whole: u64 = format!("{micros:.0}").parse().unwrap_or(u64::MAX);
            grouped(usize::try_from(whole).unwrap_or(usize::MAX))
        }
    }
}

/// `12,345`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
