//! Names in sentences: one that is written from right to left must not move the words around it.
//!
//! Where a name has an element of its own, `<bdi>` or `dir="auto"` sees to that. A sentence stands in the title of the window
//! and in descriptions, too, where there are no elements; in there, characters do.

use std::borrow::Cow;

/// What begins and ends a text whose direction is its own affair (Unicode Standard Annex 9, FSI and PDI).
const BEGIN: char = '\u{2068}';
const END: char = '\u{2069}';

/// A name for a sentence; as it is, unless something in it is written from right to left or says how it is written.
pub(super) fn isolated(name: &str) -> Cow<'_, str> {
    if !name.chars().any(turns) {
        return Cow::Borrowed(name);
    }
    // One that ends what it did not begin would end this.
    let inside: String = name.chars().filter(|char| !matches!(char, '\u{2066}'..=END)).collect();
    Cow::Owned(format!("{BEGIN}{inside}{END}"))
}

/// Whether a character can move others: the letters of Hebrew, Arabic and all that is written like them, and marks of
/// direction.
fn turns(char: char) -> bool {
    matches!(
        char,
        '\u{590}'..='\u{8ff}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..=END
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_move_others_is_set_apart() {
        for name in ["", "API", "Café (2)", "日本", "Ελλάδα", "🙂"] {
            assert_eq!(isolated(name), name);
        }
        for (name, wanted) in [
            ("خدمة", "\u{2068}خدمة\u{2069}"),
            ("API של החברה", "\u{2068}API של החברה\u{2069}"),
            ("a\u{202e}b", "\u{2068}a\u{202e}b\u{2069}"),
            ("a\u{2069}\u{2067}b", "\u{2068}ab\u{2069}"),
            ("𞤀", "\u{2068}𞤀\u{2069}"),
        ] {
            assert_eq!(isolated(name), wanted, "{name:?}");
        }
    }
}
