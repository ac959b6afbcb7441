//! The catalogue: every section and every key that Vigil knows, with what it takes, its default and what it does.
//! Unknown keys, the words of error messages, docs/CONFIGURATION.md and the manual page all come from here.

mod branding;
mod channels;
mod metrics;
mod notify;
mod plugins;
mod probe;
mod server;
mod storage;
mod takes;

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
    /// Either way: `[name]` when there is one, `[[name]]` when there are several.
    Either,
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

    const fn channel(name: &'static str, doc: &'static str) -> Self {
        Self { name, shape: Shape::Either, support: Support::Honoured, doc }
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

/// Every key, section by section in the order of [`SECTIONS`].
pub fn all() -> impl Iterator<Item = &'static Key> {
    let files = [server::KEYS, branding::KEYS, metrics::KEYS, storage::KEYS, plugins::KEYS, notify::KEYS];
    files.into_iter().chain(channels::KEYS.iter().copied()).chain([probe::KEYS]).flatten()
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
    all().find(|one| one.section == section && one.name == name)
}

/// The keys of the section with this full name, in the order of the catalogue.
pub fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    all().filter(move |one| one.section == section)
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
            Shape::Table | Shape::Either => write!(f, "[{}]", self.name),
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
    Section::channel("notify.email", "Notices by email."),
    Section::channel("notify.twilio", "Notices as text messages, through Twilio.").not_yet(),
    Section::channel("notify.slack", "Notices in a Slack channel."),
    Section::channel("notify.zulip", "Notices in a Zulip channel.").not_yet(),
    Section::channel("notify.telegram", "Notices in a Telegram chat.").not_yet(),
    Section::channel("notify.pushover", "Notices through Pushover.").not_yet(),
    Section::channel("notify.gotify", "Notices through a Gotify server.").not_yet(),
    Section::channel("notify.xmpp", "Notices as XMPP messages.").not_yet(),
    Section::channel("notify.matrix", "Notices in a Matrix room.").not_yet(),
    Section::channel("notify.webex", "Notices in a Webex room.").not_yet(),
    Section::channel("notify.webhook", "Notices as JSON to a URL of yours.").not_yet(),
    Section::table("probe", "What is watched."),
    Section::array("probe.service", "A service: a card on the page."),
    Section::array("probe.service.node", "A node of the service above it: a row in its card."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_in_order_and_names_nothing_twice() {
        let order = |name: &str| SECTIONS.iter().position(|one| one.name == name).unwrap();
        let keys: Vec<&Key> = all().collect();
        assert!(keys.is_sorted_by_key(|key| order(key.section)));
        for (at, key) in keys.iter().enumerate() {
            let again = keys[..at].iter().any(|one| (one.section, one.name) == (key.section, key.name));
            assert!(!again, "[{}] {} stands twice", key.section, key.name);
            assert!(key.doc.ends_with('.') && !key.takes.ends_with('.'), "[{}] {}", key.section, key.name);
            let section = section(key.section).unwrap();
            assert!(section.support == Support::Honoured || key.support == Support::NotYet, "{section} {}", key.name);
        }
    }
}
