//! The message that tells a notice: text and HTML.

use std::error::Error;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::time::SystemTime;

use handlebars::Handlebars;
use handlebars::RenderError;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::MultiPart;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use serde_json::json;

use crate::config;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::words;

use super::super::Page;
use super::super::say::Color;
use super::super::text;

/// How much of a list of replicas a subject holds: mail programs show far less, and one line of a header may have 998
/// characters (RFC 5322, 2.1.1).
const SUBJECT_MAX: usize = 100;

/// How much of it a body holds.
const NODES_MAX: usize = 4_000;

/// The message: text and HTML, with a Message-ID that stays the same when the delivery is tried again.
pub(super) fn compose(
    notice: &Notice,
    config: &config::Email,
    to: &Mailbox,
    page: &Page,
) -> Result<Message, Box<dyn Error>> {
    let text = body(notice, page);
    // Two recipients, or two channels that hear of different nodes, get different messages at one moment.
    let mut hasher = DefaultHasher::new();
    (to.email.to_string(), &text).hash(&mut hasher);
    let (at, hash) = (notice.at.as_nanosecond(), hasher.finish());
    let id = format!("<vigil-notice-{at}-{hash:016x}@{}>", config.from.email.domain());
    let sender = config.from.name.clone().unwrap_or_else(|| page.title.clone());
    let message = Message::builder()
        .from(Mailbox::new(Some(sender), config.from.email.clone()))
        .to(to.clone())
        .subject(subject(notice, page))
        .date(SystemTime::from(notice.at))
        .message_id(Some(id))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(text, html(notice, page)?))?;
    Ok(message)
}

/// The page's status and what is dead, as those who sort mail know it, then what changed.
fn subject(notice: &Notice, page: &Page) -> String {
    if notice.is_test() {
        return format!("TEST | {}", page.title);
    }
    let status = notice.status.word().to_uppercase();
    let dead = text::dead(notice, SUBJECT_MAX);
    let list = if dead.is_empty() { String::new() } else { format!(" | {dead}") };
    format!("{status}{list} - {}", text::headline(notice))
}

fn body(notice: &Notice, page: &Page) -> String {
    let time = words::time(notice.at);
    let mut lines = vec![format!("{} from: {time}", text::report(notice)), String::new(), "--".to_owned()];
    if !notice.is_test() {
        lines.push(format!("Status: {}", text::capital(notice.status)));
    }
    let dead = text::dead(notice, NODES_MAX);
    if !dead.is_empty() {
        lines.push(format!("Nodes: {dead}"));
    }
    lines.push(format!("Time: {time}"));
    lines.push(format!("URL: {}", page.url));
    let label = if notice.kind == Kind::Change { "Change" } else { "Node" };
    for story in text::stories(notice, text::STORIES_MAX) {
        lines.push(format!("{label}: {}", story.head));
        lines.extend(story.details.iter().map(|detail| format!("  - {detail}")));
    }
    lines.push("--".to_owned());
    lines.push(String::new());
    lines.push("You get this because you are a recipient in the configuration of this status page.".to_owned());
    lines.join("\r\n")
}

fn html(notice: &Notice, page: &Page) -> Result<String, RenderError> {
    Handlebars::new().render_template(include_str!("message.hbs"), &facts(notice, page))
}

fn facts(notice: &Notice, page: &Page) -> serde_json::Value {
    // The colour of the worst that is told; of a test, none of the three.
    let told = notice.changes.iter().filter_map(|change| change.to).max();
    let (color, headline) = if notice.is_test() {
        (Color::TEST, "This is a test notice, nothing has changed".to_owned())
    } else {
        (Color::of(told.unwrap_or(notice.status)), text::headline(notice))
    };
    json!({
        "title": page.title,
        "url": page.url,
        "headline": headline,
        "color": color.to_string(),
        "stories": text::stories(notice, text::STORIES_MAX),
        "dead": text::dead(notice, NODES_MAX),
        "time": words::moment(notice.at),
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Encryption;
    use crate::model::fixture::affected;
    use crate::model::fixture::change;
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Change;
    use crate::model::status::Status;

    use super::*;

    fn email(title: &str, notice: &Notice) -> Message {
        let to: Mailbox = "Ops <ops@example.org>".parse().unwrap();
        compose(notice, &config(&to), &to, &page(title)).unwrap()
    }

    fn config(to: &Mailbox) -> config::Email {
        config::Email {
            to: vec![to.clone()],
            from: "vigil@status.example.org".parse().unwrap(),
            smtp_host: "localhost".to_owned(),
            smtp_port: 25,
            credentials: None,
            encryption: Encryption::Plain,
            ca_pem: None,
        }
    }

    fn page(title: &str) -> Page {
        Page { title: title.to_owned(), url: "https://status.example.org/?a=1&b=2".to_owned() }
    }

    fn header(message: &Message, name: &str) -> String {
        let formatted = String::from_utf8(message.formatted()).unwrap();
        let head = formatted.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let prefix = format!("{name}: ");
        let mut values = head.split("\r\n").filter_map(|line| line.strip_prefix(&prefix));
        let value = values.next().unwrap_or_else(|| panic!("no {name} in {head}")).to_owned();
        assert_eq!(values.next(), None, "{name}");
        value
    }

    #[test]
    fn a_death_has_every_header_that_mail_programs_look_for() {
        let message = email("Acme Status", &death());
        for (name, wanted) in [
            ("From", "\"Acme Status\" <vigil@status.example.org>"),
            ("To", "Ops <ops@example.org>"),
            ("Subject", "DEAD | web:api:tcp://10.0.0.1:80 - API is dead"),
            ("Date", "Tue, 24 Nov 2026 01:12:05 +0000"),
            ("MIME-Version", "1.0"),
            ("Auto-Submitted", "auto-generated"),
        ] {
            assert_eq!(header(&message, name), wanted);
        }
        assert!(header(&message, "Content-Type").starts_with("multipart/alternative; boundary="));
        let formatted = String::from_utf8(message.formatted()).unwrap();
        let parts: Vec<&str> = formatted.lines().filter(|line| line.starts_with("Content-Type: text/")).collect();
        assert_eq!(parts, ["Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8"]);
        assert_eq!(
            header(&email("Acme Status", &death()), "Message-ID"),
            header(&message, "Message-ID"),
            "tried again"
        );
    }

    #[test]
    fn what_is_told_twice_has_one_message_id_and_what_is_another_message_has_another() {
        let id = |to: &str, notice: &Notice| {
            let to: Mailbox = to.parse().unwrap();
            header(&compose(notice, &config(&to), &to, &page("Status")).unwrap(), "Message-ID")
        };
        let first = id("Ops <ops@example.org>", &death());
        assert!(first.starts_with("<vigil-notice-1795482725000000000-") && first.ends_with("@status.example.org>"));
        assert_eq!(id("ops@example.org", &death()), first);
        assert_ne!(id("boss@example.org", &death()), first);
        assert_ne!(id("ops@example.org", &Notice { changes: vec![change()], ..death() }), first);
    }

    #[test]
    fn words_beyond_ascii_are_encoded_and_never_break_a_header() {
        let mut notice = death();
        notice.dead[0] = affected("höst", Status::Dead).key;
        notice.changes[0].label = "Zürich 🗻".into();
        let message = email("Größe \"Ü\" & Söhne", &notice);
        assert!(message.formatted().is_ascii(), "no server needs 8BITMIME");
        assert!(header(&message, "From").contains("=?utf-8?b?"), "{}", header(&message, "From"));
        assert!(header(&message, "Subject").contains("=?utf-8?b?"), "{}", header(&message, "Subject"));
        assert!(body(&notice, &page("")).contains("Web, Zürich 🗻 (web:api) is dead"));
    }

    #[test]
    fn the_subject_says_the_status_who_is_dead_and_what_changed() {
        let sick = Change { to: Some(Status::Sick), ..change() };
        let gone = Change { to: None, ..change() };
        let with = |changes: &[&Change]| Notice {
            status: Status::Sick,
            changes: changes.iter().map(|change| (*change).clone()).collect(),
            ..recovery()
        };
        for (notice, wanted) in [
            (recovery(), "HEALTHY - API is healthy again"),
            (with(&[&sick]), "SICK - API is sick"),
            (with(&[&gone]), "SICK - API is not known any more"),
            (with(&[&sick, &sick]), "SICK - 2 nodes are sick"),
            (with(&[&sick, &gone]), "SICK - 2 nodes changed"),
            (Notice { dead: death().dead, ..recovery() }, "HEALTHY | web:api:tcp://10.0.0.1:80 - API is healthy again"),
            (test_notice(), "TEST | Status"),
        ] {
            assert_eq!(header(&email("Status", &notice), "Subject"), wanted);
        }
    }

    #[test]
    fn the_text_has_the_lines_that_others_parse() {
        insta::assert_snapshot!(body(&death(), &page("Status")).replace("\r\n", "\n"), @r#"
        Status change report from: 01:12:05 UTC+00:00

        --
        Status: Dead
        Nodes: web:api:tcp://10.0.0.1:80
        Time: 01:12:05 UTC+00:00
        URL: https://status.example.org/?a=1&b=2
        Change: Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)
        --

        You get this because you are a recipient in the configuration of this status page.
        "#);
        insta::assert_snapshot!(body(&recovery(), &page("Status")).replace("\r\n", "\n"), @r#"
        Status change report from: 01:12:05 UTC+00:00

        --
        Status: Healthy
        Time: 01:12:05 UTC+00:00
        URL: https://status.example.org/?a=1&b=2
        Change: Web, API (web:api) is healthy again, it was dead for 7 min 12 s
        --

        You get this because you are a recipient in the configuration of this status page.
        "#);
        let replicas = vec![affected("a", Status::Dead), affected("b", Status::Sick)];
        let changes = vec![Change { to: Some(Status::Dead), affected: replicas, more_affected: 9, ..change() }];
        let notice = Notice { changed: false, changes, more_dead: 3, ..death() };
        insta::assert_snapshot!(body(&notice, &page("Status")).replace("\r\n", "\n"), @r#"
        Node change report from: 01:12:05 UTC+00:00

        --
        Status: Dead
        Nodes: web:api:tcp://10.0.0.1:80 and 3 more
        Time: 01:12:05 UTC+00:00
        URL: https://status.example.org/?a=1&b=2
        Change: Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused
          - a is dead: connection refused
          - b is sick: slow, answered after 12 s
          - and 9 more
        --

        You get this because you are a recipient in the configuration of this status page.
        "#);
        insta::assert_snapshot!(body(&test_notice(), &page("Status")).replace("\r\n", "\n"), @r#"
        Test notice from: 01:12:05 UTC+00:00

        --
        Time: 01:12:05 UTC+00:00
        URL: https://status.example.org/?a=1&b=2
        --

        You get this because you are a recipient in the configuration of this status page.
        "#);
    }

    #[test]
    fn what_comes_from_outside_is_escaped_in_the_html() {
        let mut notice = death();
        notice.changes[0].label = "<script>alert(1)</script>".into();
        notice.dead[0] = affected("\"><img src=x>", Status::Dead).key;
        let html = html(&notice, &page("<b>Acme</b> & co")).unwrap();
        for raw in ["<script>", "<img", "<b>"] {
            assert!(!html.contains(raw), "{raw} in {html}");
        }
        for escaped in ["&lt;script&gt;", "&lt;b&gt;Acme&lt;/b&gt; &amp; co", "?a=1&amp;b=2\""] {
            assert!(html.contains(&escaped.replace('=', "&#x3D;")) || html.contains(escaped), "{escaped} in {html}");
        }
    }

    #[test]
    fn a_very_long_notice_has_lines_that_every_server_takes() {
        let replicas = vec![affected(&"y".repeat(2_000), Status::Dead); 50];
        let dead = replicas.iter().map(|replica| replica.key.clone()).collect();
        let changes = vec![Change { to: Some(Status::Dead), affected: replicas, more_affected: 700, ..change() }; 20];
        let message = email("Status", &Notice { dead, more_dead: 700, changes, ..death() });
        let formatted = message.formatted();
        let longest = formatted.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        assert!(longest < Some(998), "a line of {longest:?}");
        assert!(header(&message, "Subject").contains("[..] and 749 more - "));
    }
}
