//! Talking to the network: what probes and notifiers share.

pub mod client;
pub mod failure;
mod phase;
pub mod resolve;
pub mod roots;
