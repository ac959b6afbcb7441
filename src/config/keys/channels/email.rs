//! `[notify.email]`

use super::super::Key;
use super::super::takes::EMAIL;
use super::super::takes::FLAG;
use super::super::takes::RECIPIENTS;
use super::super::takes::TEXT;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.email"),
    Key::new("notify.email", "to", RECIPIENTS, "Who is told: one address, or several, each with a message of its own.").each(EMAIL).required(),
    Key::new("notify.email", "from", EMAIL, "The sender of the notices.").required(),
    Key::new("notify.email", "smtp_host", "a host name or an IP address", "The mail server.").default("\"localhost\""),
    Key::new("notify.email", "smtp_port", "a port, 1 to 65535", "Its port. On 465 the connection is encrypted from its first byte.").default("587"),
    Key::new("notify.email", "smtp_username", TEXT, "The user name for the mail server, used only together with `smtp_password`."),
    Key::new("notify.email", "smtp_password", TEXT, "The password for the mail server, used only together with `smtp_username`.").secret("smtp_password_file"),
    Key::new("notify.email", "smtp_encrypt", FLAG, "Whether the connection is encrypted: by STARTTLS, which the server must then offer, or from the first byte on port 465.").default("true"),
    Key::new("notify.email", "smtp_ca_file", "the path of a PEM file with a certificate", "Certificates that are trusted besides those of the system, for a mail server with a private CA; relative to the folder of the configuration file."),
    reminders_only("notify.email"),
];
