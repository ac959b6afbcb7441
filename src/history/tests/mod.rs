//! The same scenarios on every backend, and what is special to one.

/// Makes a test of each function, on each backend.
macro_rules! on_every_backend {
    ($($scenario:ident)*) => {
        mod file { $(#[test] fn $scenario() { super::$scenario(&super::Backend::file()); })* }
        mod memory { $(#[test] fn $scenario() { super::$scenario(&super::Backend::memory()); })* }
        mod postgres { $(#[test] fn $scenario() { super::$scenario(&super::Backend::postgres()); })* }
    };
}

mod announcements;
mod backend;
mod files;
mod laws;
mod maintenance;
mod migrations;
mod postgres;
mod scenarios;
mod server;
mod words;
mod year;
