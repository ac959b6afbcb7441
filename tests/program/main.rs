//! The program as its users meet it: the built binary, its configuration file, real targets, real clients.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]

mod api;
mod bridges;
#[allow(dead_code, reason = "the test of Postfix uses the rest of it")]
mod certificates;
mod channels;
mod cli;
mod crash;
mod dns;
mod ending;
mod exposition;
mod field;
mod history;
mod hook;
mod http;
mod mail;
mod maintenance;
mod malformed;
mod manager;
mod metrics;
mod notify_test;
mod pages;
mod providers;
mod rabbitmq;
mod releases;
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
