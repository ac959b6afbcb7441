//! The program as its users meet it: the built binary, its configuration file, real targets, real clients.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test ends at what it does not expect")]

#[allow(dead_code, reason = "the test of Postfix uses the rest of it")]
mod certificates;
mod cli;
mod ending;
mod hook;
mod mail;
mod malformed;
mod notify_test;
mod pages;
mod serving;
mod slack;
mod smtp;
mod support;
