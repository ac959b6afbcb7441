//! Vigil: the status page that a company hosts for its own infrastructure.
//!
//! The layers, lowest first; a module imports from lower ones only, and modules of one layer do not know each
//! other (`tests/tidy.rs` holds this):
//!
//! | layer | modules | what they do |
//! | --- | --- | --- |
//! | 0 | [`clock`], [`secret`] | leaves without domain |
//! | 1 | [`model`] | statuses, the map, judging, notices: pure, no I/O, no clock |
//! | 2 | [`config`] | one file in, a [`config::Config`] in which nothing can be wrong |
//! | 2 | [`net`] | talking to the network with a deadline |
//! | 3 | [`history`], [`notify`], [`probe`] | adapters, each speaks to one outside |
//! | 4 | [`engine`] | the threads and the only shared state |
//! | 5 | [`web`] | the page, the reports, the badges |
//!
//! `main.rs` turns arguments into a config, a config into an engine and a server, and their end into an exit code.

pub mod clock;
pub mod config;
pub mod engine;
pub mod history;
pub mod model;
pub mod net;
pub mod notify;
pub mod probe;
pub mod secret;
pub mod web;
