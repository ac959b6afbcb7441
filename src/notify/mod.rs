//! Telling people. One file a channel; each is entered in [`CHANNELS`].
//!
//! A notifier delivers one notice, once, within its own deadline. When to try again is the engine's concern.

pub mod email;
pub mod post;
pub mod slack;
pub mod text;

use std::sync::Arc;
use std::time::Duration;

use crate::config;
use crate::model::notice::Notice;
use crate::net::client::Client;

/// One configured way to reach people.
pub trait Notifier: Send + Sync {
    /// Delivers `notice`, or says why not.
    ///
    /// # Errors
    /// [`SendError`], when it was not accepted.
    fn send(&self, notice: &Notice) -> Result<(), SendError>;
}

/// Why a notice was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SendError {
    /// Whether another try is in vain.
    pub permanent: bool,
    /// The least wait before another try, when the other side asks for one.
    pub retry_after: Option<Duration>,
    /// Why, for people; without tokens, bodies and hook URLs.
    pub what: String,
}

impl SendError {
    /// Another try may succeed.
    pub(crate) fn passing(what: impl Into<String>) -> Self {
        Self { permanent: false, retry_after: None, what: what.into() }
    }

    /// Another try is in vain.
    pub(crate) fn permanent(what: impl Into<String>) -> Self {
        Self { permanent: true, retry_after: None, what: what.into() }
    }
}

/// What every notice says of the page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Where the public finds it.
    pub url: String,
}

/// A kind of notifier.
#[derive(Clone, Copy)]
pub struct Channel {
    /// Its name: that of its table under `[notify]`.
    pub name: &'static str,
    /// Makes its notifier, when it is configured.
    pub build: Build,
}

/// Makes a notifier of one kind, when the configuration asks for it.
type Build = fn(&config::Notify, &Arc<Page>, &Client) -> Option<Box<dyn Notifier>>;

/// Every kind of notifier.
pub const CHANNELS: &[Channel] =
    &[Channel { name: "email", build: email::build }, Channel { name: "slack", build: slack::build }];
