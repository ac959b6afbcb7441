//! `[notify.matrix]`

use super::super::Key;
use super::super::takes::TEXT;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// What is written in place of a log-in.
const TODAY: &str = "write `access_token`, the token of the account";

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.matrix"),
    Key::new("notify.matrix", "homeserver_url", WEB_URL, "The home server of the account that posts.").required(),
    Key::new(
        "notify.matrix",
        "access_token",
        TEXT,
        "The token of the account. It, or the `username` and `password` of old files, must be there.",
    )
    .secret("access_token_file"),
    Key::new(
        "notify.matrix",
        "username",
        TEXT,
        "The name of the account, in place of a token; as in the public Vigil up to 1.21.0.",
    )
    .old(TODAY),
    Key::new("notify.matrix", "password", TEXT, "The password of the account: Vigil logs in with the first notice.")
        .secret("password_file")
        .old(TODAY),
    Key::new(
        "notify.matrix",
        "device_id",
        TEXT,
        "What the server calls that log-in, so that it is the same one after a restart.",
    )
    .old(TODAY),
    Key::new("notify.matrix", "room_id", TEXT, "The room that is told, by its id, such as `!abc:example.com`.")
        .required(),
    reminders_only("notify.matrix"),
];
