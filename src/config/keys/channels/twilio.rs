//! `[notify.twilio]`

use super::super::Key;
use super::super::takes::TEXT;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.twilio").not_yet(),
    Key::new("notify.twilio", "to", "a list of phone numbers", "Who is told.").not_yet(),
    Key::new("notify.twilio", "service_sid", TEXT, "The messaging service.").not_yet(),
    Key::new("notify.twilio", "account_sid", TEXT, "The account.").not_yet(),
    Key::new("notify.twilio", "auth_token", TEXT, "Its token.").secret("auth_token_file").not_yet(),
    reminders_only("notify.twilio").not_yet(),
];
