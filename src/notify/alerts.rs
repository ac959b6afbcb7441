//! A notice as alerts, one a node, for those who keep an alert open until the node is well: each has a key, by which it
//! is closed again.

use jiff::Timestamp;

use crate::model::notice::Change;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;

use super::Page;
use super::fit;
use super::fit::Length;
use super::text;

/// The longest name of a node that stands in a key: keys have up to 255 characters.
const NODE_MAX: usize = 200;

/// How much of a label and of a line is sent: the documents of providers have limits as a whole.
const LABEL_MAX: usize = 200;
const LINE_MAX: usize = 500;

/// How much of each of two labels stands in a line: so much that ids of any length, and what became of the node, do as
/// well.
const LABEL_IN_LINE_MAX: usize = 80;

/// What became of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alert {
    /// By which it is known: the same for the same node of the same page.
    pub(super) key: String,
    /// How bad it is; none when it is over.
    pub(super) severity: Option<Severity>,
    /// What is the case, in a few words.
    pub(super) title: Title,
    /// The node, as `service:node`.
    pub(super) node: String,
    /// The labels of its service and its own; a test has none.
    pub(super) labels: Option<(String, String)>,
    /// Since when it is so, or when it was told.
    pub(super) at: Timestamp,
    /// All that is told of it.
    pub(super) lines: Vec<String>,
}

/// What is the case, in a few words: `Web: API is dead`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title {
    names: Vec<String>,
    what: String,
}

impl Title {
    /// No longer than `max`: names lose their ends, what is said of them stays.
    pub(super) fn within(&self, max: usize, length: Length) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        fit::said(&names, &self.what, max, length)
    }
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// Not at all: a test.
    Test,
    /// A node is sick.
    Sick,
    /// A node is dead.
    Dead,
}

/// The alerts of `notice`, one of each node of which something is told: who has it open already knows it by its key. What
/// is well at the start and was before has none to close, and of what is not known yet nobody can tell.
pub(super) fn alerts(notice: &Notice, page: &Page) -> Vec<Alert> {
    let is_idle = |change: &Change| change.was.is_none() && change.to.is_none_or(|to| to == Status::Healthy);
    let is_told = |change: &&Change| notice.kind != Kind::Startup || !is_idle(change);
    match notice.kind {
        Kind::Test => test(notice, page),
        Kind::Startup | Kind::Change | Kind::Reminder { .. } => {
            notice.changes.iter().filter(is_told).map(|change| of_change(notice, change, page)).collect()
        }
    }
}

/// A test is opened, so that it is seen, and closed at once.
fn test(notice: &Notice, page: &Page) -> Vec<Alert> {
    let title = Title { names: vec![page.title.clone()], what: ": test notice, nothing has changed".to_owned() };
    let alert = Alert {
        key: key(page, "test"),
        severity: Some(Severity::Test),
        node: "test".to_owned(),
        labels: None,
        at: notice.at,
        lines: vec![title.within(LINE_MAX, fit::bytes)],
        title,
    };
    let over = Alert { severity: None, ..alert.clone() };
    vec![alert, over]
}

fn of_change(notice: &Notice, change: &Change, page: &Page) -> Alert {
    let severity = match change.to {
        _ if change.is_over(notice.sick) => None,
        Some(Status::Dead) => Some(Severity::Dead),
        Some(Status::Sick) => Some(Severity::Sick),
        Some(Status::Healthy) | None => None,
    };
    let node = change.key.to_string();
    let label = |text: &str, max| fit::line(text, max, fit::bytes);
    let short = |text: &str| label(text, LABEL_IN_LINE_MAX).into();
    let shorter = Change { service: short(&change.service), label: short(&change.label), ..change.clone() };
    let alone = Notice { changes: vec![shorter], ..notice.clone() };
    let names = vec![change.service.to_string(), change.label.to_string()];
    let stories = text::stories(&alone, 1).into_iter();
    let lines = stories.flat_map(|story| [story.head].into_iter().chain(story.details));
    Alert {
        key: key(page, &node),
        severity,
        title: Title { names, what: format!(" {}", text::became(notice.kind, change)) },
        node,
        labels: Some((label(&change.service, LABEL_MAX), label(&change.label, LABEL_MAX))),
        at: change.since,
        lines: lines.map(|line| fit::line(&line, LINE_MAX, fit::bytes)).collect(),
    }
}

/// The key of a node. Several pages may share an account, so it depends on their address, too. It stands in paths of
/// URLs, so it has plain characters only.
fn key(page: &Page, node: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.');
    let page = fingerprint(&page.url);
    if node.len() <= NODE_MAX && node.bytes().all(is_plain) {
        return format!("vigil-{page:016x}-{node}");
    }
    format!("vigil-{page:016x}-{:016x}", fingerprint(node))
}

/// FNV-1a of 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): it must stay the same for ever, and need not be
/// hard to forge.
fn fingerprint(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::affected;
    use crate::model::fixture::change;
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::secs;
    use crate::model::fixture::test_notice;
    use crate::model::id::Id;
    use crate::model::notice::Urgent;
    use crate::model::transition::NodeKey;

    use super::super::tests::reminder;
    use super::super::tests::startup;
    use super::*;

    fn page() -> Page {
        Page { title: "Acme".to_owned(), url: "https://status.example.com/".to_owned() }
    }

    fn title(alert: &Alert) -> String {
        alert.title.within(100, fit::utf16)
    }

    /// The node and the severity of each alert.
    fn told(notice: &Notice) -> Vec<(String, Option<Severity>)> {
        alerts(notice, &page()).into_iter().map(|alert| (alert.node, alert.severity)).collect()
    }

    #[test]
    fn a_node_opens_its_alert_and_closes_the_same() {
        let (opened, closed) = (alerts(&death(), &page()).remove(0), alerts(&recovery(), &page()).remove(0));
        assert_eq!(opened.severity, Some(Severity::Dead));
        assert_eq!(title(&opened), "Web: API is dead");
        assert_eq!(opened.key, "vigil-5f90b4b0e111eec0-web:api");
        assert_eq!((closed.severity, &closed.key), (None, &opened.key));
        assert_eq!(title(&closed), "Web: API is healthy again");
    }

    #[test]
    fn what_is_the_case_is_told_whatever_the_names_are() {
        let x = "x".repeat(1_000);
        let (id, label) = (Id::new(&x[..Id::LONGEST]).unwrap(), x.as_str());
        let key = NodeKey { service: id.clone(), node: id };
        let long = Change { key, service: label.into(), label: label.into(), to: Some(Status::Dead), ..change() };
        for notice in [death(), startup(), reminder(Urgent::All)] {
            let what = if notice.is_reminder() { " is still dead" } else { " is dead" };
            let told = Notice { changes: vec![long.clone()], dead: Vec::new(), ..notice };
            let alert = alerts(&told, &page()).remove(0);
            let title = alert.title.within(130, fit::utf16);
            assert!(title.starts_with("xxx") && title.ends_with(&format!("x[..]{what}")), "{title}");
            assert!(alert.lines[0].contains(&format!("){what}")), "{}", alert.lines[0]);
        }
    }

    #[test]
    fn each_change_means_an_alert() {
        let node = || "web:api".to_owned();
        let changed = |to, was| Notice { changes: vec![Change { to, was, ..change() }], ..death() };
        for (to, was, wanted) in [
            (Some(Status::Dead), None, Some(Severity::Dead)),
            (Some(Status::Dead), Some((Status::Sick, secs(5))), Some(Severity::Dead)),
            (Some(Status::Dead), Some((Status::Dead, secs(5))), Some(Severity::Dead)),
            (Some(Status::Sick), None, Some(Severity::Sick)),
            (Some(Status::Sick), Some((Status::Sick, secs(5))), Some(Severity::Sick)),
            (Some(Status::Sick), Some((Status::Dead, secs(5))), None),
            (Some(Status::Healthy), Some((Status::Dead, secs(5))), None),
            (None, Some((Status::Dead, secs(5))), None),
        ] {
            assert_eq!(told(&changed(to, was)), [(node(), wanted)], "{to:?} {was:?}");
        }
        let milder = changed(Some(Status::Sick), Some((Status::Dead, secs(5))));
        assert_eq!(told(&Notice { sick: true, ..milder }), [(node(), Some(Severity::Sick))]);
    }

    #[test]
    fn a_reminder_and_a_start_open_what_is_told_and_nothing_that_is_dead_besides() {
        let dead = vec![affected("a", Status::Dead).key, affected("b", Status::Dead).key];
        for notice in [reminder(Urgent::All), startup()] {
            let both = Notice { dead: dead.clone(), changes: death().changes, ..notice.clone() };
            assert_eq!(told(&both), [("web:api".to_owned(), Some(Severity::Dead))]);
            let untold = Notice { dead: dead.clone(), changes: Vec::new(), ..notice };
            assert_eq!(told(&untold), [], "nobody would hear of its end");
        }
    }

    #[test]
    fn a_start_without_troubles_opens_nothing_and_a_test_closes_what_it_opens() {
        assert_eq!(told(&startup()), []);
        let well = Change { to: Some(Status::Healthy), was: None, affected: Vec::new(), ..change() };
        assert_eq!(told(&Notice { changes: vec![well], ..startup() }), []);
        let unknown = Change { to: None, was: None, affected: Vec::new(), ..change() };
        assert_eq!(told(&Notice { changes: vec![unknown], ..startup() }), []);
        let test = || "test".to_owned();
        assert_eq!(told(&test_notice()), [(test(), Some(Severity::Test)), (test(), None)]);
    }

    #[test]
    fn a_key_is_plain_and_of_one_page_and_one_node() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
        let other = Page { url: "https://other.example.com/".to_owned(), ..page() };
        let long = "x".repeat(NODE_MAX + 1);
        let nodes = ["web:api", "web:a b", "web:a/b", &long];
        let mut keys: Vec<_> = nodes.iter().flat_map(|node| [key(&page(), node), key(&other, node)]).collect();
        let is_plain = |key: &String| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-".contains(&byte));
        assert!(keys.iter().all(|key| key.len() <= 255 && is_plain(key)), "{keys:?}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 8);
    }
}
