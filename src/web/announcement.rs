//! An announcement in words.

use serde_derive::Serialize;

use crate::model::announcement::Announcement;

use super::view;
use super::view::Time;

/// What the page says of it.
#[derive(Debug, Serialize)]
pub(super) struct AnnouncementView {
    /// Its place on the page.
    anchor: String,
    title: String,
    lines: Vec<String>,
    published: Time,
    /// Until when it is shown, if that is known.
    expires: Option<Time>,
}

/// What the page says of it.
pub(super) fn view(announcement: &Announcement) -> AnnouncementView {
    AnnouncementView {
        anchor: format!("vigil-announcement-{}", announcement.id),
        title: announcement.title.clone(),
        lines: announcement.text.trim_end().split('\n').map(str::to_owned).collect(),
        published: view::time(announcement.published),
        expires: announcement.expires.map(view::time),
    }
}
