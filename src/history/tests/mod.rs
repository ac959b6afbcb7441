//! The same scenarios on every backend, and what is special to one.

mod backend;
mod files;
mod laws;
mod scenarios;
mod server;
mod words;
mod year;
