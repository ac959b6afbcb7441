//! `[server]` and `[assets]`

use super::Key;
use super::takes::FLAG;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [server]
    Key::new("server", "log_level", "one of `debug`, `info`, `warn`, `error`, `trace` and `off`", "How much is logged. `RUST_LOG` in the environment wins over it.").default("\"warn\""),
    Key::new("server", "inet", "an IP address and a port, such as `[::1]:8080`", "Where the page listens. `[::]:8080` is every address of the host.").default("\"[::1]:8080\""),
    Key::new("server", "workers", "a whole number, 1 to 1024", "Threads that serve pages and reports.").default("4"),
    Key::new("server", "mcp_server", FLAG, "Whether what `/status/report` says is also offered to language models at `/mcp/probes`, over the Model Context Protocol.").default("false"),
    Key::new("server", "manager_token", "a long random string", "The password of those who manage the page over HTTP: announcements, maintenance, alerts, reminders. Without it there is nothing of that kind. It must differ from `reporter_token`.").secret("manager_token_file"),
    Key::new("server", "reporter_token", "a long random string", "The password that applications give with their reports. It is required as soon as a node has the mode `push` or `local`; otherwise reports are not taken at all.").secret("reporter_token_file"),
    Key::new("server", "reporter_replicas_max", "a whole number, 1 to 1000000", "How many replicas may report for one node; the next one is refused.").default("1000"),
    // [assets]
    Key::new("assets", "path", "the path of a folder", "A folder whose files win over the built-in ones, one by one; relative to the folder in which Vigil was started. It need not exist.").default("\"./res/assets/\""),
];
