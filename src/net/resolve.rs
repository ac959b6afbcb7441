//! Host names to addresses, within a deadline.
//!
//! The system's look-up cannot be cancelled and may take half a minute when a name server is silent. It runs on a
//! thread of its own; the attempt stops waiting at its deadline. While a look-up of a name is under way, whoever else
//! asks for the same name waits for that one, so a silent name server holds at most one thread a name.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use crate::model::cause::DnsFailure;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;

use super::failure;
use super::waits::Wait;

/// Looks a name up: `getaddrinfo`, or a stand-in of a test.
pub type LookUp = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// The answer to a look-up, and how it is waited for.
type Pending = Arc<(Mutex<Option<Result<Vec<IpAddr>, Finding>>>, Condvar)>;

/// Resolves host names.
pub struct Resolver {
    look_up: LookUp,
    pending: Arc<Mutex<HashMap<String, Pending>>>,
}

impl Default for Resolver {
    /// The system's resolver.
    fn default() -> Self {
        Self::with(Arc::new(|host: &str| Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())))
    }
}

impl Resolver {
    /// A resolver that looks names up by `look_up`.
    pub fn with(look_up: LookUp) -> Self {
        Self { look_up, pending: Arc::default() }
    }

    /// The addresses of `host`, which may be an address itself, in the system's order of preference.
    ///
    /// # Errors
    /// The finding, when there is no address within `limit`.
    pub fn resolve(&self, host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, Finding> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let addresses = match bare.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.wait(bare, limit)?,
        };
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    fn wait(&self, host: &str, limit: Duration) -> Result<Vec<IpAddr>, Finding> {
        let _wait = Wait::begin();
        let pending = self.ask(host)?;
        let (answer, answered) = &*pending;
        let answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, _) = answered
            .wait_timeout_while(answer, limit, |answer| answer.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match &*answer {
            Some(answer) => answer.clone(),
            None => Err(Finding::Down(Failure::TimedOut { after: limit, phase: Phase::Resolve })),
        }
    }

    /// The look-up of `host` that is under way, begun now if there is none.
    fn ask(&self, host: &str) -> Result<Pending, Finding> {
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pending) = all.get(host) {
            return Ok(pending.clone());
        }
        let pending = Pending::default();
        let (told, table, look_up, name) =
            (pending.clone(), self.pending.clone(), self.look_up.clone(), host.to_owned());
        // The table is locked until the thread is known to exist, so that nobody waits for one that does not.
        thread::Builder::new()
            .name("vigil-resolve".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || {
                let found = answer(look_up(&name));
                table.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
                *told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                told.1.notify_all();
            })
            .map_err(|error| Finding::Blind(format!("no thread could be started: {error}")))?;
        all.insert(host.to_owned(), pending.clone());
        Ok(pending)
    }
}

/// The standard library gives the resolver's refusal as a text only; `EAI_AGAIN` is the one that says "try again".
fn answer(found: io::Result<Vec<IpAddr>>) -> Result<Vec<IpAddr>, Finding> {
    let failure = match found {
        Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
        Ok(_) => DnsFailure::NotFound,
        Err(error) => {
            // Without a descriptor the system cannot ask, and may answer anything.
            let blind = failure::lacking(&error).or_else(|| failure::lacking(&no_socket()?));
            if let Some(blind) = blind {
                return Err(blind);
            }
            let unanswered = error.raw_os_error().is_some() || error.to_string().contains("Temporary failure");
            if unanswered { DnsFailure::Unanswered } else { DnsFailure::NotFound }
        }
    };
    Err(Finding::Down(Failure::Dns(failure)))
}

/// Why no socket can be had at this moment, if so.
fn no_socket() -> Option<io::Error> {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).err()
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn an_address_needs_no_look_up() {
        let resolver = Resolver::with(Arc::new(|_| panic!("asked for an address")));
        for (host, wanted) in [("127.0.0.1", "127.0.0.1:80"), ("[::1]", "[::1]:80"), ("::1", "[::1]:80")] {
            assert_eq!(resolver.resolve(host, 80, LONG).unwrap(), [wanted.parse().unwrap()], "{host}");
        }
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_from_a_silent_server() {
        let failure = |message: &'static str| {
            let resolver = Resolver::with(Arc::new(move |_| Err(io::Error::other(message))));
            resolver.resolve("nowhere.test", 80, LONG).unwrap_err()
        };
        let down = |failure| Finding::Down(Failure::Dns(failure));
        assert_eq!(
            failure("failed to lookup address information: Name or service not known"),
            down(DnsFailure::NotFound)
        );
        assert_eq!(
            failure("failed to lookup address information: Temporary failure in name resolution"),
            down(DnsFailure::Unanswered)
        );
    }

    #[test]
    fn a_host_that_cannot_ask_says_nothing_about_the_name() {
        let resolver = Resolver::with(Arc::new(|_| Err(io::Error::from_raw_os_error(24))));
        assert!(matches!(resolver.resolve("some.test", 80, LONG), Err(Finding::Blind(_))));
    }

    #[test]
    fn a_silent_name_server_cannot_hold_an_attempt_and_costs_one_thread() {
        let (keep, hang) = mpsc::channel::<()>();
        let (hang, asked) = (Mutex::new(hang), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        let resolver = Resolver::with(Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = hang.lock().unwrap().recv();
            Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
        }));
        let limit = Duration::from_millis(5);
        for _ in 0..3 {
            let wanted = Finding::Down(Failure::TimedOut { after: limit, phase: Phase::Resolve });
            assert_eq!(resolver.resolve("silent.test", 80, limit).unwrap_err(), wanted);
        }
        drop(keep);
        // The answer comes late, for whoever still waits for it or asks again.
        assert!(resolver.resolve("silent.test", 80, LONG).is_ok());
        assert!(asked.load(Ordering::SeqCst) <= 2);
    }
}
