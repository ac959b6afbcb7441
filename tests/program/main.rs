//! The program as its users meet it: the built binary, its configuration file, real targets, real clients.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]

mod api;
#[allow(dead_code, reason = "the test of Postfix uses the rest of it")]
mod certificates;
mod channels;
mod cli;
mod crash;
mod dns;
mod ending;
mod history;
mod hook;
mod http;
mod mail;
mod malformed;
mod manager;
mod notify_test;
mod pages;
mod reload;
mod reminders;
mod reports;
mod restart;
mod schedule;
mod scripts;
mod serving;
mod slack;
mod smtp;
mod supervised;
mod support;
mod target;
mod targets;
mod tls;
