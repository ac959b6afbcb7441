//! Text of others inside markup: what a format reserves is escaped, whatever stands in a label or in a cause.

/// Text inside HTML, as Matrix, Pushover and Telegram read it.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What Zulip's Markdown reserves. It knows no backslash, but character references, which it reads after mentions, links,
/// formulas and times, and before it looks for emphasis and emoji.
const ZULIP: [char; 12] = ['*', '`', '~', '@', '#', '$', '[', ']', '<', '>', '\\', '|'];

/// Text inside Zulip's Markdown. Colons stay, so that ids read as they always did.
pub(super) fn zulip(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, one) in text.char_indices() {
        if ZULIP.contains(&one) || (one == '&' && is_reference(&text[at..])) {
            escaped.extend(["&#", &u32::from(one).to_string(), ";"]);
        } else {
            escaped.push(one);
        }
    }
    escaped
}

/// Whether a text begins with a character reference, such as `&amp;` or `&#42;`. An ampersand that begins none stays, so
/// that the queries of URLs do.
fn is_reference(text: &str) -> bool {
    let rest = text.trim_start_matches('&');
    let name = rest.trim_start_matches('#').trim_start_matches(|one: char| one.is_ascii_alphanumeric());
    name.len() < rest.len() && name.starts_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_reserves_is_escaped() {
        assert_eq!(html("<b>\"A\" & 'ö'</b>\u{0}"), "&lt;b&gt;&quot;A&quot; &amp; 'ö'&lt;/b&gt;\u{0}");
    }

    #[test]
    fn what_zulip_reserves_is_escaped() {
        for (text, wanted) in [
            ("web:api:tcp://10.0.0.1:80", "web:api:tcp://10.0.0.1:80"),
            ("@**all** #**ops**", "&#64;&#42;&#42;all&#42;&#42; &#35;&#42;&#42;ops&#42;&#42;"),
            ("`x` ~~y~~ $$z$$", "&#96;x&#96; &#126;&#126;y&#126;&#126; &#36;&#36;z&#36;&#36;"),
            ("[a](https://b/?c=1&d=2)", "&#91;a&#93;(https://b/?c=1&d=2)"),
            ("<time:2026-11-24>", "&#60;time:2026-11-24&#62;"),
            ("&amp; &#42; & &; &a", "&#38;amp; &#38;&#35;42; & &; &a"),
            ("a_b", "a_b"),
        ] {
            assert_eq!(zulip(text), wanted);
        }
    }
}
