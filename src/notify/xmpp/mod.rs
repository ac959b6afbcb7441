//! XMPP, also known as Jabber: a chat message for each recipient (RFC 6120, RFC 6121).

mod session;
mod xml;
