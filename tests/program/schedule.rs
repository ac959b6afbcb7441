//! Many targets: the healthy ones keep their interval whatever the others do, and parallelism has its bound.

use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Target;
use crate::target::status;

/// How many targets there are, and how many of them hang: the first ones.
const TARGETS: usize = 300;
const HANGING: usize = 15;

/// Many targets in one: one listener for all addresses of the loopback network, one thread that accepts, and few that
/// answer. Whoever is asked is told by the address that was connected to.
struct Crowd {
    port: u16,
    asked: Arc<Mutex<Vec<Vec<Instant>>>>,
}

impl Crowd {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(vec![Vec::new(); TARGETS]));
        let (queue, queued) = mpsc::channel::<TcpStream>();
        let queued = Arc::new(Mutex::new(queued));
        for _ in 0..4 {
            let queued = queued.clone();
            thread::spawn(move || {
                loop {
                    let Ok(mut stream) = queued.lock().unwrap().recv() else { return };
                    let _ = stream.read(&mut [0; 1024]);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                }
            });
        }
        let all = asked.clone();
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming().flatten() {
                let target = Self::target(&stream);
                all.lock().unwrap()[target].push(Instant::now());
                if target < HANGING { hanging.push(stream) } else { queue.send(stream).unwrap() }
            }
        });
        Self { port, asked }
    }

    fn url(&self, target: usize) -> String {
        format!("http://127.0.{}.{}:{}/", 1 + target / 200, 1 + target % 200, self.port)
    }

    fn target(stream: &TcpStream) -> usize {
        let std::net::IpAddr::V4(address) = stream.local_addr().unwrap().ip() else { unreachable!() };
        let [_, _, high, low] = address.octets().map(usize::from);
        (high - 1) * 200 + low - 1
    }

    /// The times between two checks of each healthy target from that moment on, in order; not the first one of each,
    /// since the clocks are spread only after it.
    fn gaps(&self, from: Instant) -> Vec<f64> {
        let asked = self.asked.lock().unwrap();
        let pairs = asked[HANGING..].iter().flat_map(|times| times[1..].windows(2)).filter(|two| two[0] >= from);
        let mut gaps: Vec<f64> = pairs.map(|two| (two[1] - two[0]).as_secs_f64()).collect();
        gaps.sort_unstable_by(f64::total_cmp);
        gaps
    }
}

#[test]
fn healthy_targets_keep_their_interval_while_others_hang() {
    const INTERVAL: f64 = 2.0;
    let crowd = Crowd::new();
    let urls: Vec<String> = (0..TARGETS).map(|target| crowd.url(target)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let vigil = Vigil::start(&config(&format!("poll_interval = 2\npoll_delay_dead = 3\n{}", polled("app", &urls))));
    // Other tests make the machine busy for a while, and then this measures them; what hangs, hangs all the time.
    let mut measured = Vec::new();
    let kept = (0..4).any(|_| {
        let from = Instant::now();
        thread::sleep(Duration::from_secs(13));
        let gaps = crowd.gaps(from);
        assert!(gaps.len() >= 4 * (TARGETS - HANGING), "only {} gaps", gaps.len());
        measured = [5, 50, 95].map(|percent| gaps[gaps.len() * percent / 100]).to_vec();
        measured.iter().all(|gap| (gap - INTERVAL).abs() <= INTERVAL * 0.05)
    });
    assert!(kept, "5%, median, 95%: {measured:?} s");
    let log = vigil.log().text();
    let dead = log.lines().filter(|line| line.contains(" replica ") && line.contains(" is dead")).count();
    assert_eq!(dead, HANGING, "{log}");
}

#[test]
fn the_bound_of_parallel_checks_is_kept_and_named_when_it_makes_them_late() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (busy, peak) = (now, most.clone());
    let target = Target::new(Box::new(move |stream, asked| {
        peak.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(300));
        busy.fetch_sub(1, Ordering::SeqCst);
        status(200)(stream, asked);
    }));
    let urls: Vec<String> = (0..40).map(|at| format!("http://{}/{at}", target.address)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let vigil = Vigil::start(&config(&format!("poll_parallelism = 4\n{}", polled("app", &urls))));
    vigil.log().wait_for(&["WARN", "late: `poll_parallelism` = 4 is too low for 40 replicas"]);
    assert!(wait_until(SOON, || target.asked().len() > 50));
    assert_eq!(most.load(Ordering::SeqCst), 4);
}
