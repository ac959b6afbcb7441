//! The manual pages and the completions, made from the definitions of the program itself: its command line
//! (`src/args.rs`) and the catalogue of keys (`config::keys`). They are committed, so that packages are built without running
//! anything; here they are made again and compared. With `BLESS=1` in the environment they are written instead: read them
//! (`man -l docs/man/vigil.1`) before you commit them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::env;
use std::fs;
use std::path::Path;

use clap::Command;
use clap::CommandFactory;
use clap_complete::Shell;
use roff::Inline;
use roff::Roff;
use roff::bold;
use roff::italic;
use roff::roman;
use vigil_server::config;
use vigil_server::config::keys;
use vigil_server::config::keys::Key;
use vigil_server::config::keys::SECTIONS;

#[path = "../src/args.rs"]
#[allow(dead_code, reason = "the program uses the rest of it")]
mod args;

/// A configuration that the page shows; a test loads it.
const EXAMPLE: &str = r#"[server]
inet = "[::1]:8080"
reporter_token_file = "reporter_token"

[branding]
page_title = "Example Status"

[notify.slack]
hook_url = "${VIGIL_SLACK_HOOK}"

[[probe.service]]
id = "web"
label = "Website"

[[probe.service.node]]
id = "shop"
label = "Shop"
mode = "poll"
replicas = ["https://shop.example.com/health"]

[[probe.service.node]]
id = "worker"
label = "Background jobs"
mode = "push"
"#;

#[test]
fn the_manual_of_the_program_is_what_its_definitions_say() {
    compare("docs/man/vigil.1", &vigil_1());
}

#[test]
fn the_manual_of_the_configuration_is_what_the_catalogue_says() {
    compare("docs/man/vigil.cfg.5", &vigil_cfg_5());
}

#[test]
fn the_completions_are_what_the_definitions_say() {
    for (shell, file) in [(Shell::Bash, "vigil.bash"), (Shell::Zsh, "_vigil"), (Shell::Fish, "vigil.fish")] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command(), "vigil", &mut script);
        compare(&format!("docs/completions/{file}"), &String::from_utf8(script).unwrap());
    }
}

#[test]
fn the_example_of_the_manual_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reporter_token"), "a-secret\n").unwrap();
    let lookup = |name: &str| match name {
        "VIGIL_SLACK_HOOK" => Ok("https://hooks.example.com/".to_owned()),
        _ => Err(env::VarError::NotPresent),
    };
    let loaded = config::load_bytes(&folder.path().join("vigil.cfg"), EXAMPLE.as_bytes(), &lookup).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

fn command() -> Command {
    let mut command = args::Args::command();
    command.build();
    command
}

/// Compares what was made with what is committed, or writes it.
fn compare(path: &str, made: &str) {
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, made).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(committed == made, "{path} is not what the definitions say; see BLESS=1 at the head of tests/manual.rs");
}

fn vigil_1() -> String {
    let command = command();
    let mut page = Page::new("VIGIL", "1", "User Commands");
    page.section("NAME");
    page.text("vigil - status page for your infrastructure");
    page.section("SYNOPSIS");
    page.line([bold("vigil"), roman(" ["), bold("-c "), italic("FILE"), roman("] ["), italic("COMMAND"), roman("]")]);
    page.section("DESCRIPTION");
    page.text(&format!("{}.", command.get_about().unwrap()));
    page.text(
        "Without a command, `vigil` serves the page: it asks targets how they are, runs scripts, takes reports from \
         applications, judges every replica healthy, sick or dead, and tells people the moment something goes down or \
         comes back. It stays in the foreground and logs to standard error; a service manager keeps it running.",
    );
    page.section("OPTIONS");
    page.options(&command);
    page.section("COMMANDS");
    for sub in command.get_subcommands() {
        if sub.get_name() == "help" {
            page.item([bold("help")], "Say how the program, or the command named after it, is used.");
        } else {
            page.item([bold(sub.get_name())], &format!("{}.", sub.get_about().unwrap()));
            page.nested(sub);
        }
    }
    page.section("SIGNALS");
    page.text(args::SIGNALS);
    page.section("EXIT STATUS");
    page.text(args::EXIT_STATUS);
    page.section("ENVIRONMENT");
    page.text(args::ENVIRONMENT);
    page.item(
        [bold("SSL_CERT_FILE")],
        "A PEM file with the certificates that are trusted in place of those of the system.",
    );
    page.item(
        [bold("NOTIFY_SOCKET"), roman(", "), bold("WATCHDOG_USEC")],
        "Set by systemd. Vigil tells it when the page is served, how the page is, when it reloads and ends, and, as long as \
         its loops turn, that it is alive.",
    );
    page.item(
        [bold("LISTEN_FDS")],
        "Set by systemd when it opened the port beforehand. That socket takes the place of `inet`.",
    );
    page.item(
        [bold("RUNTIME_DIRECTORY")],
        "Set by systemd. There, in the file `reload`, stands what came of the last reload, so that `systemctl reload` can fail.",
    );
    page.item([bold("CREDENTIALS_DIRECTORY")], "Set by systemd. Files with secrets are looked for there first.");
    page.text("The configuration may name any other variable; see `vigil.cfg`(5).");
    page.section("FILES");
    page.item(
        [italic("./config.cfg"), roman(", "), italic("/etc/vigil/vigil.cfg")],
        "The configuration, where `-c` names none.",
    );
    page.item([italic("/etc/vigil/reporter_token")], "The password of reports, as the Debian package makes it.");
    page.item([italic("/etc/default/vigil")], "Variables of the environment, for the service of the Debian package.");
    page.item([italic("/var/lib/vigil")], "The state of that service.");
    page.section("EXAMPLES");
    for (what, commands) in [
        (
            "See what Vigil makes of a file, then have the service follow it:",
            "vigil check -c /etc/vigil/vigil.cfg\nsystemctl reload vigil",
        ),
        ("See that notices arrive before they are needed:", "vigil notify-test -c /etc/vigil/vigil.cfg"),
    ] {
        page.text(what);
        page.example(commands);
    }
    page.section("SEE ALSO");
    page.line([bold("vigil.cfg"), roman("(5), "), bold("systemctl"), roman("(1), "), bold("journalctl"), roman("(1)")]);
    page.finish()
}

fn vigil_cfg_5() -> String {
    let mut page = Page::new("VIGIL.CFG", "5", "File Formats");
    page.section("NAME");
    page.text("vigil.cfg - configuration of the Vigil status page");
    page.section("DESCRIPTION");
    page.text(
        "Vigil reads one file in TOML: the one that `-c` names, else `./config.cfg`, else `/etc/vigil/vigil.cfg`. Nothing is \
         required but a readable file: every section may be missing, and \"required\" below means as soon as its section is \
         there.",
    );
    page.text(
        "A wrong value is refused in one line that names file, line and key and says what would be right. A key that no \
         version knows is warned about, with the one that was probably meant. `vigil check` tells what Vigil makes of a \
         file; SIGHUP, or `systemctl reload vigil`, has a running Vigil follow it.",
    );
    page.section("VARIABLES");
    page.text(
        "A string may hold `${NAME}`: the value of the environment variable takes its place. Without quotes it stands for a \
         whole value, `key = ${NAME}`, and becomes a number or a boolean if that is what the variable holds. `$${` is a \
         literal `${`. A variable that is not defined is refused.",
    );
    page.section("SECRETS IN FILES");
    page.text(
        "Every secret may stand in a file of its own: the key with `_file` after its name takes the path of that file, such \
         as `reporter_token_file` in place of `reporter_token`. A relative path is looked for among the credentials of \
         systemd first (`LoadCredential=`), then beside the configuration file. The file holds the value on a single line.",
    );
    for section in SECTIONS.iter().filter(|section| keys::keys_of(section.name).next().is_some()) {
        page.section(&section.to_string());
        page.text(section.doc);
        for key in keys::keys_of(section.name) {
            page.key(key);
        }
    }
    page.section("EXAMPLE");
    page.example(EXAMPLE.trim_end());
    page.section("SEE ALSO");
    page.line([bold("vigil"), roman("(1)")]);
    page.finish()
}

/// A manual page as it grows.
struct Page(Roff);

impl Page {
    fn new(title: &str, number: &str, volume: &str) -> Self {
        let mut roff = Roff::new();
        // Neither a date nor a version: the page changes when a definition does.
        roff.control("TH", [title, number, " ", "Vigil", volume]);
        // Left-aligned and without hyphenation: names are to be copied.
        roff.control("nh", []);
        roff.control("ad", ["l"]);
        Self(roff)
    }

    fn finish(self) -> String {
        self.0.render()
    }

    fn section(&mut self, title: &str) {
        self.0.control("SH", [title]);
    }

    fn line(&mut self, parts: impl Into<Vec<Inline>>) {
        self.0.text(parts);
    }

    /// A paragraph, in which what stands in backticks is bold.
    fn text(&mut self, text: &str) {
        self.0.control("PP", []);
        self.0.text(inlines(text));
    }

    /// A paragraph with a tag before it.
    fn item(&mut self, tag: impl Into<Vec<Inline>>, text: &str) {
        self.0.control("TP", []);
        self.0.text(tag);
        self.0.text(inlines(text));
    }

    /// Text as it is typed.
    fn example(&mut self, text: &str) {
        self.0.control("PP", []);
        self.0.control("RS", ["4"]);
        self.0.control("nf", []);
        for line in text.lines() {
            self.0.text([roman(line)]);
        }
        self.0.control("fi", []);
        self.0.control("RE", []);
    }

    /// The options of a command.
    fn options(&mut self, command: &Command) {
        for option in command.get_arguments() {
            let mut tag = Vec::new();
            if let Some(short) = option.get_short() {
                tag.extend([bold(format!("-{short}")), roman(", ")]);
            }
            tag.push(bold(format!("--{}", option.get_long().unwrap())));
            if option.get_action().takes_values() {
                let name = option.get_value_names().unwrap_or_default().join(" ");
                tag.extend([roman(" "), italic(name)]);
            }
            self.item(tag, &format!("{}.", option.get_help().unwrap()));
        }
    }

    /// The options that a command has for itself, below it.
    fn nested(&mut self, command: &Command) {
        let own = command.clone().mut_args(|argument| argument.hide(false));
        let own: Vec<_> =
            own.get_arguments().filter(|one| !one.is_global_set() && one.get_id() != "help").cloned().collect();
        if !own.is_empty() {
            self.0.control("RS", []);
            self.options(&Command::new("own").args(own));
            self.0.control("RE", []);
        }
    }

    fn key(&mut self, key: &Key) {
        let mut tag = vec![bold(key.name)];
        if let Some(file) = key.file {
            tag.extend([roman(" or "), bold(file)]);
        }
        let old = key.old.map(|today| format!(" Old: {today}.")).unwrap_or_default();
        self.item(tag, &format!("{}{old}", key.doc));
        let fate = match key.default {
            Some(default) => format!(" Default: `{default}`."),
            None if key.required => " Required.".to_owned(),
            None => String::new(),
        };
        self.0.control("IP", []);
        self.0.text(inlines(&format!("Takes {}.{fate}", key.takes)));
    }
}

/// A text with its parts in backticks bold.
fn inlines(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) }).collect()
}
