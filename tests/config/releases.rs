//! Every key of the public Vigil, key by key: since which release, what Vigil does with it, and which test shows that.
//!
//! `tests/config/releases/*.cfg` are files with all the keys of their release; the tests of the program start them. The
//! `.old` beside each is what `vigil check` calls old in it, written anew with `BLESS=1`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::de::DeTable;
use toml::de::DeValue;
use vigil_server::config;
use vigil_server::config::keys;

use super::compare;
use super::files;
use super::load;
use super::lookup;

/// A release, as its tag has it without the `v`.
type Release = [u32; 3];

/// A key of the public Vigil.
struct Row {
    section: &'static str,
    key: &'static str,
    /// The first release that has it.
    from: &'static str,
    /// The last one; empty when that is 1.29.0.
    to: &'static str,
    /// What Vigil does with it.
    does: &'static str,
    /// The test that shows it.
    shown_by: &'static str,
}

const fn row(
    section: &'static str,
    key: &'static str,
    (from, to): (&'static str, &'static str),
    does: &'static str,
    shown_by: &'static str,
) -> Row {
    Row { section, key, from, to, does, shown_by }
}

const fn since(from: &'static str) -> (&'static str, &'static str) {
    (from, "")
}

const STATUS: &str = "honoured, on a node as well, where it wins";
const STANDING: &str = "honoured";
const LINK: &str = "honoured; shown only where it is given, and not required";

#[rustfmt::skip] // A row a line, whatever its length.
static TABLE: &[Row] = &[
    // [server]
    row("server", "log_level", since("1.0.0"), "honoured; without it `warn`", "the_log_has_the_level_of_the_new_file"),
    row("server", "inet", since("1.0.0"), STANDING, "the_start_says_in_four_lines_what_runs_and_where"),
    row("server", "workers", since("1.0.0"), STANDING, "another_address_and_another_number_of_workers_are_served_without_a_gap"),
    row("server", "mcp_server", since("1.28.0"), STANDING, "v1_29_0"),
    row("server", "manager_token", since("1.24.0"), "honoured; without it there are no manager routes", "without_a_token_there_is_nothing_to_manage"),
    row("server", "reporter_token", since("1.0.0"), "honoured; an empty one lets nobody in", "without_a_token_nobody_can_report"),
    // [assets]
    row("assets", "path", since("1.0.0"), "files in it win over those inside the program; it need not exist", "the_operators_files_win_one_by_one"),
    // [branding]
    row("branding", "page_title", since("1.0.0"), STANDING, "branding_is_shown_and_what_is_not_given_is_not"),
    row("branding", "page_url", since("1.0.0"), "honoured; without it notices lead to the listening address", "without_a_page_url_notices_lead_to_where_the_page_listens"),
    row("branding", "icon_url", since("1.0.0"), LINK, "branding_is_shown_and_what_is_not_given_is_not"),
    row("branding", "logo_url", since("1.0.0"), LINK, "branding_is_shown_and_what_is_not_given_is_not"),
    row("branding", "website_url", since("1.0.0"), LINK, "branding_is_shown_and_what_is_not_given_is_not"),
    row("branding", "support_url", since("1.0.0"), LINK, "branding_is_shown_and_what_is_not_given_is_not"),
    row("branding", "company_name", since("1.0.0"), LINK, "branding_is_shown_and_what_is_not_given_is_not"),
    row("branding", "icon_color", since("1.0.0"), "honoured; what is no colour is refused", "colours_are_read_as_css_has_them"),
    row("branding", "logo_color", since("1.0.0"), "honoured; what is no colour is refused", "colours_are_read_as_css_has_them"),
    row("branding", "custom_html", since("1.0.0"), "honoured, as it is", "the_operators_html_goes_in_as_it_is_and_may_do_what_it_brings"),
    // [metrics]
    row("metrics", "poll_interval", since("1.0.0"), "honoured, on a node as well; each replica has its own clock", "healthy_targets_keep_their_interval_while_others_hang"),
    row("metrics", "poll_retry", since("1.0.0"), "seconds before the second try; a number of tries beside `poll_retry_wait`", "the_poll_retry_of_both_meanings_is_told_apart"),
    row("metrics", "poll_retry_wait", since("1.28.0"), STATUS, "with_a_wait_the_number_of_tries_counts"),
    row("metrics", "poll_http_status_healthy_above", since("1.0.0"), STATUS, "the_status_of_an_answer_decides"),
    row("metrics", "poll_http_status_healthy_below", since("1.0.0"), STATUS, "the_status_of_an_answer_decides"),
    row("metrics", "poll_delay_dead", since("1.0.0"), "honoured, on a node as well; a deadline over everything", "a_deadline_holds_in_every_phase_and_says_which"),
    row("metrics", "poll_delay_sick", since("1.0.0"), STATUS, "an_answer_that_takes_long_is_sick"),
    row("metrics", "poll_parallelism", since("1.23.0"), "the upper bound; without it the pool grows with need", "the_bound_of_parallel_checks_is_kept_and_named_when_it_makes_them_late"),
    row("metrics", "push_delay_dead", since("1.0.0"), STANDING, "a_silent_replica_is_dead_at_its_deadline_and_back_by_its_next_report"),
    row("metrics", "push_system_cpu_sick_above", since("1.0.0"), STANDING, "loads_and_health_are_judged_when_they_arrive"),
    row("metrics", "push_system_ram_sick_above", since("1.0.0"), STANDING, "loads_and_health_are_judged_when_they_arrive"),
    row("metrics", "script_interval", since("1.17.0"), STATUS, "what_a_node_says_wins_over_the_metrics"),
    row("metrics", "script_parallelism", since("1.23.0"), STANDING, "scripts_that_hang_hold_up_neither_targets_nor_the_end_and_leave_nothing_behind"),
    row("metrics", "local_delay_dead", since("1.18.0"), STANDING, "a_silent_replica_dies_after_its_interval_and_delay"),
    // [plugins.rabbitmq]
    row("plugins.rabbitmq", "api_url", since("1.1.0"), STANDING, "v1_29_0"),
    row("plugins.rabbitmq", "auth_username", since("1.1.0"), STANDING, "v1_29_0"),
    row("plugins.rabbitmq", "auth_password", since("1.1.0"), STANDING, "v1_29_0"),
    row("plugins.rabbitmq", "virtualhost", since("1.1.0"), "honoured, as it is spelled in a path", "names_are_taken_as_they_are_called_and_as_they_stand_in_a_path"),
    row("plugins.rabbitmq", "queue_ready_healthy_below", since("1.1.0"), STANDING, "v1_29_0"),
    row("plugins.rabbitmq", "queue_nack_healthy_below", since("1.1.0"), STANDING, "what_a_node_says_of_unacknowledged_messages_wins_each_for_itself"),
    row("plugins.rabbitmq", "queue_ready_dead_above", since("1.12.0"), "honoured; without it, as before 1.12.0, nothing makes a queue dead", "limits_that_files_of_old_do_not_have_are_never_reached"),
    row("plugins.rabbitmq", "queue_nack_dead_above", since("1.12.1"), "honoured; without it, as before 1.12.1, nothing makes a queue dead", "limits_that_files_of_old_do_not_have_are_never_reached"),
    row("plugins.rabbitmq", "queue_loaded_retry_delay", since("1.8.0"), STANDING, "a_queue_that_is_too_long_is_looked_at_once_more_and_the_second_look_counts"),
    // [notify]
    row("notify", "startup_notification", since("1.15.0"), "honoured; without it nothing is told at the start", "after_each_start_one_notice_tells_how_everything_is_and_the_dead_are_not_told_again"),
    row("notify", "reminder_interval", since("1.5.0"), STANDING, "reminders_go_on_over_a_crash_until_the_node_is_well"),
    row("notify", "reminder_backoff_function", since("1.22.3"), STANDING, "the_waits_are_those_of_the_function_up_to_the_limit"),
    row("notify", "reminder_backoff_limit", since("1.22.3"), STANDING, "the_waits_are_those_of_the_function_up_to_the_limit"),
    row("notify", "reminder_escalate", since("1.29.0"), STANDING, "an_escalation_reaches_one_more_target_each_time_and_begins_anew_when_all_was_well"),
    // [notify.email]
    row("notify.email", "to", since("1.0.0"), "honoured; several recipients may stand there", "postfix_delivers_a_death_and_a_recovery_and_refuses_a_stranger"),
    row("notify.email", "from", since("1.0.0"), STANDING, "a_death_has_every_header_that_mail_programs_look_for"),
    row("notify.email", "smtp_host", since("1.0.0"), STANDING, "a_host_that_is_not_there_is_said_to_be_so"),
    row("notify.email", "smtp_port", since("1.0.0"), "honoured; 465 is TLS from the first byte", "mail_is_encrypted_unless_the_file_says_otherwise"),
    row("notify.email", "smtp_username", since("1.0.0"), STANDING, "a_good_server_gets_the_message_by_either_way_to_log_in"),
    row("notify.email", "smtp_password", since("1.0.0"), STANDING, "a_good_server_gets_the_message_by_either_way_to_log_in"),
    row("notify.email", "smtp_encrypt", since("1.0.0"), STANDING, "mail_is_encrypted_unless_the_file_says_otherwise"),
    row("notify.email", "reminders_only", since("1.9.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.twilio]
    row("notify.twilio", "to", since("1.4.0"), "honoured, as the one number of old files too", "an_old_file_with_one_number_and_a_sender_is_told_by_twilio"),
    row("notify.twilio", "from", ("1.4.0", "1.8.0"), "honoured in place of `service_sid`", "an_old_file_with_one_number_and_a_sender_is_told_by_twilio"),
    row("notify.twilio", "service_sid", since("1.9.0"), STANDING, "v1_29_0"),
    row("notify.twilio", "account_sid", since("1.4.0"), STANDING, "v1_29_0"),
    row("notify.twilio", "auth_token", since("1.4.0"), STANDING, "v1_29_0"),
    row("notify.twilio", "reminders_only", since("1.9.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.slack]
    row("notify.slack", "hook_url", since("1.0.0"), STANDING, "every_flip_is_told_in_time_and_recoveries_say_how_long_it_lasted"),
    row("notify.slack", "mention_channel", since("1.11.1"), STANDING, "the_channel_is_mentioned_in_the_text_only"),
    row("notify.slack", "reminders_only", since("1.9.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.zulip]
    row("notify.zulip", "bot_email", since("1.22.0"), STANDING, "v1_29_0"),
    row("notify.zulip", "bot_api_key", since("1.22.0"), STANDING, "v1_29_0"),
    row("notify.zulip", "channel", since("1.22.0"), STANDING, "v1_29_0"),
    row("notify.zulip", "api_url", since("1.22.0"), "honoured, with `/` at its end or without", "the_api_is_found_with_a_slash_and_without"),
    row("notify.zulip", "reminders_only", since("1.22.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.telegram]
    row("notify.telegram", "bot_token", since("1.15.0"), STANDING, "v1_29_0"),
    row("notify.telegram", "chat_id", since("1.15.0"), STANDING, "v1_29_0"),
    row("notify.telegram", "message_thread_id", since("1.28.0"), STANDING, "v1_29_0"),
    row("notify.telegram", "reminders_only", since("1.15.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.pushover]
    row("notify.pushover", "app_token", since("1.11.0"), STANDING, "v1_29_0"),
    row("notify.pushover", "user_keys", since("1.11.0"), STANDING, "v1_29_0"),
    row("notify.pushover", "reminders_only", since("1.11.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.gotify]
    row("notify.gotify", "app_url", since("1.19.0"), "honoured, with `/` at its end or without", "the_server_is_found_wherever_it_is"),
    row("notify.gotify", "app_token", since("1.19.0"), STANDING, "v1_29_0"),
    row("notify.gotify", "reminders_only", since("1.19.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.xmpp]
    row("notify.xmpp", "to", since("1.4.0"), STANDING, "prosody_keeps_a_death_and_a_recovery_for_everybody"),
    row("notify.xmpp", "from", since("1.4.0"), STANDING, "prosody_keeps_a_death_and_a_recovery_for_everybody"),
    row("notify.xmpp", "xmpp_password", since("1.4.0"), STANDING, "prosody_keeps_a_death_and_a_recovery_for_everybody"),
    row("notify.xmpp", "reminders_only", since("1.9.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.matrix]
    row("notify.matrix", "homeserver_url", since("1.20.0"), "honoured, with `/` at its end or without", "v1_29_0"),
    row("notify.matrix", "username", ("1.20.0", "1.21.0"), "logs in with the password where there is no `access_token`", "an_old_file_with_a_matrix_password_logs_in"),
    row("notify.matrix", "password", ("1.20.0", "1.21.0"), "logs in where there is no `access_token`", "an_old_file_with_a_matrix_password_logs_in"),
    row("notify.matrix", "device_id", ("1.20.0", "1.21.0"), "names the device of that login", "an_old_file_with_a_matrix_password_logs_in"),
    row("notify.matrix", "access_token", since("1.20.0"), STANDING, "v1_29_0"),
    row("notify.matrix", "room_id", since("1.20.0"), STANDING, "v1_29_0"),
    row("notify.matrix", "reminders_only", since("1.20.0"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.webex]
    row("notify.webex", "endpoint_url", since("1.23.1"), STANDING, "v1_29_0"),
    row("notify.webex", "token", since("1.23.1"), STANDING, "v1_29_0"),
    row("notify.webex", "room_id", since("1.23.1"), STANDING, "v1_29_0"),
    row("notify.webex", "reminders_only", since("1.23.1"), STANDING, "a_channel_of_reminders_is_told_of_no_change"),
    // [notify.webhook]
    row("notify.webhook", "hook_url", since("1.10.0"), STANDING, "v1_29_0"),
    // [[probe.service]]
    row("probe.service", "id", since("1.0.0"), "honoured; one that stands twice is refused, naming both lines", "what_comes_from_outside_is_escaped_and_ids_stay_inside"),
    row("probe.service", "label", since("1.0.0"), STANDING, "what_comes_from_outside_is_escaped_and_ids_stay_inside"),
    // [[probe.service.node]]
    row("probe.service.node", "id", since("1.0.0"), "honoured; one that stands twice in a service is refused", "paths_may_be_spelled_as_clients_spell_them"),
    row("probe.service.node", "label", since("1.0.0"), STANDING, "what_comes_from_outside_is_escaped_and_ids_stay_inside"),
    row("probe.service.node", "mode", since("1.0.0"), "`poll`, `push`, `script` and `local`", "v1_29_0"),
    row("probe.service.node", "replicas", since("1.0.0"), "honoured, also with the `/` that 1.14.2 took after a port", "replicas_are_read_by_their_grammar"),
    row("probe.service.node", "scripts", since("1.17.0"), "honoured, with a timeout", "a_node_is_as_its_scripts_say_and_their_words_are_not_for_visitors"),
    row("probe.service.node", "http_headers", since("1.22.0"), STANDING, "headers_of_the_node_take_the_place_of_the_usual_ones"),
    row("probe.service.node", "http_method", since("1.22.0"), STANDING, "a_method_that_is_named_is_the_one_that_is_used"),
    row("probe.service.node", "http_body", since("1.22.0"), "honoured; with HEAD and GET ignored with a warning", "a_method_that_is_named_is_the_one_that_is_used"),
    row("probe.service.node", "http_body_healthy_match", since("1.2.0"), STANDING, "the_body_of_a_healthy_answer_matches_anywhere"),
    row("probe.service.node", "reveal_replica_name", since("1.25.0"), STANDING, "a_node_may_reveal_its_replicas"),
    row("probe.service.node", "link_url", since("1.27.0"), STANDING, "v1_29_0"),
    row("probe.service.node", "link_label", since("1.27.0"), STANDING, "v1_29_0"),
    row("probe.service.node", "rabbitmq_queue", since("1.1.0"), "honoured, also where nobody reports", "a_node_is_as_its_queue_and_its_reports_are_and_falls_back_when_nobody_can_tell"),
    row("probe.service.node", "rabbitmq_queue_nack_healthy_below", since("1.21.2"), STANDING, "what_a_node_says_of_unacknowledged_messages_wins_each_for_itself"),
    row("probe.service.node", "rabbitmq_queue_nack_dead_above", since("1.21.2"), STANDING, "what_a_node_says_of_unacknowledged_messages_wins_each_for_itself"),
];

/// Keys that the public Vigil does not have. What a node may say in place of `[metrics]` is of both.
static OURS: &[(&str, &[&str])] = &[
    ("server", &["reporter_replicas_max"]),
    ("metrics", &["script_timeout"]),
    ("storage", &["url", "retention_1m", "retention_5m", "retention_1h", "retention_1d"]),
    ("notify", &["sick", "group_wait", "group_interval"]),
    ("notify.email", &["smtp_ca_file"]),
    ("notify.twilio", &["api_url"]),
    ("notify.telegram", &["api_url"]),
    ("notify.pushover", &["api_url"]),
    ("notify.webhook", &["reminders_only"]),
    ("notify.xmpp", &["xmpp_server", "xmpp_ca_file"]),
    ("plugins.rabbitmq", &["queue_interval", "queue_parallelism"]),
    ("probe.service", &["notify"]),
    (
        "probe.service.node",
        &[
            "notify",
            "poll_interval",
            "poll_retry",
            "poll_retry_wait",
            "poll_http_status_healthy_above",
            "poll_http_status_healthy_below",
            "poll_delay_dead",
            "poll_delay_sick",
            "script_interval",
            "script_timeout",
            "http_json_healthy_match",
            "http_follow_redirects",
            "http_tls_verify",
            "http_ca_file",
            "http_tls_expiry_sick_below",
        ],
    ),
];

/// Channels that it does not have at all.
static OUR_CHANNELS: &[&str] = &[
    "notify.discord",
    "notify.google_chat",
    "notify.http",
    "notify.mattermost",
    "notify.ntfy",
    "notify.opsgenie",
    "notify.pagerduty",
    "notify.teams",
];

fn release(text: &str) -> Release {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    let release = [(); 3].map(|()| parts.next().unwrap());
    assert!(parts.next().is_none(), "{text}");
    release
}

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.section, self.key)
    }

    fn is_of(&self, one: Release) -> bool {
        release(self.from) <= one && (self.to.is_empty() || one <= release(self.to))
    }
}

fn is_ours(section: &str, key: &str) -> bool {
    let names_a_channel = key == "name" && section.starts_with("notify.");
    names_a_channel
        || OUR_CHANNELS.contains(&section)
        || OURS.iter().any(|(one, keys)| *one == section && keys.contains(&key))
}

#[test]
fn every_key_of_the_public_vigil_is_in_the_catalogue_and_the_other_way_round() {
    let names: BTreeSet<String> = TABLE.iter().map(Row::name).collect();
    assert_eq!(names.len(), TABLE.len(), "a key stands twice");
    let known: BTreeSet<String> = keys::all()
        .filter(|key| !is_ours(key.section, key.name))
        .map(|key| format!("{} {}", key.section, key.name))
        .collect();
    assert_eq!(names, known, "left: the table; right: the catalogue without `OURS`");
    for (section, own) in OURS {
        let missing = own.iter().find(|key| keys::key(section, key).is_none());
        assert_eq!(missing, None, "{section}");
    }
    for key in keys::all().filter(|key| key.old.is_some()) {
        let row = TABLE.iter().find(|row| (row.section, row.key) == (key.section, key.name));
        assert!(row.is_some_and(|row| !row.to.is_empty()), "{} {} is not of old releases alone", key.section, key.name);
    }
}

#[test]
fn what_is_done_with_every_key_is_shown_by_a_test() {
    let tests = tests();
    for row in TABLE {
        assert!(!row.does.is_empty() && !row.does.ends_with('.'), "{}", row.name());
        assert!(tests.contains(row.shown_by), "{}: there is no test `{}`", row.name(), row.shown_by);
    }
}

/// The names of all tests in Rust.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new("src").to_owned(), Path::new("tests").to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(path).unwrap();
                // Between the two are at most other attributes.
                let after = text.split("#[test]\n").skip(1);
                let name = |test: &str| Some(test.split_once("fn ")?.1.split_once('(')?.0.to_owned());
                found.extend(after.filter_map(name));
            }
        }
    }
    assert!(found.len() > 300, "{} tests", found.len());
    found
}

#[test]
fn the_file_of_a_release_has_all_its_keys_and_no_other() {
    for path in files("tests/config/releases") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let of = release(name.strip_prefix('v').unwrap());
        let text = fs::read_to_string(&path).unwrap();
        let mut found = BTreeSet::new();
        collect(&DeTable::parse(&text).unwrap().into_inner(), "", &mut found);
        let wanted: BTreeSet<String> = TABLE.iter().filter(|row| row.is_of(of)).map(Row::name).collect();
        assert_eq!(found, wanted, "left: {name}; right: the table");
    }
}

/// The keys of a table and of the tables in it, as `section key`. What is in a table that is a value is not a key.
fn collect(table: &DeTable<'_>, section: &str, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let key = key.get_ref();
        let below = if section.is_empty() { key.to_string() } else { format!("{section}.{key}") };
        let is_section = keys::section(&below).is_some();
        match value.get_ref() {
            DeValue::Table(inner) if is_section => collect(inner, &below, found),
            DeValue::Array(items) if is_section => {
                for item in items {
                    let DeValue::Table(inner) = item.get_ref() else { panic!("{below} is not a list of tables") };
                    collect(inner, &below, found);
                }
            }
            _ => {
                found.insert(format!("{section} {key}"));
            }
        }
    }
}

#[test]
fn the_file_of_every_release_loads_and_only_says_what_is_old() {
    let mut releases = BTreeMap::new();
    for path in files("tests/config/releases") {
        let (loaded, warnings) = load(&path);
        let config = loaded.unwrap_or_else(|error| panic!("{error}"));
        // The file of v1.20.0 has both ways to log in to Matrix, since it has every key.
        let usual = ["is not used beside `access_token`"];
        let odd: Vec<_> = warnings.iter().filter(|line| !usual.iter().any(|end| line.ends_with(end))).collect();
        assert_eq!(odd, Vec::<&String>::new(), "{}", path.display());
        let old = config::load(&path, &lookup).unwrap().old;
        let folder = format!("{}/", path.parent().unwrap().display());
        let lines = old.iter().map(|old| old.to_string().replace(&folder, "") + "\n");
        compare(&path, "old", &lines.collect::<String>());
        releases.insert(path, config.services.len());
    }
    assert!(releases.len() >= 10, "{} releases", releases.len());
    assert!(releases.values().all(|services| *services == 2));
}
