//! The catalogue: every section and every key that Vigil knows, with what it takes, its default and what it does.
//! Unknown keys, the words of error messages, docs/CONFIGURATION.md and the manual page all come from here.

use std::fmt;

/// Whether Vigil does what a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does.
    Honoured,
    /// It does not yet: the key is known, warned about by name and ignored.
    NotYet,
}

/// How often a section may stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Once: `[name]`.
    Table,
    /// Any number of times: `[[name]]`.
    Array,
}

/// A section of the file.
#[derive(Debug)]
pub struct Section {
    /// Its full name, such as `notify.slack`; empty for the file itself.
    pub name: &'static str,
    /// How often it may stand in a file.
    pub shape: Shape,
    /// Whether Vigil does what it says.
    pub support: Support,
    /// What it is for, in one sentence.
    pub doc: &'static str,
}

/// A key of a section.
#[derive(Debug)]
pub struct Key {
    /// The full name of its section, such as `probe.service.node`.
    pub section: &'static str,
    /// Its own name.
    pub name: &'static str,
    /// What it takes, as it reads after "write".
    pub takes: &'static str,
    /// What each item of its list is, likewise; empty when it takes no list.
    pub takes_each: &'static str,
    /// Its default, written as in a file; none when its absence means something that no value can say.
    pub default: Option<&'static str>,
    /// What it does, in one or two sentences.
    pub doc: &'static str,
    /// Whether its section is refused without it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// The key that names a file with its value, in place of the value; every secret has one.
    pub file: Option<&'static str>,
    /// Whether Vigil does what it says.
    pub support: Support,
}

impl Section {
    const fn table(name: &'static str, doc: &'static str) -> Self {
        Self { name, shape: Shape::Table, support: Support::Honoured, doc }
    }

    const fn array(name: &'static str, doc: &'static str) -> Self {
        Self { name, shape: Shape::Array, support: Support::Honoured, doc }
    }

    const fn not_yet(mut self) -> Self {
        self.support = Support::NotYet;
        self
    }
}

impl Key {
    const fn new(section: &'static str, name: &'static str, takes: &'static str, doc: &'static str) -> Self {
        let (default, required, secret, file, support) = (None, false, false, None, Support::Honoured);
        Self { section, name, takes, takes_each: "", default, doc, required, secret, file, support }
    }

    const fn each(mut self, takes_each: &'static str) -> Self {
        self.takes_each = takes_each;
        self
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its value must never be shown, and may stand in a file of its own, which the key `file` names.
    const fn secret(mut self, file: &'static str) -> Self {
        (self.secret, self.file) = (true, Some(file));
        self
    }

    const fn not_yet(mut self) -> Self {
        self.support = Support::NotYet;
        self
    }
}

/// The section with this full name.
#[must_use]
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|one| one.name == name)
}

/// The section that the code calls by this full name.
#[expect(clippy::expect_used, reason = "the names are literals of this folder, all of which every load asks for")]
pub(super) fn known_section(name: &'static str) -> &'static Section {
    section(name).expect("a section of the catalogue")
}

/// The key with this name in the section with this full name.
#[must_use]
pub fn key(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|one| one.section == section && one.name == name)
}

/// The keys of the section with this full name, in the order of the catalogue.
pub fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |one| one.section == section)
}

/// The key of the section with this full name whose value may stand in a file that the key `file` names.
#[must_use]
pub fn key_in_file(section: &str, file: &str) -> Option<&'static Key> {
    keys_of(section).find(|key| key.file == Some(file))
}

/// The names that may stand in the section with this full name.
pub fn names_of(section: &str) -> impl Iterator<Item = &'static str> {
    keys_of(section).flat_map(|key| [Some(key.name), key.file]).flatten()
}

/// As it is written in a file: `[name]` or `[[name]]`.
impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            Shape::Table => write!(f, "[{}]", self.name),
            Shape::Array => write!(f, "[[{}]]", self.name),
        }
    }
}

/// Every section, in the order of a sample file.
pub static SECTIONS: &[Section] = &[
    Section::table("server", "The listening side, and what it asks of its clients."),
    Section::table("assets", "Files of your own in place of the built-in ones."),
    Section::table("branding", "How the page presents its owner."),
    Section::table("metrics", "How checks and reports are made and judged."),
    Section::table("storage", "Where history is kept, and for how long."),
    Section::table("plugins", "Extensions of the checks.").not_yet(),
    Section::table("plugins.rabbitmq", "Queue lengths of RabbitMQ, as a load of the nodes that read them.").not_yet(),
    Section::table("notify", "When people are told."),
    Section::table("notify.email", "Notices by email."),
    Section::table("notify.twilio", "Notices as text messages, through Twilio.").not_yet(),
    Section::table("notify.slack", "Notices in a Slack channel."),
    Section::table("notify.zulip", "Notices in a Zulip channel.").not_yet(),
    Section::table("notify.telegram", "Notices in a Telegram chat.").not_yet(),
    Section::table("notify.pushover", "Notices through Pushover.").not_yet(),
    Section::table("notify.gotify", "Notices through a Gotify server.").not_yet(),
    Section::table("notify.xmpp", "Notices as XMPP messages.").not_yet(),
    Section::table("notify.matrix", "Notices in a Matrix room.").not_yet(),
    Section::table("notify.webex", "Notices in a Webex room.").not_yet(),
    Section::table("notify.webhook", "Notices as JSON to a URL of yours.").not_yet(),
    Section::table("probe", "What is watched."),
    Section::array("probe.service", "A service: a card on the page."),
    Section::array("probe.service.node", "A node of the service above it: a row in its card."),
];

const FLAG: &str = "`true` or `false`";
const TEXT: &str = "a string";
const WEB_URL: &str = "an `http` or `https` URL";
const COLOR: &str = "a colour such as `#1972f5` or `#17f`";
const SECONDS: &str = "a whole number of seconds, 1 to 86400";
const SILENCE: &str = "a whole number of seconds, 0 to 604800";
const WHOLE: &str = "a whole number";
const DAYS: &str = "a whole number of days, 1 to 36500";
const LOAD: &str = "a number above 0, such as `0.90`";
const EMAIL: &str = "an email address, such as `ops@example.com`";

/// Every key, section by section in the order of [`SECTIONS`].
pub static KEYS: &[Key] = &[
    // [server]
    Key::new("server", "log_level", "one of `debug`, `info`, `warn`, `error`, `trace` and `off`", "How much is logged. `RUST_LOG` in the environment wins over it.").default("\"warn\""),
    Key::new("server", "inet", "an IP address and a port, such as `[::1]:8080`", "Where the page listens. `[::]:8080` is every address of the host.").default("\"[::1]:8080\""),
    Key::new("server", "workers", "a whole number, 1 to 1024", "Threads that serve pages and reports.").default("4"),
    Key::new("server", "mcp_server", FLAG, "Whether the page's data is also offered over the Model Context Protocol.").default("false").not_yet(),
    Key::new("server", "manager_token", "a long random string", "The password of the management interface, which does not exist without it. It must differ from `reporter_token`.").secret("manager_token_file").not_yet(),
    Key::new("server", "reporter_token", "a long random string", "The password that applications give with their reports. It is required as soon as a node has the mode `push` or `local`; otherwise reports are not taken at all.").secret("reporter_token_file"),
    Key::new("server", "reporter_replicas_max", "a whole number, 1 to 1000000", "How many replicas may report for one node; the next one is refused.").default("1000"),
    // [assets]
    Key::new("assets", "path", "the path of a folder", "A folder whose files win over the built-in ones, one by one; relative to the folder in which Vigil was started. It need not exist.").default("\"./res/assets/\""),
    // [branding]
    Key::new("branding", "page_title", TEXT, "The title of the page, of its browser tab and of its notices.").default("\"Status Page\""),
    Key::new("branding", "page_url", WEB_URL, "Where the public finds the page: links in notices lead there. Without it they lead to the listening address."),
    Key::new("branding", "company_name", TEXT, "Your company, in the footer."),
    Key::new("branding", "icon_color", COLOR, "The colour behind the icon, in browsers that tint their frame."),
    Key::new("branding", "icon_url", WEB_URL, "The icon of the browser tab: square, PNG by preference."),
    Key::new("branding", "logo_color", COLOR, "The main colour of your logo; the support button wears it."),
    Key::new("branding", "logo_url", WEB_URL, "The logo in the header: full width, SVG by preference."),
    Key::new("branding", "website_url", WEB_URL, "Your website, linked from the header."),
    Key::new("branding", "support_url", "an `http`, `https`, `mailto` or `tel` URL", "Where users find help, linked from the header."),
    Key::new("branding", "custom_html", "HTML as a string", "HTML that goes into the head of the page as it is, so it must be trusted.").default("\"\""),
    // [metrics]
    Key::new("metrics", "poll_interval", SECONDS, "The time from one check of a replica to its next.").default("120"),
    Key::new("metrics", "poll_retry", "a whole number of seconds, 0 to 86400, or of tries, 0 to 100, if `poll_retry_wait` is given", "Without `poll_retry_wait`: the seconds to wait before a failed check is tried for a second and last time. With it: how many more times a failed check is tried.").default("2"),
    Key::new("metrics", "poll_retry_wait", "a whole number of milliseconds, 0 to 86400000", "The wait before each further try of a failed check. Giving it makes `poll_retry` a number of tries."),
    Key::new("metrics", "poll_http_status_healthy_above", "an HTTP status, 100 to 599", "The lowest HTTP status that is healthy.").default("200"),
    Key::new("metrics", "poll_http_status_healthy_below", "an HTTP status, 101 to 600", "The lowest HTTP status above the healthy ones.").default("400"),
    Key::new("metrics", "poll_delay_dead", SECONDS, "The deadline of a try, over everything from the name lookup to the last byte: what has not answered by then is dead.").default("30"),
    Key::new("metrics", "poll_delay_sick", SECONDS, "An answer that takes this long or longer is sick.").default("10"),
    Key::new("metrics", "poll_parallelism", "a whole number, 1 to 1024", "The most checks at a time. Without it the pool grows with need, up to 1024."),
    Key::new("metrics", "push_delay_dead", SILENCE, "How long after its announced interval a replica that does not report is dead.").default("20"),
    Key::new("metrics", "push_system_cpu_sick_above", LOAD, "The reported CPU load, 1 for all cores busy, above which a replica is sick.").default("0.90"),
    Key::new("metrics", "push_system_ram_sick_above", LOAD, "The reported share of memory in use, 1 for all of it, above which a replica is sick.").default("0.90"),
    Key::new("metrics", "script_interval", SECONDS, "The time from one run of a script to its next.").default("300").not_yet(),
    Key::new("metrics", "script_parallelism", WHOLE, "The most scripts at a time.").default("2").not_yet(),
    Key::new("metrics", "local_delay_dead", SILENCE, "As `push_delay_dead`, for nodes whose health a vigil-local daemon reports.").default("40"),
    // [storage]
    Key::new("storage", "url", "`sqlite:PATH`, `memory:` or `postgres://USER:PASSWORD@HOST/DATABASE`", "The database: a file, the memory of the running program, or a PostgreSQL server. A relative path begins in the folder in which Vigil was started. Without the key it is the file `vigil.db` in the folder that systemd keeps for the service (`STATE_DIRECTORY`), if there is one.").default("\"sqlite:./vigil.db\"").secret("url_file"),
    Key::new("storage", "retention_1m", DAYS, "For how many days the minutes are kept, of which all the rest is made.").default("2"),
    Key::new("storage", "retention_5m", DAYS, "For how many days the spans of five minutes are kept; at least as long as `retention_1m`.").default("14"),
    Key::new("storage", "retention_1h", DAYS, "For how many days the hours are kept; at least as long as `retention_5m`.").default("90"),
    Key::new("storage", "retention_1d", DAYS, "For how many days the days are kept; at least as long as `retention_1h`. Without the key they are kept for ever, as incidents and changes of status always are."),
    // [plugins.rabbitmq]
    Key::new("plugins.rabbitmq", "api_url", WEB_URL, "The management interface of the RabbitMQ server.").not_yet(),
    Key::new("plugins.rabbitmq", "auth_username", TEXT, "Its user name.").not_yet(),
    Key::new("plugins.rabbitmq", "auth_password", TEXT, "Its password.").secret("auth_password_file").not_yet(),
    Key::new("plugins.rabbitmq", "virtualhost", TEXT, "The virtual host that holds the queues, as it is spelled in a path.").not_yet(),
    Key::new("plugins.rabbitmq", "queue_ready_healthy_below", WHOLE, "From this many waiting messages a queue is loaded.").not_yet(),
    Key::new("plugins.rabbitmq", "queue_nack_healthy_below", WHOLE, "From this many unacknowledged messages a queue is loaded.").not_yet(),
    Key::new("plugins.rabbitmq", "queue_ready_dead_above", WHOLE, "Above this many waiting messages a queue is stalled.").not_yet(),
    Key::new("plugins.rabbitmq", "queue_nack_dead_above", WHOLE, "Above this many unacknowledged messages a queue is stalled.").not_yet(),
    Key::new("plugins.rabbitmq", "queue_loaded_retry_delay", "a whole number of milliseconds", "The wait before a loaded queue is looked at once more.").not_yet(),
    // [notify]
    Key::new("notify", "sick", FLAG, "Whether people are also told of nodes that become sick, not only of dead ones.").default("false"),
    Key::new("notify", "group_wait", "a number of seconds, 0 to 86400", "Changes within this time become one notice; a node that came and went within it is not told.").default("2"),
    Key::new("notify", "group_interval", "a number of seconds above 0, up to 86400", "Two notices are at least this far apart.").default("10"),
    Key::new("notify", "startup_notification", FLAG, "Whether people are told that Vigil has started.").default("false").not_yet(),
    Key::new("notify", "reminder_interval", SECONDS, "The time after which people are reminded of what is still dead.").not_yet(),
    Key::new("notify", "reminder_backoff_function", "one of `none`, `linear`, `square` and `cubic`", "How the time between reminders grows.").default("\"none\"").not_yet(),
    Key::new("notify", "reminder_backoff_limit", WHOLE, "The number of reminders after which that time grows no more.").default("3").not_yet(),
    Key::new("notify", "reminder_escalate", FLAG, "Whether reminders reach one more target with each repetition.").default("false").not_yet(),
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
    // [[probe.service]]
    Key::new("probe.service", "id", "an id of 1 to 128 bytes", "The name of the service in reports and logs, unique in the file; visitors do not see it.").required(),
    Key::new("probe.service", "label", "the name that people read", "The name of the service on the page and in notices.").required(),
    // [[probe.service.node]]
    Key::new("probe.service.node", "id", "an id of 1 to 128 bytes", "The name of the node in reports and logs, unique in its service; visitors do not see it.").required(),
    Key::new("probe.service.node", "label", "the name that people read", "The name of the node on the page and in notices.").required(),
    Key::new("probe.service.node", "mode", "one of `poll`, `push`, `local` and `script`", "How its replicas are known: Vigil asks them (`poll`), they report their load (`push`), or a vigil-local daemon reports their health (`local`). The mode `script` is known and not supported yet: nothing watches such a node.").required(),
    Key::new("probe.service.node", "replicas", "a list of URLs, such as `[\"https://example.com/\", \"tcp://example.com:25\"]`", "The addresses that Vigil asks, each a replica: `http://`, `https://`, or `tcp://` with a port. Only for the mode `poll`. `icmp://` and `ssh://` are known and not supported yet.").each("a URL such as `https://example.com/` or `tcp://example.com:25`").default("[]"),
    Key::new("probe.service.node", "scripts", "a list of scripts", "Shell scripts, each a replica whose exit code says how it is. Only for the mode `script`.").default("[]").not_yet(),
    Key::new("probe.service.node", "http_headers", "a table of names and values", "Further headers of the request.").default("{}").not_yet(),
    Key::new("probe.service.node", "http_method", "one of `HEAD`, `GET`, `POST`, `PUT` and `PATCH`", "The method of the request.").not_yet(),
    Key::new("probe.service.node", "http_body", TEXT, "The body of the request.").not_yet(),
    Key::new("probe.service.node", "http_body_healthy_match", "a regular expression", "What the body of a healthy answer matches.").not_yet(),
    Key::new("probe.service.node", "reveal_replica_name", FLAG, "Whether the page shows the names of the replicas: the URLs as written here, or what reports call themselves.").default("false"),
    Key::new("probe.service.node", "link_url", WEB_URL, "A link beside the node.").not_yet(),
    Key::new("probe.service.node", "link_label", TEXT, "The words of that link.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue", TEXT, "The RabbitMQ queue that the node reads.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue_nack_healthy_below", WHOLE, "For this node, in place of `queue_nack_healthy_below`.").not_yet(),
    Key::new("probe.service.node", "rabbitmq_queue_nack_dead_above", WHOLE, "For this node, in place of `queue_nack_dead_above`.").not_yet(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_in_order_and_names_nothing_twice() {
        let order = |name: &str| SECTIONS.iter().position(|one| one.name == name).unwrap();
        assert!(KEYS.is_sorted_by_key(|key| order(key.section)));
        for (at, key) in KEYS.iter().enumerate() {
            let again = KEYS[..at].iter().any(|one| (one.section, one.name) == (key.section, key.name));
            assert!(!again, "[{}] {} stands twice", key.section, key.name);
            assert!(key.doc.ends_with('.') && !key.takes.ends_with('.'), "[{}] {}", key.section, key.name);
            let section = section(key.section).unwrap();
            assert!(section.support == Support::Honoured || key.support == Support::NotYet, "{section} {}", key.name);
        }
    }
}
