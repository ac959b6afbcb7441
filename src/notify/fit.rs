//! Texts that fit into what a provider takes: whole lines, and a mark where some were left out.

/// What stands where lines were left out.
const LEFT_OUT: &str = "[..]";

/// What stands between names.
const BETWEEN: &str = ": ";

/// How long a text is by the measure of a provider.
pub(super) type Length = fn(&str) -> usize;

/// In bytes of UTF-8.
pub(super) fn bytes(text: &str) -> usize {
    text.len()
}

/// In characters.
pub(super) fn characters(text: &str) -> usize {
    text.chars().count()
}

/// In code units of UTF-16.
pub(super) fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The lines, one below the other. If they are longer than `max` together, those at the end are left out, and the last
/// one says so. Only a first line that is too long alone loses its end: what has markup keeps its first line short.
pub(super) fn lines(lines: &[String], max: usize, length: Length) -> String {
    let whole = lines.join("\n");
    if length(&whole) <= max {
        return whole;
    }
    let room = max.saturating_sub(1 + LEFT_OUT.len());
    let mut text = String::new();
    let mut used = 0;
    for (at, line) in lines.iter().enumerate() {
        let more = length(line) + usize::from(at > 0);
        if used + more > room {
            break;
        }
        if at > 0 {
            text.push('\n');
        }
        text.push_str(line);
        used += more;
    }
    if text.is_empty() {
        return cut(lines.first().map_or("", String::as_str), max, length);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(LEFT_OUT);
    text
}

/// A text of which the end is left out, with the same mark, if it is longer than `max`. It must have no markup.
pub(super) fn line(text: &str, max: usize, length: Length) -> String {
    if length(text) <= max { text.to_owned() } else { cut(text, max, length) }
}

/// Names with a colon between, and what is said of them. If it is longer than `max`, the names lose their ends, the
/// longest first: what is said stays, unless it does not even fit alone.
pub(super) fn said(names: &[&str], what: &str, max: usize, length: Length) -> String {
    let lengths: Vec<usize> = names.iter().map(|name| length(name)).collect();
    let mut left = max.saturating_sub(length(what) + length(BETWEEN) * names.len().saturating_sub(1));
    let mut shortest_first: Vec<usize> = (0..names.len()).collect();
    shortest_first.sort_by_key(|at| lengths[*at]);
    let mut shares = vec![0; names.len()];
    for (number, at) in shortest_first.into_iter().enumerate() {
        shares[at] = lengths[at].min(left / (names.len() - number));
        left -= shares[at];
    }
    let names: Vec<String> = names.iter().zip(shares).map(|(name, share)| line(name, share, length)).collect();
    line(&format!("{}{what}", names.join(BETWEEN)), max, length)
}

fn cut(text: &str, max: usize, length: Length) -> String {
    let room = max.saturating_sub(LEFT_OUT.len());
    let mut used = 0;
    let mut kept = String::new();
    for one in text.chars() {
        used += length(one.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        kept.push(one);
    }
    kept.push_str(LEFT_OUT);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owned(all: &[&str]) -> Vec<String> {
        all.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn lines_are_left_out_whole() {
        for (all, max, wanted) in [
            (&["one", "two"][..], 7, "one\ntwo"),
            (&["one", "two"], 6, "on[..]"),
            (&["a", "three"], 6, "a\n[..]"),
            (&["one", "two", "three", "four"], 15, "one\ntwo\n[..]"),
            (&["one", "", "three", "four"], 11, "one\n[..]"),
            (&["a long first line", "two"], 10, "a long[..]"),
            (&[], 10, ""),
        ] {
            assert_eq!(lines(&owned(all), max, bytes), wanted, "{all:?} in {max}");
        }
    }

    #[test]
    fn each_provider_measures_otherwise() {
        let text = "aä\u{1f4a5}";
        assert_eq!([bytes(text), characters(text), utf16(text)], [7, 3, 4]);
        assert_eq!(line("ää\u{1f4a5}äää", 6, characters), "ää\u{1f4a5}äää");
        assert_eq!(line("ää\u{1f4a5}äää\u{1f4a5}", 7, characters), "ää\u{1f4a5}äää\u{1f4a5}");
        assert_eq!(line("ää\u{1f4a5}äää\u{1f4a5}", 8, utf16), "ää\u{1f4a5}[..]");
        assert_eq!(line("äääääää", 9, bytes), "ää[..]");
    }

    #[test]
    fn names_are_cut_before_what_is_said_of_them() {
        for (names, max, wanted) in [
            (&["Web", "API"][..], 19, "Web: API is dead"),
            (&["Web", "a long name"], 22, "Web: a lon[..] is dead"),
            (&["a long name", "API"], 22, "a lon[..]: API is dead"),
            (&["a long name", "another name"], 25, "a l[..]: anot[..] is dead"),
            (&["a long name"], 16, "a lo[..] is dead"),
            (&["API"], 8, "[..][..]"),
            (&[], 8, " is dead"),
        ] {
            assert_eq!(said(names, " is dead", max, characters), wanted, "{names:?} in {max}");
        }
    }

    proptest! {
        #[test]
        fn what_is_said_stays(names in prop::collection::vec("\\PC{0,60}", 1..4), max in 40_usize..150) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            for length in [bytes as Length, characters, utf16] {
                let text = said(&names, " is dead", max, length);
                prop_assert!(length(&text) <= max && text.ends_with(" is dead"), "{text}");
            }
        }

        #[test]
        fn nothing_is_longer_than_it_may_be(
            all in prop::collection::vec("\\PC{0,40}", 0..20),
            max in 8_usize..200,
        ) {
            for length in [bytes as Length, characters, utf16] {
                let text = lines(&all, max, length);
                prop_assert!(length(&text) <= max);
                prop_assert!(text == all.join("\n") || text.ends_with(LEFT_OUT));
            }
        }
    }
}
