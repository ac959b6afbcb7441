//! What Vigil knows and how it judges. Pure: no I/O, no clock, no lock, no file format; `now` is an argument.
//!
//! | what | modules |
//! | --- | --- |
//! | the page and its parts | [`map`], [`id`], [`status`], [`tally`] |
//! | what is found out, and what follows | [`observation`], [`queue`], [`judge`], [`cause`], [`transition`], [`reshape`], [`resume`] |
//! | what people are told | [`grouping`], [`reminder`], [`round`], all of it in [`telling`]; [`notice`] and [`hearing`], [`words`]; on the page, [`announcement`], its [`wording`] and its [`uuid`] |
//! | what is planned | [`maintenance`] |
//! | what is remembered | [`ledger`], [`latency`] and its [`histogram`], [`load`], [`span`], [`tier`], [`chunk`] |
//! | what of that people see | [`past`], [`uptime`], [`incident`], all of it in [`shown`] |
//! | how it is written | [`varint`] in storage, [`slug`] in addresses |

pub mod announcement;
pub mod cause;
pub mod chunk;
#[cfg(test)]
pub(crate) mod fixture;
pub mod grouping;
pub mod hearing;
pub mod histogram;
pub mod id;
pub mod incident;
pub mod judge;
pub mod latency;
pub mod ledger;
pub mod load;
pub mod maintenance;
pub mod map;
pub mod notice;
pub mod observation;
pub mod past;
pub mod queue;
pub mod reminder;
pub mod reshape;
pub mod resume;
pub mod round;
pub mod shown;
pub mod slug;
pub mod span;
pub mod status;
pub mod tally;
pub mod telling;
pub mod tier;
pub mod transition;
pub mod unsure;
pub mod uptime;
pub mod uuid;
pub mod varint;
pub mod wording;
pub mod words;
