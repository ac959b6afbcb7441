//! `[notify.http]`

use super::super::Key;
use super::super::takes::WEB_URL;
use super::name;
use super::reminders_only;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    name("notify.http"),
    Key::new("notify.http", "url", WEB_URL, "Where the request goes.").required().secret("url_file"),
    Key::new(
        "notify.http",
        "method",
        "one of `POST`, `PUT`, `PATCH` and `GET`",
        "The method of the request; GET has no body.",
    )
    .default("\"POST\""),
    Key::new(
        "notify.http",
        "headers",
        "a table of names and values, such as `{ X-Api-Key = \"...\" }`",
        "Headers of the request; each value is a template. The body is JSON unless `Content-Type` says otherwise.",
    )
    .each("the value of a header, a template, as a string")
    .default("{}"),
    Key::new(
        "notify.http",
        "body",
        "a Handlebars template, such as `'{\"text\": \"{{text}}\"}'`",
        "The body of the request; without it, all variables as JSON.",
    ),
    reminders_only("notify.http"),
];
