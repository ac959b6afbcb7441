//! The table of README.md that puts Vigil beside others: every cell of its column is backed by tests, named here.

use std::fs;

/// A row: what it is about, what it says of Vigil, and the tests that show it, each with its file.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

static ROWS: &[Row] = &[
    (
        "to be had as",
        "one binary, its files inside",
        &[
            ("tests/package/checks.bash", "archive_installs"),
            ("tests/program/serving.rs", "every_address_answers_get_and_head_alike"),
        ],
    ),
    (
        "configured by",
        "a file, read again on SIGHUP; a wrong one changes nothing",
        &[
            ("tests/program/reload.rs", "a_good_file_is_followed_and_what_did_not_change_keeps_its_state"),
            ("tests/program/reload.rs", "a_bad_file_changes_nothing_and_is_told"),
        ],
    ),
    (
        "a file can be checked beforehand",
        "yes: `vigil check`",
        &[
            ("tests/program/cli.rs", "check_says_what_was_understood"),
            ("tests/program/cli.rs", "check_names_what_is_old_and_how_it_is_said_today"),
        ],
    ),
    (
        "asks",
        "HTTP, TCP, ping, SSH, DNS, TLS; runs scripts",
        &[
            ("tests/program/targets.rs", "the_status_of_an_answer_decides"),
            ("tests/program/targets.rs", "connections_that_do_not_come_about_are_named"),
            ("tests/system/network.rs", "every_address_of_a_name_must_answer"),
            ("tests/system/network.rs", "an_ssh_server_is_up_while_it_begins_key_exchanges"),
            ("tests/program/dns.rs", "a_name_server_is_asked_and_its_answer_judged"),
            ("tests/program/tls.rs", "a_handshake_is_a_check_of_its_own"),
            ("tests/program/scripts.rs", "a_node_is_as_its_scripts_say_and_their_words_are_not_for_visitors"),
        ],
    ),
    (
        "looks into answers",
        "by regular expression and JSON pointer",
        &[
            ("tests/program/http.rs", "the_body_of_a_healthy_answer_matches_anywhere"),
            ("tests/program/http.rs", "the_json_of_a_healthy_body_has_the_values_of_the_node"),
        ],
    ),
    (
        "a certificate that is about to expire",
        "is shown, and sick in time if asked for",
        &[("tests/program/tls.rs", "the_life_of_a_certificate_is_shown_and_a_short_one_is_sick")],
    ),
    (
        "applications that report their load",
        "yes; silence is dead",
        &[
            ("tests/program/reports.rs", "loads_and_health_are_judged_when_they_arrive"),
            ("tests/program/reports.rs", "a_silent_replica_is_dead_at_its_deadline_and_back_by_its_next_report"),
        ],
    ),
    (
        "a script that hangs",
        "is killed with all it started",
        &[
            (
                "tests/program/scripts.rs",
                "scripts_that_hang_hold_up_neither_targets_nor_the_end_and_leave_nothing_behind",
            ),
            ("tests/program/scripts.rs", "a_script_that_takes_too_long_is_dead_and_runs_again_in_its_turn"),
        ],
    ),
    (
        "targets that hang",
        "delay nobody else's check",
        &[("tests/program/schedule.rs", "healthy_targets_keep_their_interval_while_others_hang")],
    ),
    (
        "what is told",
        "each node that dies or comes back",
        &[
            ("tests/program/slack.rs", "every_flip_is_told_in_time_and_recoveries_say_how_long_it_lasted"),
            ("src/model/grouping/tests.rs", "a_second_death_is_told_while_the_first_lasts"),
        ],
    ),
    (
        "a notice that cannot be delivered",
        "is tried again for a day, and after a restart",
        &[
            ("src/engine/deliver/tests.rs", "a_notice_is_given_up_after_a_day"),
            ("tests/program/restart.rs", "what_is_owed_is_listed_and_delivered_after_the_next_start"),
        ],
    ),
    (
        "length of RabbitMQ's queues",
        "of every node that names one",
        &[
            (
                "tests/program/rabbitmq.rs",
                "a_node_is_as_its_queue_and_its_reports_are_and_falls_back_when_nobody_can_tell",
            ),
            ("tests/system/rabbitmq.rs", "a_queue_that_fills_turns_its_node_sick_then_dead_and_then_healthy"),
        ],
    ),
    (
        "tells by",
        "18 ways, email, Slack, Teams, PagerDuty and XMPP among them, and a request of your own making",
        &[
            ("tests/program/releases.rs", "v1_29_0"),
            ("tests/program/field.rs", "every_kind_hears_of_a_death_and_of_its_end"),
            ("tests/system/xmpp.rs", "prosody_keeps_a_death_and_a_recovery_for_everybody"),
            ("tests/program/providers.rs", "every_provider_hears_of_a_death_and_of_its_end"),
        ],
    ),
    (
        "reminders",
        "with a wait that grows, and escalation; kept over a restart",
        &[
            ("src/model/reminder.rs", "the_waits_are_those_of_the_function_up_to_the_limit"),
            (
                "src/model/reminder.rs",
                "an_escalation_reaches_one_more_target_each_time_and_begins_anew_when_all_was_well",
            ),
            ("tests/program/reminders.rs", "reminders_go_on_over_a_crash_until_the_node_is_well"),
        ],
    ),
    (
        "announcements",
        "over HTTP, with an end if wanted; kept over a restart",
        &[
            ("tests/program/manager.rs", "announcements_are_shown_until_they_are_taken_down"),
            ("tests/program/manager.rs", "an_announcement_may_have_an_end"),
            ("tests/program/manager.rs", "announcements_outlive_the_program"),
        ],
    ),
    (
        "planned maintenance",
        "over HTTP; not told, and apart in uptime",
        &[("tests/program/maintenance.rs", "an_outage_in_maintenance_is_recorded_and_shown_and_told_when_it_is_over")],
    ),
    (
        "the past",
        "SQLite or PostgreSQL; 90 days on the page",
        &[
            ("src/engine/keep/tests.rs", "what_happened_is_written_within_a_second_and_is_there_after_a_start"),
            ("tests/system/storage.rs", "a_server_that_goes_and_comes_back_delays_nobody_and_history_goes_on"),
            ("src/web/scene.rs", "ninety_days_of_fifty_nodes_are_small"),
        ],
    ),
    (
        "without JavaScript the page is",
        "whole",
        &[
            ("tests/browser/use.test.mjs", "all is there: headline, labels, statuses, causes"),
            ("tests/browser/mode.test.mjs", "the mouse and the keyboard find how each replica is known"),
        ],
    ),
    (
        "language models may ask",
        "yes, when switched on",
        &[
            ("tests/mcp/mcp.test.mjs", "is told what there is to ask"),
            ("tests/mcp/mcp.test.mjs", "there is nothing at that address"),
        ],
    ),
    (
        "Prometheus metrics",
        "of its own work",
        &[("tests/program/metrics.rs", "what_vigil_does_is_counted_and_no_name_that_is_not_public_is_told")],
    ),
    (
        "configuration of the public Vigil",
        "starts unchanged, from 1.0.0 on",
        &[
            ("tests/program/releases.rs", "v1_0_0"),
            ("tests/program/releases.rs", "v1_29_0"),
            ("tests/config/releases.rs", "what_is_done_with_every_key_is_shown_by_a_test"),
        ],
    ),
];

#[test]
fn every_cell_of_the_comparison_is_backed_by_a_test() {
    let text = fs::read_to_string("README.md").unwrap();
    let (_, table) = text.split_once("\n| | Vigil | public Vigil 1.29 | Gatus | Uptime Kuma |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let found: Vec<Vec<&str>> = cells.collect();
    for row in &found {
        assert!(row.len() == 5 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
    let said: Vec<(&str, &str)> = found.iter().map(|row| (row[0], row[1])).collect();
    let backed: Vec<(&str, &str)> = ROWS.iter().map(|(about, ours, _)| (*about, *ours)).collect();
    assert_eq!(said, backed, "left: README.md; right: what tests back");
    for (about, _, tests) in ROWS {
        assert!(!tests.is_empty(), "{about}");
        for (file, name) in *tests {
            assert!(is_test(file, name), "{about}: {file} has no test `{name}`");
        }
    }
}

/// Whether that file has a test of that name.
fn is_test(file: &str, name: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    match file.rsplit('.').next() {
        Some("mjs") => text.contains(&format!("it('{name}'")),
        Some("bash") => {
            // One that is defined and never called is no test.
            let calls = fs::read_to_string("tests/package/run").unwrap_or_default();
            let called = calls.lines().any(|line| line.starts_with("check ") && line.ends_with(&format!(" {name}")));
            called && text.contains(&format!("\n{name}()"))
        }
        _ => {
            let starts =
                |test: &str| test.split_once("fn ").is_some_and(|(_, rest)| rest.starts_with(&format!("{name}(")));
            text.split("#[test]\n").skip(1).any(starts)
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    for (file, name) in [
        ("tests/program/tls.rs", "a_handshake_is_a_check"),
        ("tests/program/releases.rs", "check"),
        ("tests/program/none.rs", "v1_0_0"),
        ("tests/browser/use.test.mjs", "all is there"),
        ("tests/package/checks.bash", "page"),
        ("tests/package/checks.bash", "none"),
    ] {
        assert!(!is_test(file, name), "{file} {name}");
    }
}
