//! Announcements in words.

use std::sync::Arc;

use serde_derive::Serialize;

use crate::model::announcement::Announcement;

use super::places;
use super::view;
use super::view::Time;

/// What the page says of one.
#[derive(Debug, Serialize)]
pub(super) struct AnnouncementView {
    /// Its place on the page.
    anchor: String,
    /// Empty if there is nothing to read in it.
    title: String,
    lines: Vec<String>,
    published: Time,
    /// Until when it is shown, if that is known.
    expires: Option<Time>,
}

/// What the page says, the newest first, as it is given.
pub(super) fn all(announcements: &[Arc<Announcement>]) -> Vec<AnnouncementView> {
    // By the oldest first: whatever comes later leaves a place as it is.
    let mut anchors =
        places::dated("announcement", announcements.iter().rev().map(|one| (one.published, one.title.as_str())));
    anchors.reverse();
    announcements.iter().zip(anchors).map(|(one, anchor)| view(one, anchor)).collect()
}

fn view(announcement: &Announcement, anchor: String) -> AnnouncementView {
    AnnouncementView {
        anchor,
        title: announcement.title.trim().to_owned(),
        lines: announcement.text.trim_end().split('\n').map(str::to_owned).collect(),
        published: view::time(announcement.published),
        expires: announcement.expires.map(view::time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture;
    use crate::model::uuid::Uuid;

    fn announcement(number: u8, title: &str, seconds: u64) -> Arc<Announcement> {
        let at = fixture::now().wall + fixture::secs(seconds);
        Arc::new(Announcement::new(Uuid::of_random([number; 16]), title, "Text", None, at).unwrap())
    }

    fn anchors(announcements: &[Arc<Announcement>]) -> Vec<String> {
        all(announcements).into_iter().map(|one| one.anchor).collect()
    }

    #[test]
    fn a_place_is_named_by_what_visitors_know_and_stays_when_others_come() {
        let [first, same, other, later] =
            [("Disks", 0), ("Disks!", 0), ("日本", 0), ("Disks", 60)].map(|(title, at)| announcement(7, title, at));
        let place = |name: &str| format!("vigil-announcement-{name}");
        let (one, two) = (place("20261124t011205z-disks"), place("20261124t011205z-disks-2"));
        assert_eq!(anchors(std::slice::from_ref(&first)), [one.as_str()]);
        assert_eq!(
            anchors(&[later, other, same, first.clone()]),
            [place("20261124t011305z-disks"), place("20261124t011205z-日本"), two, one]
        );
        assert!(!format!("{:?}", all(std::slice::from_ref(&first))).contains(&first.id.to_string()));
    }
}
