//! CPU time as what Criterion measures: it holds on a machine where others work, too.

use std::time::Duration;

use criterion::measurement::Measurement;
use criterion::measurement::ValueFormatter;
use criterion::measurement::WallTime;
use rustix::time::ClockId;
use rustix::time::clock_gettime;

/// The CPU time of this process, of all its threads, in the kernel and outside.
pub(crate) struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        spent()
    }

    fn end(&self, start: Duration) -> Duration {
        spent().saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        one.saturating_add(*other)
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_secs_f64() * 1e9
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        const NANOSECONDS: &WallTime = &WallTime;
        NANOSECONDS.formatter()
    }
}

/// What `work` takes.
pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = CpuTime.start();
    let done = work();
    (done, CpuTime.end(start))
}

fn spent() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}
