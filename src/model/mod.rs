//! What Vigil knows and how it judges. Pure: no I/O, no clock, no lock, no file format; `now` is an argument.

pub mod cause;
#[cfg(test)]
pub(crate) mod fixture;
pub mod grouping;
pub mod id;
pub mod judge;
pub mod map;
pub mod notice;
pub mod observation;
pub mod reshape;
pub mod status;
pub mod tally;
pub mod transition;
pub mod words;
