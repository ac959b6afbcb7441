//! What Vigil knows and how it judges. Pure: no I/O, no clock, no lock, no file format.

pub mod id;
pub mod status;
