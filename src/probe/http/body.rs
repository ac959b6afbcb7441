//! Whether the body of an answer is that of a healthy one.

use serde_json::Value;

use crate::config::http::Http;
use crate::model::cause::BodyFailure;
use crate::net::client::BODY_MAX;

/// What is wrong with `body`, which may be the beginning of a longer one; none when it is as `how` says.
pub(super) fn fault(how: &Http, body: &[u8]) -> Option<BodyFailure> {
    let matches = how.body_match.as_ref().is_none_or(|pattern| pattern.is_match(&String::from_utf8_lossy(body)));
    if !matches {
        return Some(BodyFailure::NoMatch);
    }
    if how.json_match.is_empty() {
        return None;
    }
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        let cut = u64::try_from(body.len()).is_ok_and(|length| length >= BODY_MAX);
        return Some(if cut { BodyFailure::TooLong } else { BodyFailure::NotJson });
    };
    how.json_match.iter().find_map(|(pointer, wanted)| match document.pointer(pointer) {
        None => Some(BodyFailure::Nothing(pointer.clone())),
        Some(found) if !is_same(found, wanted) => Some(BodyFailure::Other(pointer.clone())),
        Some(_) => None,
    })
}

/// Whether two values are the same; `1` and `1.0` are.
fn is_same(found: &Value, wanted: &Value) -> bool {
    match (found.as_f64(), wanted.as_f64()) {
        #[expect(clippy::float_cmp, reason = "the value that is written is the one that is meant")]
        (Some(found), Some(wanted)) if found == wanted => true,
        _ => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(pattern: Option<&str>, wanted: &[(&str, Value)], body: &str, expect: Option<&BodyFailure>) {
        let json_match = wanted.iter().map(|(pointer, value)| ((*pointer).to_owned(), value.clone())).collect();
        let body_match = pattern.map(|pattern| regex::Regex::new(pattern).unwrap());
        let how = Http { body_match, json_match, ..Http::default() };
        assert_eq!(fault(&how, body.as_bytes()).as_ref(), expect, "{body}");
    }

    #[test]
    fn json_has_the_values_at_the_pointers() {
        let body = r#"{"status": "ok", "checks": [{"up": true, "a/b": 1}], "load": 1.0, "note": null}"#;
        let nothing = |pointer: &str| Some(BodyFailure::Nothing(pointer.to_owned()));
        let other = |pointer: &str| Some(BodyFailure::Other(pointer.to_owned()));
        for (pointer, value, wanted) in [
            ("/status", json!("ok"), None),
            ("/status", json!("OK"), other("/status")),
            ("/checks/0/up", json!(true), None),
            ("/checks/0/up", json!("true"), other("/checks/0/up")),
            ("/checks/0/a~1b", json!(1), None),
            ("/checks/1/up", json!(true), nothing("/checks/1/up")),
            ("/load", json!(1), None),
            ("/load", json!(1.5), other("/load")),
            ("/note", json!("null"), other("/note")),
            ("", json!("ok"), other("")),
        ] {
            check(None, &[(pointer, value)], body, wanted.as_ref());
        }
        check(None, &[("", json!(true))], " true ", None);
        check(None, &[("/status", json!("ok")), ("/load", json!(2))], body, other("/load").as_ref());
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_too_long() {
        let wanted = [("/status", json!("ok"))];
        for body in ["", "<html>", "{\"status\": \"ok\"", "{\"status\": \"ok\"} trailing"] {
            check(None, &wanted, body, Some(&BodyFailure::NotJson));
        }
        let long = format!("[{}", " ".repeat(usize::try_from(BODY_MAX).unwrap() - 1));
        check(None, &wanted, &long, Some(&BodyFailure::TooLong));
        let deep = "[".repeat(100_000);
        check(None, &wanted, &deep, Some(&BodyFailure::NotJson));
    }

    #[test]
    fn pattern_and_json_have_both_to_be_right() {
        let wanted = [("/status", json!("ok"))];
        check(Some("^.*ok"), &wanted, r#"{"status": "ok"}"#, None);
        check(Some("^ok"), &wanted, r#"{"status": "ok"}"#, Some(&BodyFailure::NoMatch));
    }
}
