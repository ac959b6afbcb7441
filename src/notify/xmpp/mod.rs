//! XMPP, also known as Jabber: a chat message for each recipient (RFC 6120, RFC 6121).

mod session;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::config;
use crate::config::Jid;
use crate::model::notice::Notice;
use crate::net::client::Client;
use crate::net::resolve::Resolver;

use self::session::Account;

use super::Notifier;
use super::Page;
use super::SendError;
use super::Target;
use super::text;

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(20);

/// The longest text, in bytes: servers take stanzas of at least 10,000 bytes (RFC 6120, 13.12).
const TEXT_MAX: usize = 8_000;

/// Tells one recipient by XMPP.
pub struct Xmpp {
    to: Jid,
    page: Arc<Page>,
    account: Arc<Account>,
    clock: Arc<dyn Clock>,
}

/// The recipients of such a channel.
pub(super) fn targets(config: &config::Xmpp, page: &Arc<Page>, client: &Client) -> Vec<Target> {
    let account = Arc::new(Account::new(config, client.roots(), Resolver::default()));
    let target = |to: &Jid| {
        let (page, account, clock) = (page.clone(), account.clone(), Arc::new(SystemClock));
        Target::named(to.to_string(), Xmpp { to: to.clone(), page, account, clock })
    };
    config.to.iter().map(target).collect()
}

impl Notifier for Xmpp {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let text = body(notice, &self.page);
        self.account.deliver(&self.to, &text, LIMIT, &*self.clock)
    }
}

fn body(notice: &Notice, page: &Page) -> String {
    let mut lines = vec![page.title.clone(), String::new(), format!("Status: {}", notice.status.word().to_uppercase())];
    lines.push(format!("Nodes: {}", text::dead(notice, 1000)));
    lines.push(format!("URL: {}", page.url));
    for story in text::stories(notice, 200) { lines.push(format!("- {}", story.head)); }
    lines.join("\n")
}
