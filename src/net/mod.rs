//! Talking to the network with a deadline: what probes and notifiers share.

pub mod client;
pub mod deadline;
pub mod failure;
mod phase;
pub mod resolve;
