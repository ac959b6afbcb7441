//! Why a replica is sick or dead, as values with words for people. No words name a host, a port or a URL: they are
//! shown in public, all but what a script said, which may name anything.

use std::fmt;
use std::time::Duration;

use serde_derive::Deserialize;
use serde_derive::Serialize;

use super::observation::Load;
use super::queue;
use super::queue::TooMany;
use super::status::Status;
use super::words;

/// Why a replica is not healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A check failed, or found this.
    Failed(Failure),
    /// It answered after this time, which is too long.
    Slow(Duration),
    /// Its certificate is valid for this time only, or no more.
    Expiring(Duration),
    /// Its host is under high load; what exceeds its limit is there.
    Overloaded {
        /// CPU load above the limit.
        cpu: Option<f64>,
        /// RAM load above the limit.
        ram: Option<f64>,
    },
    /// It has not reported for this time.
    Silent(Duration),
    /// A daemon beside it says so.
    Reported(Status),
    /// It is a queue that is too long; what exceeds its bound is there.
    Queue {
        /// Messages that wait.
        ready: Option<TooMany>,
        /// Messages that are not acknowledged.
        unacknowledged: Option<TooMany>,
    },
}

/// Why an attempt to reach a replica failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Its host name could not be resolved.
    Dns(DnsFailure),
    /// Nothing listens there.
    Refused,
    /// There is no way to its network or host.
    Unreachable,
    /// It took longer than this, in this phase.
    TimedOut {
        /// The limit.
        after: Duration,
        /// What it was busy with at the end.
        phase: Phase,
    },
    /// The TLS handshake failed.
    Tls(TlsFailure),
    /// It has no answer to a DNS query, or not the expected one.
    Query(QueryFailure),
    /// It does not offer to go on inside TLS.
    NoStartTls,
    /// It turns the connection away, with this answer of its protocol.
    TurnedAway(String),
    /// It closed or reset the connection in this phase.
    Closed(Phase),
    /// It answered with an HTTP status that is not healthy.
    HttpStatus(u16),
    /// The body of its answer is not that of a healthy one.
    Body(BodyFailure),
    /// It redirects to where it cannot be followed.
    Redirect(RedirectFailure),
    /// Where its redirects led to failed.
    Redirected {
        /// How many there were.
        times: u32,
        /// Whether they led to another host.
        away: bool,
        /// What failed there.
        to: Box<Failure>,
    },
    /// Its script ended like that, having said this at the end.
    Script(ScriptEnd, Option<String>),
    /// It answered something that is no HTTP.
    Malformed(String),
    /// Anything else, in the words of the system.
    Other(String),
}

/// What is wrong with the body of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFailure {
    /// The pattern of a healthy body is not in it.
    NoMatch,
    /// It is not the JSON that it should be.
    NotJson,
    /// It is JSON that is longer than what is read of it.
    TooLong,
    /// There is nothing at this JSON pointer.
    Nothing(String),
    /// There is another value than a healthy one at this JSON pointer.
    Other(String),
}

/// Why a redirect cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectFailure {
    /// There are more than this.
    TooMany(u32),
    /// It leads to no URL that can be asked.
    Nowhere,
    /// It would take the body of the request to another host, port or scheme, for which it is not meant.
    WithBody,
}

/// What is wrong with the answer of a name server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryFailure {
    /// NXDOMAIN
    NoName,
    /// SERVFAIL
    ServerFailed,
    /// REFUSED
    Refused,
    /// Another code that is not good, by its name.
    Code(String),
    /// The name has no record of that type.
    NoRecord,
    /// None of the records is the expected one.
    OtherRecords,
}

/// Why a host name could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsFailure {
    /// The name does not exist, or has no address.
    NotFound,
    /// The resolver did not answer, or could not.
    Unanswered,
}

/// Why a TLS handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFailure {
    /// The certificate is no longer valid.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate's issuer is not trusted.
    UnknownIssuer,
    /// The certificate is for another host.
    WrongHost,
    /// The certificate was revoked.
    Revoked,
    /// Anything else, in the words of the TLS library.
    Other(String),
}

/// How a script ended that did not find all well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptEnd {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed after this time.
    TimedOut(Duration),
}

/// What an attempt is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Resolving the host name.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// Waiting for the answer's head.
    Answer,
    /// Reading the answer's body.
    Body,
}

impl Cause {
    /// The cause when a load exceeds its limit.
    #[must_use]
    pub fn overload(load: Load, limit: Load) -> Option<Self> {
        let over = |load: f64, limit: f64| (load > limit).then_some(load);
        match (over(load.cpu, limit.cpu), over(load.ram, limit.ram)) {
            (None, None) => None,
            (cpu, ram) => Some(Self::Overloaded { cpu, ram }),
        }
    }

    /// In words for everybody: what a script said is for those who are told, and for the log.
    #[must_use]
    pub fn in_public(&self) -> String {
        match self {
            Self::Failed(Failure::Script(end, _)) => end.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Slow(latency) => write!(f, "slow, answered after {}", words::duration(*latency)),
            Self::Expiring(Duration::ZERO) => f.write_str("TLS certificate expired"),
            Self::Expiring(left) => write!(f, "TLS certificate expires in {}", words::days(*left)),
            Self::Overloaded { cpu, ram } => {
                let cpu = cpu.map(|load| format!("CPU load {}", words::percent(load)));
                let ram = ram.map(|load| format!("RAM load {}", words::percent(load)));
                let loads: Vec<String> = cpu.into_iter().chain(ram).collect();
                f.write_str(&loads.join(", "))
            }
            // It stays true while the silence lasts.
            Self::Silent(time) if time.is_zero() => f.write_str("no report within 1 s"),
            Self::Silent(time) => write!(f, "no report within {}", words::duration(*time)),
            Self::Reported(status) => write!(f, "reported as {status}"),
            Self::Queue { ready, unacknowledged } => queue::excess(f, *ready, *unacknowledged),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(DnsFailure::NotFound) => f.write_str("host name not found"),
            Self::Dns(DnsFailure::Unanswered) => f.write_str("host name could not be resolved"),
            Self::Refused => f.write_str("connection refused"),
            Self::Unreachable => f.write_str("host unreachable"),
            Self::TimedOut { after, phase } => {
                write!(f, "timed out after {} while {}", words::duration(*after), phase.gerund())
            }
            Self::Tls(failure) => failure.fmt(f),
            Self::Query(failure) => failure.fmt(f),
            Self::NoStartTls => f.write_str("the server does not offer STARTTLS"),
            Self::TurnedAway(answer) => write!(f, "turned away with {answer}"),
            Self::Closed(phase) => write!(f, "connection closed while {}", phase.gerund()),
            Self::HttpStatus(code) => write!(f, "HTTP {code}"),
            Self::Body(failure) => failure.fmt(f),
            Self::Redirect(RedirectFailure::TooMany(most)) => write!(f, "more than {most} redirects"),
            Self::Redirect(RedirectFailure::Nowhere) => f.write_str("a redirect to what is no URL"),
            Self::Redirect(RedirectFailure::WithBody) => f.write_str("a redirect that takes the body elsewhere"),
            Self::Redirected { times, away, to } => {
                let (s, away) = (if *times == 1 { "" } else { "s" }, if *away { " to another host" } else { "" });
                write!(f, "{to}, after {times} redirect{s}{away}")
            }
            Self::Script(end, None) => end.fmt(f),
            Self::Script(end, Some(said)) => write!(f, "{end}: {said}"),
            Self::Malformed(what) => write!(f, "malformed answer: {what}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for QueryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("the name does not exist (NXDOMAIN)"),
            Self::ServerFailed => f.write_str("the name server could not answer (SERVFAIL)"),
            Self::Refused => f.write_str("the name server refused to answer (REFUSED)"),
            Self::Code(code) => write!(f, "the name server answered {code}"),
            Self::NoRecord => f.write_str("the name has no such record"),
            Self::OtherRecords => f.write_str("no record of the name is the expected one"),
        }
    }
}

impl fmt::Display for BodyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMatch => f.write_str("the body of the answer does not match"),
            Self::NotJson => f.write_str("the body of the answer is not JSON"),
            Self::TooLong => f.write_str("the body of the answer is longer than 1 MiB"),
            Self::Nothing(pointer) => write!(f, "the body of the answer has nothing at {pointer}"),
            Self::Other(pointer) => write!(f, "the body of the answer has another value at {pointer}"),
        }
    }
}

impl fmt::Display for ScriptEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut(after) => write!(f, "killed after {}", words::duration(*after)),
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("TLS certificate expired"),
            Self::NotYetValid => f.write_str("TLS certificate not valid yet"),
            Self::UnknownIssuer => f.write_str("TLS certificate of an unknown issuer"),
            Self::WrongHost => f.write_str("TLS certificate for another host"),
            Self::Revoked => f.write_str("TLS certificate revoked"),
            Self::Other(what) => write!(f, "TLS handshake failed: {what}"),
        }
    }
}

impl Phase {
    /// The phase as it stands after "while".
    fn gerund(self) -> &'static str {
        match self {
            Self::Resolve => "resolving the host name",
            Self::Connect => "connecting",
            Self::Handshake => "shaking hands over TLS",
            Self::Answer => "waiting for the answer",
            Self::Body => "reading the answer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_read_as_people_say_them() {
        for (cause, wanted) in [
            (Cause::Failed(Failure::HttpStatus(503)), "HTTP 503"),
            (Cause::Failed(Failure::Refused), "connection refused"),
            (
                Cause::Failed(Failure::TimedOut { after: Duration::from_secs(30), phase: Phase::Connect }),
                "timed out after 30 s while connecting",
            ),
            (Cause::Failed(Failure::Closed(Phase::Answer)), "connection closed while waiting for the answer"),
            (Cause::Failed(Failure::Dns(DnsFailure::NotFound)), "host name not found"),
            (Cause::Failed(Failure::Tls(TlsFailure::Expired)), "TLS certificate expired"),
            (Cause::Slow(Duration::from_millis(12_300)), "slow, answered after 12 s"),
            (Cause::Expiring(Duration::from_hours(13 * 24 + 23)), "TLS certificate expires in 13 days"),
            (Cause::Expiring(Duration::from_hours(25)), "TLS certificate expires in 1 day"),
            (Cause::Expiring(Duration::from_secs(1)), "TLS certificate expires in less than a day"),
            (Cause::Expiring(Duration::ZERO), "TLS certificate expired"),
            (Cause::Silent(Duration::from_secs(52)), "no report within 52 s"),
            (Cause::Silent(Duration::ZERO), "no report within 1 s"),
            (Cause::Overloaded { cpu: Some(0.97), ram: Some(0.95) }, "CPU load 97%, RAM load 95%"),
            (Cause::Reported(Status::Sick), "reported as sick"),
            (Cause::Failed(Failure::Script(ScriptEnd::Signal(11), None)), "ended by signal 11"),
            (Cause::Failed(Failure::Script(ScriptEnd::TimedOut(Duration::from_mins(1)), None)), "killed after 1 min"),
        ] {
            assert_eq!(cause.to_string(), wanted);
        }
    }

    #[test]
    fn what_a_script_said_is_not_for_everybody() {
        let cause = Cause::Failed(Failure::Script(ScriptEnd::Code(1), Some("no space on db-3.internal".to_owned())));
        assert_eq!(cause.to_string(), "exit code 1: no space on db-3.internal");
        assert_eq!(cause.in_public(), "exit code 1");
        assert_eq!(Cause::Failed(Failure::Refused).in_public(), "connection refused");
    }

    #[test]
    fn a_load_is_too_high_above_its_limit_only() {
        let limit = Load { cpu: 0.9, ram: 0.9 };
        assert_eq!(Cause::overload(limit, limit), None);
        assert_eq!(
            Cause::overload(Load { cpu: 0.91, ram: 0.9 }, limit),
            Some(Cause::Overloaded { cpu: Some(0.91), ram: None })
        );
    }
}
