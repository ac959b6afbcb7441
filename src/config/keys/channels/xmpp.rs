//! `[notify.xmpp]`

use super::super::Key;
use super::super::takes::TEXT;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.xmpp").not_yet(),
    Key::new("notify.xmpp", "to", "a Jabber ID", "Who is told.").not_yet(),
    Key::new("notify.xmpp", "from", "a Jabber ID", "The sender.").not_yet(),
    Key::new("notify.xmpp", "xmpp_password", TEXT, "The password of the sender.")
        .secret("xmpp_password_file")
        .not_yet(),
    reminders_only("notify.xmpp").not_yet(),
];
