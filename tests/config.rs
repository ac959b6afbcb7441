//! Configuration files: refused ones with their exact message, odd ones with their warnings, and old ones that start.
//!
//! `tests/config/*.cfg` are refused with the line in the `.err` beside them; `warned/*.cfg` are used with the lines of
//! their `.warn`, and `accepted/*.cfg`, in the keys of many releases of the public Vigil, are used. With `BLESS=1` in
//! the environment the expected lines, and the tables of docs/CONFIGURATION.md, are written instead of compared: read them
//! before you commit them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

#[path = "config/releases.rs"]
mod releases;

use std::env::VarError;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;
use vigil_server::config;
use vigil_server::config::Channel;
use vigil_server::config::ChannelKind;
use vigil_server::config::Config;
use vigil_server::config::Email;
use vigil_server::config::Encryption;
use vigil_server::config::Loaded;
use vigil_server::config::MatrixAccount;
use vigil_server::config::Slack;
use vigil_server::config::TwilioSender;
use vigil_server::config::error::ConfigError;
use vigil_server::config::keys;
use vigil_server::config::keys::Key;
use vigil_server::config::keys::SECTIONS;
use vigil_server::config::keys::Section;
use vigil_server::config::keys::Shape;
use vigil_server::config::summary::describe;
use vigil_server::model::tier::Tier;

/// Stands in every secret of the refused and the warned files.
const PLANTED: &str = "hunter2";

/// The environment of every test.
fn lookup(name: &str) -> Result<String, VarError> {
    match name {
        "REPORTER_TOKEN" => Ok("hunter2-from-the-environment".to_owned()),
        "SLACK_HOOK" => Ok("https://hooks.slack.com/services/hunter2".to_owned()),
        "PORT" => Ok("2525".to_owned()),
        "DIGITS" => Ok("0042".to_owned()),
        "QUOTED" => Ok("\"Quoted by the variable\"".to_owned()),
        "INJECTION" => Ok("hunter2\"\n[server]\ninet = \"0.0.0.0:80".to_owned()),
        "NOT_UTF8" => Err(VarError::NotUnicode("hunter2".into())),
        _ => Err(VarError::NotPresent),
    }
}

fn load_text(text: &str) -> Result<Loaded, ConfigError> {
    config::load_bytes(Path::new("vigil.cfg"), text.as_bytes(), &lookup)
}

/// What `vigil` knows of the file at `path`, which is named by its bare name in messages.
fn load(path: &Path) -> (Result<Config, String>, Vec<String>) {
    let bare = |line: String| line.replace(&format!("{}/", path.parent().unwrap().display()), "");
    match config::load(path, &lookup) {
        Ok(loaded) => {
            let warnings = loaded.warnings.iter().map(|warning| {
                let mark = if warning.unknown { "unknown: " } else { "" };
                format!("{mark}{}", bare(warning.to_string()))
            });
            (Ok(loaded.config), warnings.collect())
        }
        Err(error) => (Err(bare(error.to_string())), Vec::new()),
    }
}

/// The first channel of that kind.
fn email(config: &Config) -> Option<Email> {
    config.notify.channels.iter().find_map(|channel| {
        let ChannelKind::Email(email) = &channel.kind else { return None };
        Some(email.clone())
    })
}

/// The first channel of that kind.
fn slack(config: &Config) -> Option<Slack> {
    config.notify.channels.iter().find_map(|channel| {
        let ChannelKind::Slack(slack) = &channel.kind else { return None };
        Some(slack.clone())
    })
}

/// The files of a folder that end in `.cfg`.
fn files(folder: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "cfg")).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn compare(path: &Path, extension: &str, found: &str) {
    expect(&path.with_extension(extension), found);
}

fn expect(path: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, found).unwrap();
    } else {
        assert_eq!(fs::read_to_string(path).unwrap_or_default(), found, "{}", path.display());
    }
}

#[test]
fn every_refused_file_gets_its_message() {
    let files = files("tests/config");
    assert!(files.len() >= 45, "{} files are refused", files.len());
    for path in files {
        let Err(message) = load(&path).0 else { panic!("{} is not refused", path.display()) };
        assert!(!message.contains(PLANTED) && message.lines().count() == 1, "{message}");
        compare(&path, "err", &format!("{message}\n"));
    }
}

#[test]
fn every_odd_file_gets_its_warnings() {
    for path in files("tests/config/warned") {
        let (config, warnings) = load(&path);
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        for text in [format!("{warnings:?}"), format!("{config:?}"), describe(&config)] {
            assert!(!text.contains(PLANTED), "{text}");
        }
        assert!(!warnings.is_empty(), "nothing is odd in {}", path.display());
        compare(&path, "warn", &(warnings.join("\n") + "\n"));
    }
}

#[test]
fn files_of_every_release_start() {
    for path in files("tests/config/accepted") {
        let (config, warnings) = load(&path);
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        assert!(!config.services.is_empty(), "{}", path.display());
        assert!(!warnings.iter().any(|line| line.starts_with("unknown: ")), "{warnings:#?}");
    }
}

#[test]
fn channels_of_old_releases_keep_their_meaning() {
    let channels =
        |release: &str| load(&PathBuf::from(format!("tests/config/accepted/{release}.cfg"))).0.unwrap().notify.channels;
    let of = |channels: &[Channel], name: &str| channels.iter().find(|one| &*one.name == name).unwrap().kind.clone();
    let ChannelKind::Twilio(twilio) = of(&channels("v1.8.0"), "twilio") else { panic!("no text messages") };
    assert_eq!(twilio.to, ["+15550100"]);
    assert!(matches!(twilio.sender, TwilioSender::Number(number) if number == "+15550199"));
    let old = channels("v1.20.0");
    let ChannelKind::Twilio(twilio) = of(&old, "twilio") else { panic!("no text messages") };
    assert_eq!(twilio.to, ["+15550100", "+15550101"]);
    assert!(matches!(twilio.sender, TwilioSender::Service(id) if id == "hunter2-service"));
    let ChannelKind::Matrix(matrix) = of(&old, "matrix") else { panic!("no room") };
    let MatrixAccount::Password { credentials, device_id } = matrix.account else { panic!("a token") };
    assert_eq!((credentials.username.as_str(), device_id.as_deref()), ("@vigil:acme.example", Some("vigil")));
    assert!(credentials.password.matches(b"hunter2"));
    let names: Vec<String> = channels("v1.29.0").iter().map(|channel| channel.name.to_string()).collect();
    for name in ["twilio", "zulip", "telegram", "pushover", "gotify", "matrix", "webex", "webhook"] {
        assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
    }
}

#[test]
fn files_that_cannot_be_read_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let check = |path: &Path, wanted: &str| {
        assert_eq!(load(path).0.unwrap_err(), wanted);
    };
    let large = folder.path().join("large.cfg");
    fs::write(&large, "#".repeat(1024 * 1024 + 1)).unwrap();
    check(&large, "large.cfg: is larger than 1 MiB");
    fs::write(&large, "#".repeat(1024 * 1024)).unwrap();
    assert!(load(&large).0.is_ok());
    check(&folder.path().join("none.cfg"), "none.cfg: does not exist");
    fs::create_dir(folder.path().join("folder.cfg")).unwrap();
    check(&folder.path().join("folder.cfg"), "folder.cfg: is a folder, not a file");
}

#[test]
fn a_default_that_is_written_out_changes_nothing() {
    let debug = |text: &str| {
        let loaded = load_text(text).unwrap_or_else(|error| panic!("{error}"));
        format!("{:?}", loaded.config)
    };
    for key in keys::all() {
        let Some(default) = key.default else { continue };
        let alone = section_alone(key.section);
        let written = format!("{alone}{} = {default}\n", key.name);
        assert_eq!(debug(&written), debug(&alone), "{written}");
    }
}

#[test]
fn every_key_is_read() {
    for key in keys::all() {
        let alone = section_alone(key.section);
        let set = format!("\n{} = ", key.name);
        let (before, after) = alone.rsplit_once(&set).map_or((alone.trim_end(), ""), |(before, after)| {
            (before, after.split_once('\n').map_or("", |(_, after)| after))
        });
        let message = load_text(&format!("{before}{set}1979-05-27\n{after}")).unwrap_err().to_string();
        assert!(message.contains(&format!("{}: is a date or a time; write ", key.name)), "{message}");
    }
}

#[test]
fn the_usual_folder_of_assets_is_none_of_the_operators_own() {
    for (path, given) in [
        ("./res/assets/", false),
        ("./res/assets", false),
        ("res/assets/", false),
        ("/res/assets/", true),
        ("./res/assets/../", true),
        ("/etc/vigil/assets/", true),
    ] {
        let loaded = load_text(&format!("[assets]\npath = {path:?}\n")).unwrap();
        assert_eq!((loaded.config.assets.given, loaded.old.is_empty()), (given, given), "{path}");
    }
}

/// A file that has just the section `name` with its required keys, so that more keys can follow.
fn section_alone(name: &str) -> String {
    let section = SECTIONS.iter().find(|section| section.name == name).unwrap();
    let (before, required) = match name {
        "notify.email" => ("", "to = \"a@example.com\"\nfrom = \"b@example.com\"\n"),
        "notify.xmpp" => ("", "to = \"a@example.com\"\nfrom = \"b@example.com\"\nxmpp_password = \"p\"\n"),
        "notify.twilio" => {
            ("", "to = [\"+33600000000\"]\nservice_sid = \"MG0\"\naccount_sid = \"AC0\"\nauth_token = \"t\"\n")
        }
        "notify.zulip" => (
            "",
            "bot_email = \"a@example.com\"\nbot_api_key = \"t\"\nchannel = \"ops\"\napi_url = \"https://example.com/api/v1/\"\n",
        ),
        "notify.telegram" => ("", "bot_token = \"1:t\"\nchat_id = \"1\"\n"),
        "notify.pushover" => ("", "app_token = \"t\"\nuser_keys = [\"u\"]\n"),
        "notify.gotify" => ("", "app_url = \"https://example.com/\"\napp_token = \"t\"\n"),
        "notify.matrix" => {
            ("", "homeserver_url = \"https://example.com/\"\naccess_token = \"t\"\nroom_id = \"!a:example.com\"\n")
        }
        "notify.webex" => ("", "endpoint_url = \"https://example.com/\"\ntoken = \"t\"\nroom_id = \"r\"\n"),
        "notify.webhook" => ("", "hook_url = \"https://example.com/hook\"\n"),
        "notify.slack" | "notify.mattermost" => ("", "hook_url = \"https://example.com/\"\n"),
        "notify.ntfy" => ("", "topic = \"vigil\"\n"),
        "notify.discord" | "notify.teams" | "notify.google_chat" => ("", "webhook_url = \"https://example.com/\"\n"),
        "notify.pagerduty" => ("", "routing_key = \"key\"\n"),
        "notify.opsgenie" => ("", "api_key = \"key\"\n"),
        "notify.http" => ("", "url = \"https://example.com/\"\n"),
        "plugins.rabbitmq" => ("", "api_url = \"http://[::1]:1\"\nauth_username = \"u\"\nauth_password = \"p\"\n"),
        "probe.service" => ("", "id = \"s\"\nlabel = \"S\"\n"),
        "probe.service.node" => {
            ("[[probe.service]]\nid = \"s\"\nlabel = \"S\"\n", "id = \"n\"\nlabel = \"N\"\nmode = \"poll\"\n")
        }
        _ => ("", ""),
    };
    format!("{before}{section}\n{required}")
}

#[test]
fn every_secret_may_stand_in_a_file_beside_the_configuration_or_among_the_credentials() {
    let (folder, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("vigil.cfg");
    let absolute = folder.path().join("absolute");
    fs::write(folder.path().join("both"), "beside").unwrap();
    fs::write(folder.path().join("beside"), "beside\n").unwrap();
    fs::write(&absolute, "https://example.com/hook\r\n").unwrap();
    fs::write(credentials.path().join("both"), "credential\n\n").unwrap();
    let lookup = |name: &str| match name {
        "CREDENTIALS_DIRECTORY" => Ok(credentials.path().to_str().unwrap().to_owned()),
        _ => Err(VarError::NotPresent),
    };
    let text = format!(
        "[server]\nreporter_token_file = \"both\"\n[notify.slack]\nhook_url_file = \"{}\"\n[notify.email]\n\
         to = \"a@example.com\"\nfrom = \"b@example.com\"\nsmtp_username = \"vigil\"\nsmtp_password_file = \"beside\"\n",
        absolute.display()
    );
    let loaded = config::load_bytes(&path, text.as_bytes(), &lookup).unwrap();
    assert!(!loaded.warnings.iter().any(|warning| warning.unknown), "{:?}", loaded.warnings);
    let config = loaded.config;
    assert!(config.server.reporter_token.as_ref().unwrap().matches(b"credential"));
    assert_eq!(slack(&config).unwrap().hook_url.url.reveal(), "https://example.com/hook");
    assert!(email(&config).unwrap().credentials.unwrap().password.matches(b"beside"));
    assert!(keys::all().all(|key| key.secret == key.file.is_some()));
    for key in keys::all().filter_map(|key| key.file) {
        assert!(!keys::all().any(|other| other.name == key), "{key} is a key of its own");
    }
}

#[test]
fn variables_are_filled_in_and_cannot_change_the_structure() {
    let text = "[server]\nreporter_token = ${DIGITS} # ${NOT_UTF8} in a comment\n\
        [branding]\npage_title = ${QUOTED}\ncompany_name = \"<${PORT}> $${PORT}\"\ncustom_html = \"${INJECTION}\"\n\
        [notify.email]\nto = \"a@example.com\"\nfrom = \"b@example.com\"\nsmtp_port = ${PORT}\n";
    let config = load_text(text).unwrap().config;
    assert!(config.server.reporter_token.as_ref().unwrap().matches(b"0042"));
    assert!(config.server.inet.ip().is_loopback());
    assert_eq!(config.branding.page_title, "Quoted by the variable");
    assert_eq!(config.branding.company_name.as_deref(), Some("<2525> ${PORT}"));
    assert_eq!(config.branding.custom_html, lookup("INJECTION").ok());
    assert_eq!(email(&config).unwrap().smtp_port, 2_525);
}

#[test]
fn the_poll_retry_of_both_meanings_is_told_apart() {
    for (keys, tries, wait_ms, sentence) in [
        ("", 1, 2_000, "a failed check is tried once more after 2 s (`poll_retry` is in seconds)"),
        ("poll_retry = 0", 1, 0, "a failed check is tried once more at once (`poll_retry` is in seconds)"),
        ("poll_retry = 5", 1, 5_000, "a failed check is tried once more after 5 s (`poll_retry` is in seconds)"),
        (
            "poll_retry_wait = 250",
            2,
            250,
            "a failed check is tried 2 times more, 0.25 s apart (`poll_retry` is a number of tries)",
        ),
        (
            "poll_retry = 0\npoll_retry_wait = 250",
            0,
            250,
            "a failed check is not tried again (`poll_retry` is a number of tries)",
        ),
    ] {
        let retry = load_text(&format!("[metrics]\n{keys}\n")).unwrap().config.metrics.poll.retry;
        assert_eq!((retry.tries, retry.wait), (tries, Duration::from_millis(wait_ms)), "{keys}");
        assert_eq!(config::summary::retry(&retry), sentence);
    }
}

#[test]
fn reminders_are_told_in_words() {
    for (keys, wanted) in [
        ("", None),
        ("reminder_backoff_function = \"cubic\"\nreminder_escalate = true", None),
        ("reminder_interval = 300", Some("reminders every 300 s")),
        (
            "reminder_interval = 300\nreminder_backoff_function = \"linear\"\nreminder_backoff_limit = 1",
            Some("reminders every 300 s"),
        ),
        (
            "reminder_interval = 300\nreminder_backoff_function = \"linear\"\nreminder_backoff_limit = 2",
            Some("reminders after 300 s, then every 600 s"),
        ),
        (
            "reminder_interval = 60\nreminder_backoff_function = \"square\"\nreminder_escalate = true",
            Some("reminders after 60 s, 240 s, then every 540 s, each urgent for one more target"),
        ),
        (
            "reminder_interval = 60\nreminder_backoff_function = \"cubic\"\nreminder_backoff_limit = 10",
            Some("reminders after 60 s, 480 s, 1620 s and so on, up to every 60000 s"),
        ),
    ] {
        let summary = describe(&load_text(&format!("[notify]\n{keys}\n")).unwrap().config);
        assert_eq!(summary.lines().find(|line| line.starts_with("reminders")), wanted, "{keys}");
    }
    let summary = describe(&load_text("[notify]\nstartup_notification = true\n").unwrap().config);
    assert!(summary.contains("a notice after each start, once all was checked\n"), "{summary}");
}

#[test]
fn a_node_names_its_channels_or_its_service_does_or_all_hear_of_it() {
    let channels = "[[notify.slack]]\nname = \"a\"\nhook_url = \"http://a/\"\n\
        [[notify.slack]]\nname = \"b-2_C\"\nreminders_only = true\nhook_url = \"http://b/\"\n\
        [notify.email]\nname = \"ops\"\nto = [\"a@example.com\", \"B <b@example.com>\"]\nfrom = \"c@example.com\"\n";
    let node = |id: &str, keys: &str| {
        format!(
            "[[probe.service.node]]\nid = \"{id}\"\nlabel = \"N\"\nmode = \"poll\"\nreplicas = [\"icmp://a\"]\n{keys}\n"
        )
    };
    let service = |id: &str, keys: &str| format!("[[probe.service]]\nid = \"{id}\"\nlabel = \"S\"\n{keys}\n");
    let text = [
        channels.to_owned(),
        service("open", ""),
        node("all", ""),
        node("own", "notify = [\"ops\", \"a\"]"),
        service("closed", "notify = [\"a\"]"),
        node("service", ""),
        node("own", "notify = [\"ops\"]"),
        node("none", "notify = []"),
    ];
    let config = load_text(&text.concat()).unwrap().config;
    let nodes = config.services.iter().flat_map(|service| service.nodes.iter().map(move |node| (service, node)));
    let routes: Vec<String> = nodes
        .map(|(service, node)| {
            let channels = node.notify.as_ref().map(|channels| channels.join(" "));
            format!("{} {}: {}", service.id, node.id, channels.unwrap_or_else(|| "all".to_owned()))
        })
        .collect();
    assert_eq!(routes, ["open all: all", "open own: ops a", "closed service: a", "closed own: ops", "closed none: "]);
    let channels: Vec<_> =
        config.notify.channels.iter().map(|channel| (&*channel.name, channel.reminders_only)).collect();
    assert_eq!(channels, [("ops", false), ("a", false), ("b-2_C", true)]);
    assert_eq!(config.notify.channel("ops").map(|channel| &*channel.name), Some("ops"));
    let to: Vec<String> = email(&config).unwrap().to.iter().map(ToString::to_string).collect();
    assert_eq!(to, ["a@example.com", "B <b@example.com>"]);
    insta::assert_snapshot!(describe(&config));
}

#[test]
fn a_file_has_a_limit_of_channels_and_a_channel_one_of_recipients() {
    let channel = |at: usize| format!("[[notify.slack]]\nname = \"c{at}\"\nhook_url = \"http://a/\"\n");
    let text = |count: usize| (0..count).map(channel).collect::<String>();
    assert_eq!(load_text(&text(100)).unwrap().config.notify.channels.len(), 100);
    let message = load_text(&text(101)).unwrap_err().to_string();
    assert_eq!(message, "vigil.cfg:301: [[notify.slack]] \"c100\": is one too many; a file has at most 100 channels");
    let recipients = |count: usize| {
        let to: Vec<String> = (0..count).map(|at| format!("r{at}@example.com")).collect();
        load_text(&format!("[notify.email]\nfrom = \"a@example.com\"\nto = {to:?}\n"))
    };
    assert_eq!(email(&recipients(50).unwrap().config).unwrap().to.len(), 50);
    let message = recipients(51).unwrap_err().to_string();
    assert_eq!(message, "vigil.cfg:3: [notify.email] to: has more than 50 addresses; write that of a mailing list");
}

#[test]
fn mail_is_encrypted_unless_the_file_says_otherwise() {
    for (keys, wanted) in [
        ("", Encryption::StartTls),
        ("smtp_encrypt = true", Encryption::StartTls),
        ("smtp_port = 465", Encryption::Implicit),
        ("smtp_port = 465\nsmtp_encrypt = true", Encryption::Implicit),
        ("smtp_port = 465\nsmtp_encrypt = false", Encryption::Plain),
        ("smtp_encrypt = false", Encryption::Plain),
    ] {
        let config = load_text(&format!("{}{keys}\n", section_alone("notify.email"))).unwrap().config;
        assert_eq!(email(&config).unwrap().encryption, wanted, "{keys}");
    }
}

#[test]
fn history_is_in_the_folder_of_the_service_unless_the_file_says_otherwise() {
    for (text, folders, wanted) in [
        ("", None, "./vigil.db"),
        ("", Some("/var/lib/vigil"), "/var/lib/vigil/vigil.db"),
        ("", Some("/var/lib/vigil:/var/lib/other"), "/var/lib/vigil/vigil.db"),
        ("", Some(""), "./vigil.db"),
        ("sqlite:history.db", Some("/var/lib/vigil"), "history.db"),
        ("sqlite:///srv/history.db", None, "/srv/history.db"),
        ("memory:", None, "memory, for as long as Vigil runs"),
        ("postgresql://vigil:hunter2@db:5433/status", None, "PostgreSQL at db:5433, database status"),
        ("postgres://vigil:hunter2@[::1]", None, "PostgreSQL at [::1]:5432, database vigil"),
        ("postgres://vigil@%2Frun%2Fpostgresql/status", None, "PostgreSQL at /run/postgresql, database status"),
    ] {
        let url = if text.is_empty() { String::new() } else { format!("url = \"{text}\"\n") };
        let lookup = |name: &str| match (name, folders) {
            ("STATE_DIRECTORY", Some(folders)) => Ok(folders.to_owned()),
            _ => Err(VarError::NotPresent),
        };
        let loaded = config::load_bytes(Path::new("vigil.cfg"), format!("[storage]\n{url}").as_bytes(), &lookup);
        let storage = loaded.unwrap_or_else(|error| panic!("{error}")).config.storage;
        assert_eq!(storage.url.to_string(), wanted);
        assert!(!format!("{storage:?}").contains(PLANTED));
    }
}

#[test]
fn what_is_said_to_a_database_elsewhere_is_encrypted_unless_the_url_says_otherwise() {
    for (url, wanted) in [
        ("postgres://vigil@db.example.com/vigil", "Require"),
        ("postgres://vigil@db.example.com/vigil?sslmode=prefer", "Prefer"),
        ("postgres://vigil@localhost,db.example.com/vigil", "Require"),
        ("postgres://vigil@localhost/vigil", "Disable"),
        ("postgres://vigil@127.0.0.1/vigil", "Disable"),
        ("postgres://vigil@127.0.0.1/vigil?sslmode=require", "Require"),
    ] {
        let storage = load_text(&format!("[storage]\nurl = \"{url}\"\n")).unwrap().config.storage;
        assert!(format!("{:?}", storage.url).contains(&format!("ssl_mode: {wanted}")), "{:?}", storage.url);
    }
}

#[test]
fn each_tier_is_kept_for_so_many_days() {
    let days = |keys: &str| {
        let retention = load_text(&format!("[storage]\n{keys}\n")).unwrap().config.storage.retention;
        Tier::ALL.map(|tier| retention.of(tier).map(|kept| kept.as_secs() / 86_400))
    };
    assert_eq!(days(""), [Some(2), Some(14), Some(90), None]);
    assert_eq!(days("retention_1m = 1\nretention_1d = 90"), [Some(1), Some(14), Some(90), Some(90)]);
}

#[test]
fn a_private_ca_is_read_from_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let pem = rcgen::generate_simple_self_signed(["mail.example.com".to_owned()]).unwrap().cert.pem();
    fs::write(folder.path().join("ca.pem"), format!("A comment.\n{pem}{pem}")).unwrap();
    let path = folder.path().join("vigil.cfg");
    fs::write(&path, section_alone("notify.email") + "smtp_ca_file = \"ca.pem\"\n").unwrap();
    let email = email(&load(&path).0.unwrap()).unwrap();
    assert!(String::from_utf8(email.ca_pem.unwrap()).unwrap().contains(&pem));
}

#[test]
fn keys_nested_without_end_are_refused() {
    let deep = format!("{}a = 1\n", "a.".repeat(200_000));
    assert!(load_text(&deep).is_err());
    assert!(load_text(&format!("a = {}\n", "[".repeat(200_000))).is_err());
    assert!(load_text(&format!("[{}a]\n", "a.".repeat(200_000))).is_err());
}

#[test]
fn the_summary_tells_what_was_understood() {
    let config = load(Path::new("tests/config/accepted/v1.29.0.cfg")).0.unwrap();
    insta::assert_snapshot!(describe(&config));
}

#[test]
fn the_summary_shows_every_kind_of_target_and_no_secret() {
    let replicas = [
        ("https://user:hunter2@example.com/a?token=hunter2", "https://example.com/a?…"),
        ("tcp://[::1]:25", "tcp://[::1]:25"),
        ("ssh://[::1]:22", "ssh://[::1]:22"),
        ("icmp://[::1]", "icmp://[::1]"),
        ("tls://[::1]:993", "tls://[::1]:993"),
        ("tls://mail.example.com:587/?starttls=smtp", "tls://mail.example.com:587?starttls=smtp"),
        ("dns://ns/a.example?expect=192.0.2.1", "dns://ns:53/a.example?type=A&expect=192.0.2.1"),
        ("dns://[::1]:5353/a.example?type=MX", "dns://[::1]:5353/a.example?type=MX"),
    ];
    let texts = replicas.map(|(text, _)| text);
    let summary =
        describe(&load_text(&format!("{}replicas = {texts:?}\n", section_alone("probe.service.node"))).unwrap().config);
    assert!(summary.contains(&format!("{} replicas to check", replicas.len())), "{summary}");
    for (_, shown) in replicas {
        assert!(summary.lines().any(|line| line.trim() == shown), "{shown}: {summary}");
    }
}

#[test]
fn the_summary_tells_what_a_node_has_of_its_own() {
    let node = |id: &str, keys: &str| format!("[[probe.service.node]]\nid = \"{id}\"\nlabel = \"N\"\n{keys}\n");
    let polled = "mode = \"poll\"\nreplicas = [\"icmp://[::1]\", \"ssh://example.com:22\"]";
    let scripts = "mode = \"script\"\nscripts = [\"exit 0\"]";
    let own = "poll_interval = 30\npoll_delay_sick = 2\npoll_delay_dead = 5\npoll_retry_wait = 500\n\
        poll_http_status_healthy_below = 300";
    let nodes = [
        node("usual", polled),
        node("own", &format!("{polled}\n{own}")),
        node("same", &format!("{polled}\npoll_interval = 120")),
        node("script", &format!("{scripts}\nscript_interval = 60\nscript_timeout = 5")),
        node("none", "mode = \"script\""),
    ];
    let text = format!("[[probe.service]]\nid = \"s\"\nlabel = \"S\"\n{}", nodes.concat());
    let summary = describe(&load_text(&text).unwrap().config);
    let (_, nodes) = summary.split_once("  s \"S\"\n").unwrap();
    insta::assert_snapshot!(nodes);
}

#[test]
fn the_sample_runs_as_it_is_and_names_every_key() {
    let text = fs::read_to_string("config.cfg").unwrap();
    let warnings = load(Path::new("config.cfg")).1;
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].contains("reporter_token: is still the placeholder"), "{}", warnings[0]);
    each_section(&text, |section, part| {
        let shown = |key: &&Key| key.section == section.name && key.old.is_none();
        for key in keys::all().filter(shown) {
            let named = part.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{} =", key.name)));
            assert!(named, "config.cfg does not name {section} {}", key.name);
        }
    });
}

#[test]
fn every_commented_line_of_the_sample_can_be_used() {
    let text = fs::read_to_string("config.cfg").unwrap().replace("# smtp_ca_file", "## smtp_ca_file");
    let text = text.replace("# http_ca_file", "## http_ca_file").replace("# xmpp_ca_file", "## xmpp_ca_file");
    // The other way to write what stands in the line above it.
    let text = text.replace("# reporter_token_file", "## reporter_token_file");
    let used = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(code) if code.starts_with('[') || code.split_once(" = ").is_some_and(|(key, _)| is_bare(key)) => code,
        _ => line,
    });
    let loaded = load_text(&used.collect::<Vec<_>>().join("\n")).unwrap_or_else(|error| panic!("{error}"));
    assert!(slack(&loaded.config).is_some() && email(&loaded.config).is_some());
    assert!(!loaded.warnings.iter().any(|warning| warning.unknown), "{:#?}", loaded.warnings);
}

fn is_bare(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn the_documentation_has_every_key_as_the_catalogue_has_it() {
    let path = Path::new("docs/CONFIGURATION.md");
    let text = fs::read_to_string(path).unwrap();
    each_section(&text, |section, part| assert!(part.contains(section.doc), "{section}: {}", section.doc));
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.lines().peekable();
    let mut section = None;
    let mut tables = 0;
    while let Some(line) = rest.next() {
        section = SECTIONS.iter().find(|one| line.trim_matches(['#', ' ', '`']) == one.to_string()).or(section);
        lines.push(line.to_owned());
        if line != "| key | takes | default | meaning |" {
            continue;
        }
        lines.extend(rest.next().map(str::to_owned));
        while rest.next_if(|line| line.starts_with('|')).is_some() {}
        lines.extend(keys::keys_of(section.unwrap().name).map(row));
        tables += 1;
    }
    assert_eq!(tables, SECTIONS.iter().filter(|one| keys::keys_of(one.name).next().is_some()).count());
    expect(path, &format!("{}\n", lines.join("\n")));
}

/// A key as the documentation has it.
fn row(key: &keys::Key) -> String {
    let absent = if key.required { "required" } else { "–" };
    let default = key.default.map_or_else(|| absent.to_owned(), |text| format!("`{text}`"));
    let or_file = key.file.map(|file| format!(" or `{file}`")).unwrap_or_default();
    let old = key.old.map(|today| format!(" *Old:* {today}.")).unwrap_or_default();
    format!("| `{}`{or_file} | {} | {default} | {}{old} |", key.name, key.takes, key.doc)
}

#[test]
fn every_kind_of_channel_is_read_and_stands_in_the_sample_and_the_readme() {
    let (sample, readme) = (fs::read_to_string("config.cfg").unwrap(), fs::read_to_string("README.md").unwrap());
    let honoured = |section: &&Section| section.shape == Shape::Either;
    for section in SECTIONS.iter().filter(honoured) {
        let name = section.name.strip_prefix("notify.").unwrap();
        for text in [
            section_alone(section.name),
            section_alone(section.name).replace(&section.to_string(), &format!("[{section}]")),
        ] {
            let channels = load_text(&text).unwrap().config.notify.channels;
            assert_eq!(channels.iter().map(|channel| &*channel.name).collect::<Vec<_>>(), [name], "{text}");
        }
        assert!(sample.contains(&section.to_string()) && readme.contains(&section.to_string()), "{section}");
    }
}

#[test]
fn the_readme_has_every_key_that_is_honoured() {
    let text = fs::read_to_string("README.md").unwrap();
    let listed = |key: &&Key| key.section != "probe" && key.old.is_none();
    for key in keys::all().filter(listed) {
        let named = text.lines().any(|line| line.starts_with('|') && line.contains(&format!("`{}`", key.name)));
        assert!(named, "README.md has no row for `{}` of `{}`", key.name, key.section);
    }
}

/// Calls `check` with each section that has keys, and with the part of `text` from its header to the next one.
fn each_section(text: &str, check: impl Fn(&Section, &str)) {
    let header = |line: &str| SECTIONS.iter().find(|one| line.trim_matches(['#', ' ', '`']) == one.to_string());
    let mut parts: Vec<(&Section, String)> = Vec::new();
    for line in text.lines() {
        if let Some(section) = header(line) {
            parts.push((section, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.extend([line, "\n"]);
        }
    }
    for section in SECTIONS.iter().filter(|one| keys::all().any(|key| key.section == one.name)) {
        let part: String =
            parts.iter().filter(|(one, _)| one.name == section.name).map(|(_, part)| part.as_str()).collect();
        check(section, &part);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = config::load_bytes(Path::new("vigil.cfg"), &bytes, &lookup);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]={}\"'#.,a-c0-9 \\n\\\\$é]{0,200}") {
        let _ = load_text(&text);
    }

    #[test]
    fn no_damage_to_a_file_makes_it_panic_or_tell_a_secret(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_usize..4), 1..6),
    ) {
        let files = files("tests/config/accepted");
        let text = fs::read_to_string(which.get(&files)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, other, kind) in damage {
            let (at, other) = (at.index(lines.len()), other.index(lines.len()));
            match kind {
                0 => lines.swap(at, other),
                1 => lines[at] = lines[other].clone(),
                2 => lines[at] = lines[at].chars().skip(1).collect(),
                _ => lines[at] = lines[at].chars().rev().collect(),
            }
        }
        let told = match load_text(&lines.join("\n")) {
            Ok(loaded) => format!("{:?} {}", loaded.warnings, describe(&loaded.config)),
            Err(error) => error.to_string(),
        };
        prop_assert!(!told.contains(PLANTED), "{}", told);
    }
}
