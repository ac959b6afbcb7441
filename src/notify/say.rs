//! What the head of a message says: the page, what is the case, and its colour.

use std::fmt;

use crate::model::notice::Kind;
use crate::model::notice::Notice;
use crate::model::status::Status;

use super::Page;
use super::plain;
use super::text;

/// What people read first: the page, and what is the case in a few words.
pub(super) fn title(notice: &Notice, page: &Page) -> String {
    let what = if notice.is_test() { "test notice".to_owned() } else { text::headline(notice) };
    format!("{}: {what}", page.title)
}

/// The status of the page in a sentence: `Status changed to: dead.` What stands around the status makes it bold.
pub(super) fn sentence(notice: &Notice, bold: &str) -> String {
    match notice.kind {
        Kind::Test => plain::TEST.to_owned(),
        Kind::Startup | Kind::Change | Kind::Reminder { .. } => {
            format!("{}: {bold}{}{bold}.", text::heading(notice), notice.status)
        }
    }
}

/// The colour of a notice: that of the page's status, and blue for a test.
pub(super) fn color(notice: &Notice) -> Color {
    if notice.is_test() { Color::TEST } else { Color::of(notice.status) }
}

/// A colour of sRGB, 8 bits for each of red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color(pub(super) u32);

impl Color {
    /// Of a test: none of the others.
    pub(super) const TEST: Self = Self(0x19_57_c2);

    /// Of a status: green, ochre or red, each dark enough to be told from white.
    pub(super) fn of(status: Status) -> Self {
        Self(match status {
            Status::Healthy => 0x0b_7a_29,
            Status::Sick => 0xa8_5a_00,
            Status::Dead => 0xc0_15_15,
        })
    }
}

/// As HTML has it: `#c01515`.
impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::fixture::death;
    use crate::model::fixture::recovery;
    use crate::model::fixture::test_notice;
    use crate::model::notice::Urgent;

    use super::super::tests::reminder;
    use super::super::tests::startup;
    use super::*;

    #[test]
    fn a_head_names_the_page_and_what_is_the_case() {
        let page = Page { title: "Acme".to_owned(), url: String::new() };
        for (notice, heading, status) in [
            (death(), "Acme: API is dead", "Status changed to: *dead*."),
            (recovery(), "Acme: API is healthy again", "Status changed to: *healthy*."),
            (startup(), "Acme: started up, the page is healthy", "Status started up, as: *healthy*."),
            (reminder(Urgent::All), "Acme: API is still dead", "Status is still: *dead*."),
            (test_notice(), "Acme: test notice", "This is a test notice, nothing has changed."),
        ] {
            assert_eq!((title(&notice, &page).as_str(), sentence(&notice, "*").as_str()), (heading, status));
        }
    }
}
