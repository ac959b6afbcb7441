//! The channels: `[notify.email]` and the like

use super::Key;
use super::takes::EMAIL;
use super::takes::FLAG;
use super::takes::TEXT;
use super::takes::WEB_URL;
use super::takes::WHOLE;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [notify.email]
    Key::new("notify.email", "to", EMAIL, "Who is told.").required(),
    Key::new("notify.email", "from", EMAIL, "The sender of the notices.").required(),
    Key::new("notify.email", "smtp_host", "a host name or an IP address", "The mail server.").default("\"localhost\""),
    Key::new("notify.email", "smtp_port", "a port, 1 to 65535", "Its port. On 465 the connection is encrypted from its first byte.").default("587"),
    Key::new("notify.email", "smtp_username", TEXT, "The user name for the mail server, used only together with `smtp_password`."),
    Key::new("notify.email", "smtp_password", TEXT, "The password for the mail server, used only together with `smtp_username`.").secret("smtp_password_file"),
    Key::new("notify.email", "smtp_encrypt", FLAG, "Whether the connection is encrypted: by STARTTLS, which the server must then offer, or from the first byte on port 465.").default("true"),
    Key::new("notify.email", "smtp_ca_file", "the path of a PEM file with a certificate", "Certificates that are trusted besides those of the system, for a mail server with a private CA; relative to the folder of the configuration file."),
    Key::new("notify.email", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.twilio]
    Key::new("notify.twilio", "to", "a list of phone numbers", "Who is told.").not_yet(),
    Key::new("notify.twilio", "service_sid", TEXT, "The messaging service.").not_yet(),
    Key::new("notify.twilio", "account_sid", TEXT, "The account.").not_yet(),
    Key::new("notify.twilio", "auth_token", TEXT, "Its token.").secret("auth_token_file").not_yet(),
    Key::new("notify.twilio", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.slack]
    Key::new("notify.slack", "hook_url", WEB_URL, "The incoming webhook of the channel.").required().secret("hook_url_file"),
    Key::new("notify.slack", "mention_channel", FLAG, "Whether notices mention everyone in the channel.").default("false"),
    Key::new("notify.slack", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.zulip]
    Key::new("notify.zulip", "bot_email", EMAIL, "The address of the bot.").not_yet(),
    Key::new("notify.zulip", "bot_api_key", TEXT, "Its key.").secret("bot_api_key_file").not_yet(),
    Key::new("notify.zulip", "channel", TEXT, "The channel.").not_yet(),
    Key::new("notify.zulip", "api_url", WEB_URL, "The API of the Zulip server.").not_yet(),
    Key::new("notify.zulip", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.telegram]
    Key::new("notify.telegram", "bot_token", TEXT, "The token of the bot.").secret("bot_token_file").not_yet(),
    Key::new("notify.telegram", "chat_id", TEXT, "The chat.").not_yet(),
    Key::new("notify.telegram", "message_thread_id", WHOLE, "The thread in the chat.").not_yet(),
    Key::new("notify.telegram", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.pushover]
    Key::new("notify.pushover", "app_token", TEXT, "The token of the application.").secret("app_token_file").not_yet(),
    Key::new("notify.pushover", "user_keys", "a list of user keys", "Who is told.").secret("user_keys_file").not_yet(),
    Key::new("notify.pushover", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.gotify]
    Key::new("notify.gotify", "app_url", WEB_URL, "The Gotify server.").not_yet(),
    Key::new("notify.gotify", "app_token", TEXT, "The token of the application.").secret("app_token_file").not_yet(),
    Key::new("notify.gotify", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.xmpp]
    Key::new("notify.xmpp", "to", "a Jabber ID", "Who is told.").not_yet(),
    Key::new("notify.xmpp", "from", "a Jabber ID", "The sender.").not_yet(),
    Key::new("notify.xmpp", "xmpp_password", TEXT, "The password of the sender.").secret("xmpp_password_file").not_yet(),
    Key::new("notify.xmpp", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.matrix]
    Key::new("notify.matrix", "homeserver_url", WEB_URL, "The home server.").not_yet(),
    Key::new("notify.matrix", "access_token", TEXT, "The token of the sender.").secret("access_token_file").not_yet(),
    Key::new("notify.matrix", "room_id", TEXT, "The room.").not_yet(),
    Key::new("notify.matrix", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.webex]
    Key::new("notify.webex", "endpoint_url", WEB_URL, "The API that takes messages.").not_yet(),
    Key::new("notify.webex", "token", TEXT, "The token of the bot.").secret("token_file").not_yet(),
    Key::new("notify.webex", "room_id", TEXT, "The room.").not_yet(),
    Key::new("notify.webex", "reminders_only", FLAG, "Whether this channel carries only reminders.").default("false").not_yet(),
    // [notify.webhook]
    Key::new("notify.webhook", "hook_url", WEB_URL, "Where the JSON goes.").secret("hook_url_file").not_yet(),
];
