//! The program as its users meet it: the built binary, its configuration file, real targets, real clients.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]

mod cli;
mod reports;
mod serving;
mod support;
mod target;
mod targets;
mod tls;
