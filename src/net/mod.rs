//! Talking to the network: what probes and notifiers share.

pub mod basic;
pub mod client;
pub mod dns;
pub mod failure;
mod https;
mod phase;
pub mod resolve;
pub mod roots;
pub mod stream;
pub mod tls;
