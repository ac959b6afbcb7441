//! Labels as they stand in addresses: lower-case letters and digits, in ASCII where that is simple, words joined by `-`.

use std::collections::HashMap;
use std::collections::HashSet;

/// A label as a slug, which may be empty: `Bücher & Café` is `bucher-cafe`. Letters that ASCII has nothing like stay as
/// they are, since a label may consist of them; whatever is no letter and no digit ends a word.
#[must_use]
pub fn slug(label: &str) -> String {
    let mut plain = String::new();
    for char in label.chars().flat_map(char::to_lowercase) {
        match transliterated(char) {
            Some(text) => plain.push_str(text),
            None if char.is_alphanumeric() => plain.push(char),
            None => plain.push(' '),
        }
    }
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// A slug for each label, in the same order, none twice and none empty. Where several labels have the same slug the
/// first keeps it, and the others are numbered: `api`, `api-2`, `api-3`. No label loses to such a number the slug that
/// is its own. A label without letters or digits is called by `fallback`, which is a slug.
#[must_use]
pub fn unique<'a>(labels: impl IntoIterator<Item = &'a str>, fallback: &str) -> Vec<String> {
    let own = |label| Some(slug(label)).filter(|slug| !slug.is_empty()).unwrap_or_else(|| fallback.to_owned());
    let mut slugs: Vec<String> = labels.into_iter().map(own).collect();
    let mut taken = HashSet::new();
    let doubles: Vec<bool> = slugs.iter().map(|slug| !taken.insert(slug.clone())).collect();
    // Where the search for a number goes on, so that a thousand equal labels do not search a thousand times.
    let mut numbers: HashMap<String, u64> = HashMap::new();
    for (slug, _) in slugs.iter_mut().zip(doubles).filter(|(_, double)| *double) {
        let number = numbers.entry(slug.clone()).or_insert(1);
        *slug = loop {
            *number = number.saturating_add(1);
            let numbered = format!("{slug}-{number}");
            if taken.insert(numbered.clone()) {
                break numbered;
            }
        };
    }
    slugs
}

/// A lower-case letter in ASCII, where that is simple; an accent that stands on its own is nothing.
fn transliterated(char: char) -> Option<&'static str> {
    Some(match char {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // Accents that stand on their own, after the letter that they belong to.
        '\u{300}'..='\u{36f}' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_become_plain_words() {
        for (label, wanted) in [
            ("Web nodes", "web-nodes"),
            ("  Web  Nodes! ", "web-nodes"),
            ("Bücher & Café", "bucher-cafe"),
            ("Cafe\u{301} straße", "cafe-strasse"),
            ("ÆØÅ İstanbul ŁÓDŹ", "aeoa-istanbul-lodz"),
            ("日本 / API", "日本-api"),
            ("v2.0", "v2-0"),
            ("日本", "日本"),
            ("…", ""),
        ] {
            assert_eq!(slug(label), wanted, "{label}");
        }
    }

    #[test]
    fn labels_that_look_the_same_are_numbered_in_order() {
        for (labels, wanted) in [
            (&["API", "Api", "api!"][..], &["api", "api-2", "api-3"][..]),
            (&["API", "API", "API 2"], &["api", "api-3", "api-2"]),
            (&["API 2", "API", "API"], &["api-2", "api", "api-3"]),
            (&["API 2", "API 2", "API"], &["api-2", "api-2-2", "api"]),
            (&["…", "Node", "?"], &["node", "node-2", "node-3"]),
            (&[], &[]),
        ] {
            assert_eq!(unique(labels.iter().copied(), "node"), wanted, "{labels:?}");
        }
    }

    proptest! {
        #[test]
        fn slugs_are_plain_and_none_comes_twice(labels in prop::collection::vec("[aA1äß本 -]{0,4}|\\PC{0,6}|a(-[2-4])?", 0..12)) {
            let slugs = unique(labels.iter().map(String::as_str), "node");
            prop_assert_eq!(slugs.len(), labels.len());
            prop_assert_eq!(slugs.iter().collect::<HashSet<_>>().len(), labels.len());
            for slug in &slugs {
                prop_assert!(slug.chars().all(|char| char.is_alphanumeric() || char == '-'));
                prop_assert!(slug.split('-').all(|word| !word.is_empty()), "{slug}");
            }
        }
    }
}
