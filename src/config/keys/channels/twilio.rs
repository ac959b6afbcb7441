//! `[notify.twilio]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.twilio"),
    Key::new(
        "notify.twilio",
        "to",
        "a phone number, such as `\"+33600000000\"`, or a list of them",
        "Who is told; each number by a message of its own.",
    )
    .each("a phone number, such as `\"+33600000000\"`")
    .required(),
    Key::new(
        "notify.twilio",
        "service_sid",
        TEXT,
        "The messaging service that sends, by its id. It, or the `from` of old files, must be there.",
    ),
    Key::new(
        "notify.twilio",
        "from",
        "a phone number, such as `\"+33600000000\"`",
        "The number that sends, in place of a messaging service; as in the public Vigil up to 1.8.",
    )
    .old("write `service_sid`, the messaging service that has the number"),
    Key::new("notify.twilio", "account_sid", TEXT, "The account, by its id.").required(),
    Key::new("notify.twilio", "auth_token", TEXT, "The token of the account.").required().secret("auth_token_file"),
    Key::new("notify.twilio", "api_url", WEB_URL, "Where Twilio's API is, for those who reach it through a proxy.")
        .default("\"https://api.twilio.com/\""),
    reminders_only("notify.twilio"),
];
