//! `[storage]`

use super::Key;
use super::takes::DAYS;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [storage]
    Key::new("storage", "url", "`sqlite:PATH`, `memory:` or `postgres://USER:PASSWORD@HOST/DATABASE`", "The database: a file, the memory of the running program, or a PostgreSQL server. A relative path begins in the folder in which Vigil was started. Without the key it is the file `vigil.db` in the folder that systemd keeps for the service (`STATE_DIRECTORY`), if there is one.").default("\"sqlite:./vigil.db\"").secret("url_file"),
    Key::new("storage", "retention_1m", DAYS, "For how many days the minutes are kept, of which all the rest is made.").default("2"),
    Key::new("storage", "retention_5m", DAYS, "For how many days the spans of five minutes are kept; at least as long as `retention_1m`.").default("14"),
    Key::new("storage", "retention_1h", DAYS, "For how many days the hours are kept; at least as long as `retention_5m`.").default("90"),
    Key::new("storage", "retention_1d", DAYS, "For how many days the days are kept; at least as long as `retention_1h`. Without the key they are kept for ever, as incidents and changes of status always are."),
];
