//! `dns://server/name`: up when the name server answers a query with a record of that type, or with the expected one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::base::iana::Rcode;

use crate::clock::Clock;
use crate::config;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::cause::QueryFailure;
use crate::model::observation::Finding;
use crate::net::dns::Answer;
use crate::net::dns::Query;
use crate::net::dns::ask;
use crate::net::failure;
use crate::net::resolve::Resolver;
use crate::net::stream::Deadline;

use super::Probe;

/// Asks a name server.
pub struct Dns {
    asked: Box<config::dns::Dns>,
    resolver: Arc<Resolver>,
}

impl Dns {
    /// A probe that asks that.
    #[must_use]
    pub fn new(asked: Box<config::dns::Dns>, resolver: Arc<Resolver>) -> Self {
        Self { asked, resolver }
    }

    /// Asks the addresses of the server in turn until one answers; each gets an even share of the time that is left.
    fn query(&self, limit: Duration, clock: &dyn Clock) -> Result<Answer, Finding> {
        let deadline = Deadline::after(limit, clock);
        let addresses = self.resolver.resolve(&self.asked.host, self.asked.port, limit)?;
        let query = Query::new(&self.asked.name, self.asked.kind);
        let query = query.map_err(|_| Finding::Blind("no random number could be had".to_owned()))?;
        let explain = |error: io::Error| failure::of_io(&error, Phase::Answer, limit);
        let mut last = explain(io::ErrorKind::TimedOut.into());
        for (tried, address) in addresses.iter().enumerate() {
            let rest = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let share = deadline.left().map_err(explain)? / rest;
            match ask(&query, *address, deadline.no_later_than(share)) {
                Ok(answer) => return Ok(answer),
                Err(error) => last = explain(error),
            }
        }
        Err(last)
    }
}

impl Probe for Dns {
    fn ask(&self, limit: Duration, clock: &dyn Clock) -> Finding {
        let start = clock.now().instant;
        match self.query(limit, clock) {
            Ok(answer) => {
                let took = clock.now().instant.saturating_duration_since(start);
                let failure = fault(&answer, &self.asked);
                failure.map_or(Finding::Up(took), |failure| Finding::Down(Failure::Query(failure)))
            }
            Err(finding) => finding,
        }
    }
}

/// What is wrong with an answer, if anything.
fn fault(answer: &Answer, asked: &config::dns::Dns) -> Option<QueryFailure> {
    match answer.code() {
        Rcode::NOERROR => {}
        Rcode::NXDOMAIN => return Some(QueryFailure::NoName),
        Rcode::SERVFAIL => return Some(QueryFailure::ServerFailed),
        Rcode::REFUSED => return Some(QueryFailure::Refused),
        other => return Some(QueryFailure::Code(other.to_string())),
    }
    let records = answer.records(asked.kind);
    match &asked.expected {
        _ if records.is_empty() => Some(QueryFailure::NoRecord),
        Some(expected) if !records.iter().any(|record| expected.is(record)) => Some(QueryFailure::OtherRecords),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests;
