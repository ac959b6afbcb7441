//! The words of a notice, from which each channel makes its message.

use std::time::Duration;

use serde_derive::Serialize;

use crate::model::notice::Affected;
use crate::model::notice::Change;
use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;
use crate::model::words;

use super::fit;

/// A node that changed, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// The node's status as a word, `unknown` when nothing is known of it any more.
    pub status: &'static str,
    /// One sentence: which node, what it is, since when, and why, or for how long it was otherwise.
    pub head: String,
    /// A line for each replica that is not healthy, where the sentence does not say it all.
    pub details: Vec<String>,
}

/// How many nodes a message tells of one by one: whoever reads of more has seen enough, and servers limit messages.
pub const STORIES_MAX: usize = 200;

/// What changed, a story a node; those above `max` are counted in a last one.
#[must_use]
pub fn stories(notice: &Notice, max: usize) -> Vec<Story> {
    let quiet = |change: &&Change| notice.kind == Kind::Startup && is_well(change);
    let told = || notice.changes.iter().filter(|change| !quiet(change));
    let mut stories: Vec<Story> = told().take(max).map(|change| story(notice.kind, change)).collect();
    let more = told().count() - stories.len();
    if more > 0 {
        stories.push(Story { status: "unknown", head: format!("and {more} more nodes"), details: Vec::new() });
    }
    let well = match notice.changes.iter().filter(quiet).count() {
        0 => None,
        1 => Some("1 node is healthy".to_owned()),
        well => Some(format!("{well} nodes are healthy")),
    };
    stories.extend(well.map(|head| Story { status: "healthy", head, details: Vec::new() }));
    stories
}

/// What became of one node, in a sentence.
#[must_use]
pub fn sentence(kind: Kind, change: &Change) -> String {
    story(kind, change).head
}

/// Whether a node is well and was before: after a start such nodes are counted, not named.
pub(super) fn is_well(change: &Change) -> bool {
    change.to == Some(Status::Healthy) && change.was.is_none()
}

/// How many nodes of a notice a line of the log names.
const TITLE_MAX: usize = 3;

/// A notice in a line, as the log and the outbox name it.
#[must_use]
pub fn title(notice: &Notice) -> String {
    let kind = match notice.kind {
        Kind::Startup => "startup notice",
        Kind::Change => "notice",
        Kind::Reminder { .. } => "reminder",
        Kind::Test => "test notice",
    };
    let stories: Vec<String> = stories(notice, TITLE_MAX).into_iter().map(|story| story.head).collect();
    let told = if stories.is_empty() { format!("the page is {}", notice.status) } else { stories.join("; ") };
    format!("{kind} of {}: {told}", words::moment(notice.at))
}

/// What comes before the page's status in the first line of a message, as those who parse such messages know it.
#[must_use]
pub fn heading(notice: &Notice) -> &'static str {
    match notice.kind {
        Kind::Startup => "Status started up, as",
        Kind::Change | Kind::Test if notice.changed => "Status changed to",
        Kind::Change | Kind::Test | Kind::Reminder { .. } => "Status is still",
    }
}

/// What a message is, as its first line says in a mail: a report, an alert or a reminder.
#[must_use]
pub fn report(notice: &Notice) -> &'static str {
    match notice.kind {
        Kind::Test => "Test notice",
        Kind::Startup => "Status startup alert",
        Kind::Reminder { .. } => "Status unchanged reminder",
        Kind::Change if notice.changed => "Status change report",
        Kind::Change => "Node change report",
    }
}

/// What is told, in a few words for a subject: `Shop is healthy again`, `Shop is dead`, `4 nodes changed`; of a
/// reminder `Shop is still dead`, of a start `started up: 1 dead, 3 healthy`.
#[must_use]
pub fn headline(notice: &Notice) -> String {
    if notice.kind == Kind::Startup && !notice.changes.is_empty() {
        return format!("started up: {}", counts(&notice.changes));
    }
    let still = if notice.is_reminder() { "still " } else { "" };
    match notice.changes.as_slice() {
        [] => match notice.kind {
            Kind::Reminder { .. } => format!("the page is still {}", notice.status),
            Kind::Startup => format!("started up, the page is {}", notice.status),
            Kind::Change | Kind::Test => "nothing changed".to_owned(),
        },
        [only] => format!("{} {}", only.label, became(notice.kind, only)),
        many => {
            let to = many.first().and_then(|change| change.to);
            let alike = to.filter(|_| many.iter().all(|change| change.to == to));
            alike.map_or_else(
                || match notice.kind {
                    Kind::Reminder { .. } => format!("{} nodes are still unwell", many.len()),
                    Kind::Startup | Kind::Change | Kind::Test => format!("{} nodes changed", many.len()),
                },
                |status| format!("{} nodes are {still}{status}", many.len()),
            )
        }
    }
}

/// What became of one node, in a few words that follow its name: `is dead`, `is healthy again`.
pub(super) fn became(kind: Kind, change: &Change) -> String {
    match (change.to, change.was) {
        (Some(status), _) if matches!(kind, Kind::Reminder { .. }) => format!("is still {status}"),
        (Some(Status::Healthy), Some(_)) => "is healthy again".to_owned(),
        (Some(status), Some((was, _))) if status == was => format!("is {status} again"),
        (Some(status), _) => format!("is {status}"),
        (None, _) => "is not known any more".to_owned(),
    }
}

/// How many nodes have which status: `2 dead, 1 unknown, 9 healthy`.
fn counts(changes: &[Change]) -> String {
    let counts = ["dead", "sick", "unknown", "healthy"]
        .map(|status| (status, changes.iter().filter(|change| word(change) == status).count()));
    let named: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    named.join(", ")
}

/// The status of a node as a word.
fn word(change: &Change) -> &'static str {
    change.to.map_or("unknown", Status::word)
}

/// The replicas that are dead, as `service:node:replica` with commas; empty when there are none. Names that do not fit
/// into `max` bytes are counted; the first one is there in any case, be it cut.
#[must_use]
pub fn dead(notice: &Notice, max: usize) -> String {
    let mut list = String::new();
    let mut more = notice.more_dead;
    for key in &notice.dead {
        let name = key.to_string();
        if list.is_empty() {
            list.push_str(&fit::line(&name, max, fit::bytes));
        } else if list.len() + name.len() <= max {
            list.push_str(", ");
            list.push_str(&name);
        } else {
            more += 1;
        }
    }
    if more == 0 { list } else { format!("{list} and {more} more") }
}

/// A status with a capital letter: `Dead`.
#[must_use]
pub fn capital(status: Status) -> &'static str {
    match status {
        Status::Healthy => "Healthy",
        Status::Sick => "Sick",
        Status::Dead => "Dead",
    }
}

fn story(kind: Kind, change: &Change) -> Story {
    let node = format!("{}, {} ({})", change.service, change.label, change.key);
    let since = words::moment(change.since);
    // After a restart it may not be known for how long.
    let length =
        |time: Duration| if time.is_zero() { String::new() } else { format!(" for {}", words::duration(whole(time))) };
    let was = change.was.map(|(status, time)| (status, length(time)));
    let head = match (change.to, was) {
        (Some(Status::Healthy), Some((was, time))) => format!("{node} is healthy again, it was {was}{time}"),
        (Some(status), Some((was, time))) if status < was => {
            format!("{node} is {status} since {since}, it was {was}{time}{}", why(change))
        }
        (Some(status), Some((was, time))) if status == was => {
            format!("{node} is {status} again since {since}, it was {was}{time} before{}", why(change))
        }
        (Some(status), _) if matches!(kind, Kind::Reminder { .. }) => {
            format!("{node} is still {status}, since {since}{}", why(change))
        }
        (Some(status), _) => format!("{node} is {status} since {since}{}", why(change)),
        (None, None) if kind == Kind::Startup => format!("{node} is not known yet: nothing was found out about it"),
        // Its replicas are gone, or nobody can tell of its queue, all that it has.
        (None, Some((was, time))) => format!("{node} is not known any more, it was {was}{time}"),
        (None, None) => format!("{node} is not known any more"),
    };
    let mut details: Vec<String> = Vec::new();
    if change.affected.len() + change.more_affected > 1 {
        details = change.affected.iter().map(detail).collect();
        if change.more_affected > 0 {
            details.push(format!("and {} more", change.more_affected));
        }
    }
    Story { status: word(change), head, details }
}

/// The cause as it ends the sentence, with its replica when there is but one.
fn why(change: &Change) -> String {
    match change.affected.as_slice() {
        [] => String::new(),
        [only] if change.more_affected == 0 => {
            let cause = only.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{cause} ({})", only.key.replica)
        }
        [first, ..] => first.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default(),
    }
}

fn detail(affected: &Affected) -> String {
    let cause = affected.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{} is {}{cause}", affected.key.replica, affected.status)
}

/// People count outages in seconds.
fn whole(time: Duration) -> Duration {
    if time < Duration::from_secs(1) { time } else { Duration::from_secs(time.as_secs()) }
}

#[cfg(test)]
mod tests {
    use crate::model::cause::Cause;
    use crate::model::fixture::affected;
    use crate::model::fixture::change;
    use crate::model::fixture::death;
    use crate::model::fixture::notice;
    use crate::model::fixture::recovery;
    use crate::model::fixture::secs;
    use crate::model::notice::Urgent;

    use super::*;

    /// The sentence of a change, and its details.
    fn check(change: &Change, head: &str, details: &[&str]) {
        let story = story(Kind::Change, change);
        assert_eq!(story.head, head);
        assert_eq!(story.details, details);
    }

    #[test]
    fn a_death_says_which_node_since_when_why_and_which_replica() {
        check(
            &death().changes.remove(0),
            "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
            &[],
        );
    }

    #[test]
    fn a_recovery_says_how_long_it_lasted() {
        check(&recovery().changes.remove(0), "Web, API (web:api) is healthy again, it was dead for 7 min 12 s", &[]);
    }

    #[test]
    fn a_node_that_gets_better_but_not_well_says_both() {
        let sick = Change { to: Some(Status::Sick), affected: vec![affected("a", Status::Sick)], ..change() };
        let since = "since 24 Nov 2026, 01:12:02 UTC";
        check(
            &Change { was: Some((Status::Dead, secs(30))), ..sick.clone() },
            &format!("Web, API (web:api) is sick {since}, it was dead for 30 s: slow, answered after 12 s (a)"),
            &[],
        );
        check(&sick, &format!("Web, API (web:api) is sick {since}: slow, answered after 12 s (a)"), &[]);
    }

    #[test]
    fn a_node_that_gets_worse_does_not_dwell_on_what_it_was() {
        let dead = Change { to: Some(Status::Dead), was: Some((Status::Sick, secs(30))), ..change() };
        check(
            &Change { affected: vec![affected("a", Status::Dead)], ..dead },
            "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (a)",
            &[],
        );
    }

    #[test]
    fn a_node_that_was_better_for_a_while_says_that_it_is_dead_again() {
        let again = Change { was: Some((Status::Dead, secs(4))), ..death().changes.remove(0) };
        check(
            &again,
            "Web, API (web:api) is dead again since 24 Nov 2026, 01:12:02 UTC, it was dead for 4 s before: connection \
             refused (tcp://10.0.0.1:80)",
            &[],
        );
        assert_eq!(headline(&Notice { changes: vec![again], ..notice() }), "API is dead again");
    }

    #[test]
    fn a_node_whose_replicas_were_removed_is_not_called_healthy() {
        check(
            &Change { to: None, was: Some((Status::Dead, secs(65))), ..change() },
            "Web, API (web:api) is not known any more, it was dead for 1 min 5 s",
            &[],
        );
        check(&Change { to: None, ..change() }, "Web, API (web:api) is not known any more", &[]);
    }

    #[test]
    fn many_replicas_are_listed_with_their_causes_and_the_rest_is_counted() {
        let silent = Affected { cause: Some(Cause::Silent(secs(52))), ..affected("b", Status::Dead) };
        let affected = vec![affected("a", Status::Dead), silent, affected("c", Status::Sick)];
        check(
            &Change { to: Some(Status::Dead), affected, more_affected: 7, ..change() },
            "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused",
            &[
                "a is dead: connection refused",
                "b is dead: no report within 52 s",
                "c is sick: slow, answered after 12 s",
                "and 7 more",
            ],
        );
    }

    #[test]
    fn the_dead_are_listed_and_the_rest_is_counted() {
        let names = |names: &[&str]| names.iter().map(|name| affected(name, Status::Dead).key).collect();
        let many = Notice { dead: names(&["a", "b", "c"]), more_dead: 20, ..notice() };
        let long = Notice { dead: names(&["äöü"]), ..notice() };
        for (notice, max, wanted) in [
            (notice(), 100, ""),
            (death(), 100, "web:api:tcp://10.0.0.1:80"),
            (many.clone(), 100, "web:api:a, web:api:b, web:api:c and 20 more"),
            (many.clone(), 20, "web:api:a, web:api:b and 21 more"),
            (many, 5, "w[..] and 22 more"),
            (long.clone(), 13, "web:api:[..]"),
            (long, 14, "web:api:äöü"),
        ] {
            assert_eq!(dead(&notice, max), wanted);
        }
    }

    #[test]
    fn a_reminder_says_what_is_still_dead_since_when_and_why() {
        let kind = Kind::Reminder { number: 2, urgent: Urgent::All };
        let reminder = Notice { kind, changed: false, ..death() };
        let head =
            "Web, API (web:api) is still dead, since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)";
        assert_eq!(stories(&reminder, 9)[0].head, head);
        assert_eq!(title(&reminder), format!("reminder of 24 Nov 2026, 01:12:05 UTC: {head}"));
    }

    #[test]
    fn after_a_start_the_unwell_are_named_and_the_well_are_counted() {
        let again = recovery().changes.remove(0);
        let unknown = Change { to: None, ..change() };
        let changes = vec![death().changes.remove(0), unknown, again, change(), change()];
        let startup = Notice { kind: Kind::Startup, changes, ..death() };
        let heads: Vec<String> = stories(&startup, 9).into_iter().map(|story| story.head).collect();
        assert_eq!(
            heads,
            [
                "Web, API (web:api) is dead since 24 Nov 2026, 01:12:02 UTC: connection refused (tcp://10.0.0.1:80)",
                "Web, API (web:api) is not known yet: nothing was found out about it",
                "Web, API (web:api) is healthy again, it was dead for 7 min 12 s",
                "2 nodes are healthy",
            ]
        );
        assert_eq!(headline(&startup), "started up: 1 dead, 1 unknown, 3 healthy");
        let short: Vec<String> = stories(&startup, 1).into_iter().map(|story| story.head).collect();
        assert_eq!(short[1..], ["and 2 more nodes", "2 nodes are healthy"]);
        let well = Notice { changes: vec![change()], ..startup.clone() };
        assert_eq!(stories(&well, 9)[0].head, "1 node is healthy");
        assert_eq!(headline(&Notice { changes: Vec::new(), ..startup }), "started up, the page is dead");
    }

    #[test]
    fn a_notice_says_what_brought_it_about() {
        let reminder = Kind::Reminder { number: 2, urgent: Urgent::All };
        let sick = Change { to: Some(Status::Sick), ..change() };
        let dead = || death().changes.remove(0);
        for (kind, changes, title, headline) in [
            (Kind::Change, vec![dead()], "notice of", "API is dead"),
            (Kind::Startup, vec![], "startup notice of", "started up, the page is dead"),
            (Kind::Startup, vec![dead()], "startup notice of", "started up: 1 dead"),
            (Kind::Startup, vec![dead(), sick.clone()], "startup notice of", "started up: 1 dead, 1 sick"),
            (reminder, vec![dead()], "reminder of", "API is still dead"),
            (reminder, vec![dead(), dead()], "reminder of", "2 nodes are still dead"),
            (reminder, vec![dead(), sick], "reminder of", "2 nodes are still unwell"),
            (Kind::Test, vec![], "test notice of", "nothing changed"),
        ] {
            let notice = Notice { changes, kind, ..notice() };
            assert_eq!(super::headline(&notice), headline);
            assert!(super::title(&notice).starts_with(title), "{}", super::title(&notice));
        }
    }

    #[test]
    fn the_first_line_is_that_of_the_wire_format() {
        let reminder = Kind::Reminder { number: 1, urgent: Urgent::First(1) };
        for (kind, changed, wanted) in [
            (Kind::Startup, true, "Status started up, as"),
            (Kind::Startup, false, "Status started up, as"),
            (Kind::Change, true, "Status changed to"),
            (Kind::Change, false, "Status is still"),
            (reminder, false, "Status is still"),
            (reminder, true, "Status is still"),
        ] {
            assert_eq!(heading(&Notice { changed, kind, ..notice() }), wanted);
        }
    }

    #[test]
    fn nodes_above_the_limit_are_counted() {
        let mut many = death();
        many.changes = (0..5).map(|_| change()).collect();
        let heads: Vec<String> = stories(&many, 3).into_iter().map(|story| story.head).collect();
        assert_eq!((heads.len(), heads[3].as_str()), (4, "and 2 more nodes"));
        assert_eq!(stories(&many, 5).len(), 5);
    }
}
