//! How the cost of what Vigil does often grows with the size of the page, in CPU time.
//!
//! `cargo bench` measures it, and prints the table of docs/PERFORMANCE.md at its end; `cargo bench -- page` does so for
//! what has `page` in its name. Criterion's own options go there, too: `--save-baseline NAME` before a change and
//! `--baseline NAME` after it.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

mod cpu;
mod judging;
mod keeping;
mod operations;
mod page;
mod serving;
mod table;

use std::hint::black_box;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use vigil_server::clock::Clock;
use vigil_server::clock::SystemClock;

use self::cpu::CpuTime;
use self::operations::Operation;
use self::page::Page;
use self::page::Size;

/// How many samples are taken of each operation and size, and for how long.
const SAMPLES: usize = 20;
const TIME: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(300);

/// How often the samples are drawn from anew to tell how sure their median is.
const RESAMPLES: usize = 10_000;

fn main() {
    let since = SystemClock.now().wall;
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(SAMPLES)
        .measurement_time(TIME)
        .warm_up_time(WARM_UP)
        .nresamples(RESAMPLES)
        .without_plots()
        .configure_from_args();
    for size in Size::ALL {
        let page = Page::checked(size);
        serving::reading(&mut criterion, &page);
        keeping::config(&mut criterion, &page);
        judging::checks(&mut criterion, &page);
        keeping::history(&mut criterion, &page);
        judging::notices(&mut criterion, &page);
        drop(page);
        let page = Page::reported(size);
        judging::reports(&mut criterion, &page);
        serving::reporting(&mut criterion, &page);
        drop(page);
        judging::outage(&mut criterion, size);
        judging::joining(&mut criterion, size);
    }
    table::print(since);
}

/// Measures `work`.
fn measure<T>(criterion: &mut Criterion<CpuTime>, what: &Operation, size: Size, mut work: impl FnMut() -> T) {
    let mut group = criterion.benchmark_group(what.id);
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| bencher.iter(&mut work));
    group.finish();
}

/// Measures `work`, so often at a time, on what `prepare` gives each time, which is not measured.
fn measure_rounds<P, T>(
    criterion: &mut Criterion<CpuTime>,
    what: &Operation,
    size: Size,
    together: u64,
    mut prepare: impl FnMut() -> P,
    mut work: impl FnMut(&P) -> T,
) {
    measure_custom(criterion, what, size, |times| {
        let (mut left, mut spent) = (times, Duration::ZERO);
        while left > 0 {
            let round = left.min(together);
            let prepared = prepare();
            let (last, took) = cpu::of(|| (0..round).map(|_| black_box(work(&prepared))).last());
            drop(last);
            spent += took;
            left -= round;
        }
        spent
    });
}

/// Measures what is done so many times and tells itself what that took.
fn measure_custom(
    criterion: &mut Criterion<CpuTime>,
    what: &Operation,
    size: Size,
    mut done: impl FnMut(u64) -> Duration,
) {
    let mut group = criterion.benchmark_group(what.id);
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| bencher.iter_custom(&mut done));
    group.finish();
}
