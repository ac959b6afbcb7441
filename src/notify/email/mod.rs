//! Email, by SMTP: plain, with STARTTLS, or inside TLS from the first byte.

mod message;
mod session;

use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use rustls::pki_types::CertificateDer;

use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::config;
use crate::model::notice::Notice;
use crate::net::client::Client;
use crate::net::resolve::Resolver;

use self::session::Account;

use super::Notifier;
use super::Page;
use super::SendError;
use super::Target;

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(20);

/// Tells one recipient by email.
pub struct Email {
    config: config::Email,
    to: Mailbox,
    page: Arc<Page>,
    account: Account,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

/// The recipients of such a channel.
pub(super) fn targets(config: &config::Email, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let target = |to: &Mailbox| {
        let email = Email::new(config.clone(), to.clone(), page.clone(), client.roots(), LIMIT);
        Target::named(to.email.to_string(), email)
    };
    config.to.iter().map(target).collect()
}

impl Email {
    /// A notifier for one of the recipients that trusts `roots` besides what the configuration names, and whose deliveries
    /// end within `limit`.
    #[must_use]
    pub fn new(
        config: config::Email,
        to: Mailbox,
        page: Arc<Page>,
        roots: &[CertificateDer<'static>],
        limit: Duration,
    ) -> Self {
        let account = Account::new(&config, &to, roots, Resolver::default());
        Self { config, to, page, account, limit, clock: Arc::new(SystemClock) }
    }
}

impl Notifier for Email {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let message = message::compose(notice, &self.config, &self.to, &self.page);
        let message = message.map_err(|error| SendError::permanent(error.to_string()))?;
        self.account.deliver(&message.formatted(), self.limit, &*self.clock)
    }
}
