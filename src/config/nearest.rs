//! The known name that was probably meant by an unknown one.

/// The one of `known` that is most like `name`; none when nothing is like it.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    let most = name.chars().count().div_ceil(3);
    known
        .into_iter()
        .filter_map(|one| Some((distance_within(&name, &plain(one), most)?, one)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}

/// Without what people mix up: case, and `-` for `_`.
fn plain(name: &str) -> String {
    name.chars().take(LONGEST).map(|one| if one == '-' { '_' } else { one.to_ascii_lowercase() }).collect()
}

/// More characters than any known name has; the rest of a longer one does not matter.
const LONGEST: usize = 64;
/// As few characters as say something about how a name begins or ends.
const FEWEST: usize = 3;

fn distance_within(name: &str, known: &str, most: usize) -> Option<usize> {
    let distance = distance(name, known);
    if distance <= most {
        return Some(distance);
    }
    // A beginning or an end, such as `hook` for `hook_url`: behind every mere misspelling.
    let part_of = |part: &str, whole: &str| whole.starts_with(part) || whole.ends_with(part);
    let shorter = name.chars().count().min(known.chars().count());
    (shorter >= FEWEST && (part_of(name, known) || part_of(known, name))).then_some(LONGEST + distance)
}

/// The insertions, removals and replacements of a character between `left` and `right` (Levenshtein's distance).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, one) in left.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = corner + usize::from(one != *other);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["hook_url", "mention_channel", "inet", "workers", "poll_retry", "poll_retry_wait", "id", "to"];
        for (name, wanted) in [
            ("hook", Some("hook_url")),
            ("hookurl", Some("hook_url")),
            ("hook-url", Some("hook_url")),
            ("HOOK_URL", Some("hook_url")),
            ("url", Some("hook_url")),
            ("worker", Some("workers")),
            ("workres", Some("workers")),
            ("poll_retries", Some("poll_retry")),
            ("poll_retry_wiat", Some("poll_retry_wait")),
            ("channel", Some("mention_channel")),
            ("banana", None),
            ("x", None),
            ("", None),
            ("日本", None),
        ] {
            assert_eq!(nearest(name, known), wanted, "{name}");
        }
    }
}
