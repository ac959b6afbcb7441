//! `vigil notify-test`: a line for each channel, and an exit code for scripts.

use std::fs;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::slack::telling;
use crate::smtp::Deed;
use crate::smtp::Fault;
use crate::smtp::Plan;
use crate::smtp::Smtp;
use crate::smtp::Stage;
use crate::support::command;
use crate::support::config;

/// The exit code, stdout and stderr.
fn notify_test(channels: &str) -> (Option<i32>, String, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("vigil.cfg");
    fs::write(&file, config(channels)).unwrap();
    let output = command().args(["notify-test", "-c"]).arg(&file).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn every_channel_gets_a_test_notice_and_a_tick() {
    let (hook, server) = (Hook::start(Reply::Status(200)), Smtp::start(Plan::default()));
    let channels = [telling(&hook, ""), server.config("smtp_encrypt = false")].concat();
    let (code, out, err) = notify_test(&channels);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "✓ email: delivered\n✓ slack: delivered\n", ""));
    let text = hook.request(0).text();
    assert_eq!(text, "This is a test notice, nothing has changed.");
    assert_eq!(server.mail(0).header("Subject").as_deref(), Some("TEST | Status Page"));
}

#[test]
fn a_channel_that_fails_says_why_and_the_others_are_tried() {
    let (hook, server) = (Hook::start(Reply::Status(404)), Smtp::start(Plan::default()));
    let channels = [telling(&hook, ""), server.config("smtp_encrypt = false")].concat();
    let (code, out, err) = notify_test(&channels);
    let wanted = "✓ email: delivered\n✗ slack: the hook answered HTTP 404\n";
    assert_eq!((code, out.as_str(), err.as_str()), (Some(1), wanted, ""));
    server.fail(Fault { at: Stage::RcptTo, deed: Deed::Answer("550 5.1.1 no such user"), always: true });
    hook.set(Reply::Close);
    let (code, out, _) = notify_test(&channels);
    let wanted = "✗ email: the server refused with 550 while waiting for the answer to RCPT TO: 5.1.1 no such user\n\
                  ✗ slack: connection closed while waiting for the answer\n";
    assert_eq!((code, out.as_str()), (Some(1), wanted));
}

#[test]
fn each_of_several_recipients_and_channels_has_a_line() {
    let (hook, server) = (Hook::start(Reply::Status(200)), Smtp::start(Plan::default()));
    server.fail(Fault { at: Stage::RcptOf("boss@"), deed: Deed::Answer("550 5.1.1 no such user"), always: true });
    let slack = |name: &str| format!("[[notify.slack]]\nname = \"{name}\"\nhook_url = \"{}\"\n", hook.url("/"));
    let email = server.config_to("[\"ops@example.org\", \"boss@example.org\"]", "smtp_encrypt = false");
    let (code, out, _) = notify_test(&[slack("team"), slack("quiet") + "reminders_only = true\n", email].concat());
    let wanted = "✓ email ops@example.org: delivered\n\
                  ✗ email boss@example.org: the server refused with 550 while waiting for the answer to RCPT TO: 5.1.1 no \
                  such user\n✓ team: delivered\n✓ quiet: delivered\n";
    assert_eq!((code, out.as_str(), hook.requests().len()), (Some(1), wanted, 2));
}

#[test]
fn without_a_channel_it_says_what_to_add() {
    let (code, out, err) = notify_test("");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(err, "no channel is configured: add one, such as `[notify.slack]`\n");
}

#[test]
fn a_hook_that_hangs_is_left_after_ten_seconds() {
    let hook = Hook::start(Reply::Hang);
    let start = Instant::now();
    let (code, out, _) = notify_test(&telling(&hook, ""));
    assert_eq!((code, out.as_str()), (Some(1), "✗ slack: timed out after 10 s while waiting for the answer\n"));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}
