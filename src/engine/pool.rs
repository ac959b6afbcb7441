//! Threads that grow with need, up to a bound, and shrink again when there is nothing to do.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use super::metrics::Crowd;

/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// Stack of a worker: name look-up, TLS and HTTP need some tens of kilobytes; a thousand workers stay cheap.
const STACK: usize = 512 * 1024;

/// How a job comes to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One was free for it, or was started.
    Free,
    /// There were as many as there may be, each with a job: it stands in line.
    Line,
}

/// A pool of threads that run jobs.
pub(super) struct Pool<J> {
    name: &'static str,
    run: Box<dyn Fn(J, Way) + Send + Sync>,
    work: Mutex<Work<J>>,
    more: Condvar,
    /// Told when a thread has nothing to do.
    less: Condvar,
}

struct Work<J> {
    jobs: VecDeque<(J, Way)>,
    most: usize,
    threads: usize,
    idle: usize,
    stopped: bool,
}

impl<J: Send + 'static> Pool<J> {
    /// A pool of at most `most` threads.
    pub(super) fn new(name: &'static str, most: usize, run: impl Fn(J, Way) + Send + Sync + 'static) -> Arc<Self> {
        let work = Work { jobs: VecDeque::new(), most, threads: 0, idle: 0, stopped: false };
        Arc::new(Self { name, run: Box::new(run), work: Mutex::new(work), more: Condvar::new(), less: Condvar::new() })
    }

    /// Hands a job to an idle thread, or to a new one, or lets it wait for the next that is free.
    pub(super) fn submit(self: &Arc<Self>, job: J) {
        let mut work = self.lock();
        let is_idle = work.idle > work.jobs.len();
        let is_full = work.threads >= work.most;
        work.jobs.push_back((job, if is_full && !is_idle { Way::Line } else { Way::Free }));
        if is_idle || is_full {
            drop(work);
            self.more.notify_one();
            return;
        }
        work.threads += 1;
        drop(work);
        let pool = self.clone();
        let spawned = thread::Builder::new().name(self.name.to_owned()).stack_size(STACK).spawn(move || pool.work());
        if let Err(error) = spawned {
            let mut work = self.lock();
            work.threads -= 1;
            let alone = work.threads == 0;
            drop(work);
            log::error!("no thread could be started for {}: {error}", self.name);
            if alone {
                // Nobody would ever run it; better late than never.
                self.work_off();
            }
        }
    }

    /// Another bound; threads above it end after their job.
    pub(super) fn set_most(&self, most: usize) {
        self.lock().most = most;
    }

    /// Lets idle threads end, and busy ones after their job.
    pub(super) fn stop(&self) {
        let mut work = self.lock();
        work.stopped = true;
        work.jobs.clear();
        drop(work);
        self.more.notify_all();
    }

    /// Waits until no thread runs a job, but no longer than `most`.
    pub(super) fn wait_until_idle(&self, most: Duration) {
        let work = self.lock();
        let busy = |work: &mut Work<J>| work.threads > work.idle;
        drop(self.less.wait_timeout_while(work, most, busy).unwrap_or_else(PoisonError::into_inner));
    }

    /// How it is at this moment.
    pub(super) fn crowd(&self) -> Crowd {
        let work = self.lock();
        let busy = work.threads.saturating_sub(work.idle);
        Crowd { threads: work.threads, busy, most: work.most, waiting: work.jobs.len() }
    }

    fn work(&self) {
        loop {
            let mut work = self.lock();
            if work.threads > work.most {
                work.threads -= 1;
                self.less.notify_all();
                return;
            }
            work.idle += 1;
            self.less.notify_all();
            let (mut work, waited) = self
                .more
                .wait_timeout_while(work, IDLE, |work| work.jobs.is_empty() && !work.stopped)
                .unwrap_or_else(PoisonError::into_inner);
            work.idle -= 1;
            let Some((job, way)) = work.jobs.pop_front() else {
                if work.stopped || waited.timed_out() {
                    work.threads -= 1;
                    return;
                }
                continue;
            };
            drop(work);
            (self.run)(job, way);
        }
    }

    /// Runs what waits on this thread.
    fn work_off(&self) {
        loop {
            let Some((job, way)) = self.lock().jobs.pop_front() else { return };
            (self.run)(job, way);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work<J>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_pool_grows_with_need_up_to_its_bound() {
        let (done, ended) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let pool = Pool::new("test", 3, move |job: usize, way| {
            let _ = gate.lock().unwrap().recv();
            done.send((job, way)).unwrap();
        });
        for job in 0..5 {
            pool.submit(job);
        }
        let crowd = pool.crowd();
        assert_eq!((crowd.threads, crowd.most), (3, 3));
        while pool.crowd() != (Crowd { threads: 3, busy: 3, most: 3, waiting: 2 }) {
            thread::yield_now();
        }
        drop(go);
        let mut jobs: Vec<(usize, Way)> = (0..5).map(|_| ended.recv().unwrap()).collect();
        jobs.sort_unstable_by_key(|(job, _)| *job);
        assert_eq!(jobs, [(0, Way::Free), (1, Way::Free), (2, Way::Free), (3, Way::Line), (4, Way::Line)]);
        while pool.crowd() != (Crowd { threads: 3, busy: 0, most: 3, waiting: 0 }) {
            thread::yield_now();
        }
        pool.submit(5);
        assert_eq!(ended.recv().unwrap(), (5, Way::Free), "a thread waited for it");
        pool.stop();
    }
}
