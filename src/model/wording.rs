//! What those who manage the page write for its visitors: the title of an announcement or a maintenance, on one line, and
//! its text, on any number of lines.
//!
//! What is blank is taken, since clients of the public Vigil may send it.

/// How many characters a title may have: a few lines on a phone.
pub const TITLE_MAX: usize = 200;

/// How many characters a text may have: two printed pages, and no more than fits into the largest body of a request,
/// even if a client writes each of them as `\uXXXX\uXXXX`.
pub const TEXT_MAX: usize = 5_000;

/// Why something cannot be a title or a text, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no title.
    #[error("`title` is empty: send 1 to {TITLE_MAX} characters")]
    NoTitle,
    /// The title has so many characters.
    #[error("`title` has {0} characters: send 1 to {TITLE_MAX}")]
    LongTitle(usize),
    /// There is no text.
    #[error("`text` is empty: send 1 to {TEXT_MAX} characters")]
    NoText,
    /// The text has so many characters.
    #[error("`text` has {0} characters: send 1 to {TEXT_MAX}")]
    LongText(usize),
}

/// A title as it is kept. Line breaks and other control characters, which mean nothing on a line of a page, become spaces.
///
/// # Errors
/// [`Unfit`], when it is empty or too long.
pub fn title(written: &str) -> Result<String, Unfit> {
    let title = with_plain_breaks(written).replace(char::is_control, " ");
    match title.chars().count() {
        0 => Err(Unfit::NoTitle),
        count if count > TITLE_MAX => Err(Unfit::LongTitle(count)),
        _ => Ok(title),
    }
}

/// A text as it is kept, whose lines end in `\n`. Other control characters become spaces.
///
/// # Errors
/// [`Unfit`], when it is empty or too long.
pub fn text(written: &str) -> Result<String, Unfit> {
    let text = with_plain_breaks(written).replace(|one: char| one.is_control() && one != '\n', " ");
    match text.chars().count() {
        0 => Err(Unfit::NoText),
        count if count > TEXT_MAX => Err(Unfit::LongText(count)),
        _ => Ok(text),
    }
}

fn with_plain_breaks(written: &str) -> String {
    written.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_a_line_and_a_text_has_lines() {
        for (written, as_title, as_text) in [
            ("New disks", "New disks", "New disks"),
            (" ", " ", " "),
            ("a\nb\tc\0", "a b c ", "a\nb c "),
            ("1\r\n2\r3\n\n4\t5\u{1b}6\u{85}", "1 2 3  4 5 6 ", "1\n2\n3\n\n4 5 6 "),
        ] {
            assert_eq!(
                (title(written).as_deref(), text(written).as_deref()),
                (Ok(as_title), Ok(as_text)),
                "{written:?}"
            );
        }
    }

    #[test]
    fn what_is_empty_or_too_long_is_refused_with_what_would_be_right() {
        let long = |count: usize| "é".repeat(count);
        assert_eq!((title(&long(200)), text(&long(5_000))), (Ok(long(200)), Ok(long(5_000))));
        for (unfit, wanted) in [
            (title(""), "`title` is empty: send 1 to 200 characters"),
            (title(&long(201)), "`title` has 201 characters: send 1 to 200"),
            (text(""), "`text` is empty: send 1 to 5000 characters"),
            (text(&long(5_001)), "`text` has 5001 characters: send 1 to 5000"),
        ] {
            assert_eq!(unfit.unwrap_err().to_string(), wanted);
        }
    }
}
