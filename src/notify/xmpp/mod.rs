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
use super::fit;
use super::plain;

/// How long one delivery may take, over everything.
const LIMIT: Duration = Duration::from_secs(20);

/// The longest text, in bytes: servers take stanzas of at least 10,000 bytes (RFC 6120, 13.12).
const TEXT_MAX: usize = 8_000;

/// How much of it the list of replicas may take.
const NODES_MAX: usize = 1_000;

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

/// The lines that people know from before, the page, and what changed.
fn body(notice: &Notice, page: &Page) -> String {
    let mut lines = plain::report(notice, &page.title, NODES_MAX);
    lines.push(format!("URL: {}", page.url));
    lines.extend(plain::changes(notice, plain::as_it_is));
    fit::lines(&lines, TEXT_MAX, fit::bytes)
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::affected;
    use crate::model::fixture::change;
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Change;
    use crate::model::notice::Kind;
    use crate::model::notice::Urgent;
    use crate::model::status::Status;

    use super::*;

    fn said(notice: &Notice) -> String {
        body(notice, &Page { title: "Status".to_owned(), url: "https://status.example.com/".to_owned() })
    }

    #[test]
    fn a_death_and_what_it_is_a_reminder_of() {
        insta::assert_snapshot!(said(&death()), @"
        Status

        Status: Dead
        Nodes: web:api:tcp://10.0.0.1:80
        Time: 01:12:05 UTC+00:00
        URL: https://status.example.com/

        - Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        ");
        let reminder = Notice { kind: Kind::Reminder { number: 1, urgent: Urgent::All }, ..death() };
        let death = said(&death()).replace("is dead since", "is still dead, since");
        assert_eq!(said(&reminder), format!("Reminder for: {death}"));
    }

    #[test]
    fn a_recovery_a_start_and_a_test() {
        insta::assert_snapshot!(said(&recovery()), @"
        Status

        Status: Healthy
        Time: 01:12:05 UTC+00:00
        URL: https://status.example.com/

        - Web, API (web:api) is healthy again, it was dead for 7 min 12 s
        ");
        let startup = Notice { kind: Kind::Startup, ..recovery() };
        assert_eq!(said(&startup), format!("Startup alert for: {}", said(&recovery())));
        insta::assert_snapshot!(said(&test_notice()), @"
        Test notice for: Status

        Time: 01:12:05 UTC+00:00
        URL: https://status.example.com/
        ");
    }

    #[test]
    fn a_long_notice_is_cut_at_the_end_of_a_line() {
        let affected: Vec<_> = (0..50).map(|number| affected(&number.to_string(), Status::Sick)).collect();
        let changes = vec![Change { to: Some(Status::Sick), affected, ..change() }; 100];
        let said = said(&Notice { status: Status::Sick, dead: Vec::new(), changes, ..death() });
        assert!(said.len() <= TEXT_MAX && said.ends_with("12 s\n[..]"), "{said}");
    }
}
