//! `[notify.xmpp]`

use super::super::Key;
use super::super::takes::JID;
use super::super::takes::JIDS;
use super::super::takes::TEXT;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.xmpp"),
    Key::new("notify.xmpp", "to", JIDS, "Who is told: one address, or several, each with a message of its own.")
        .each(JID)
        .required(),
    Key::new("notify.xmpp", "from", JID, "The sender; its server must offer STARTTLS and a login by PLAIN.").required(),
    Key::new("notify.xmpp", "xmpp_password", TEXT, "The password of the sender.")
        .required()
        .secret("xmpp_password_file"),
    Key::new(
        "notify.xmpp",
        "xmpp_server",
        "a host, with a port or without, such as `xmpp.example.com:5222`",
        "The server of the sender's domain. Without it, the SRV records of the domain say where it is, and without them it is the domain itself, on port 5222.",
    ),
    Key::new(
        "notify.xmpp",
        "xmpp_ca_file",
        "the path of a PEM file with a certificate",
        "Certificates that are trusted besides those of the system, for a server with a private CA; relative to the folder of the configuration file.",
    ),
    reminders_only("notify.xmpp"),
];
