//! Email, by SMTP: plain, with STARTTLS, or inside TLS from the first byte.

mod message;
mod session;

use std::sync::Arc;
use std::time::Duration;

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

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(20);

/// Tells by email.
pub struct Email {
    config: config::Email,
    page: Arc<Page>,
    account: Account,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

/// The notifier, when `[notify.email]` is there.
pub(super) fn build(notify: &config::Notify, page: &Arc<Page>, client: &Client) -> Option<Box<dyn Notifier>> {
    let config = notify.email.clone()?;
    Some(Box::new(Email::new(config, page.clone(), client.roots(), LIMIT)))
}

impl Email {
    /// A notifier that trusts `roots` besides what the configuration names, and whose deliveries end within `limit`.
    #[must_use]
    pub fn new(config: config::Email, page: Arc<Page>, roots: &[CertificateDer<'static>], limit: Duration) -> Self {
        let account = Account::new(&config, roots, Resolver::default());
        Self { config, page, account, limit, clock: Arc::new(SystemClock) }
    }
}

impl Notifier for Email {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let message = message::compose(notice, &self.config, &self.page);
        let message = message.map_err(|error| SendError::permanent(error.to_string()))?;
        self.account.deliver(&message.formatted(), self.limit, &*self.clock)
    }
}
