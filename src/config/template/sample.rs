//! Notices by which templates are tried. They have the fields that `notify::http` gives to templates, which its tests
//! compare; docs/CONFIGURATION.md describes them.

use serde_json::Value;
use serde_json::json;

/// The kinds of notices.
const KINDS: [&str; 4] = ["changed", "startup", "reminder", "test"];

/// The statuses of a page.
const STATUSES: [&str; 3] = ["dead", "sick", "healthy"];

/// A text that takes everything apart that does not escape it.
const AWKWARD: &str = "\"A\" \\ <b>&</b> 'ö'\n\u{1f4a5}";

/// Notices of every kind and status, in which nothing is empty.
pub(super) fn full() -> Vec<Value> {
    let pairs = KINDS.into_iter().flat_map(|kind| STATUSES.map(|status| (kind, status)));
    pairs.map(|(kind, status)| notice(kind, status, true)).collect()
}

/// The same with as little in them as can be.
pub(super) fn bare() -> Vec<Value> {
    let pairs = KINDS.into_iter().flat_map(|kind| STATUSES.map(|status| (kind, status)));
    pairs.map(|(kind, status)| notice(kind, status, false)).collect()
}

fn notice(kind: &str, status: &str, full: bool) -> Value {
    let time = "2026-11-24T01:12:05Z";
    let change = |to: &str, was: Value, replicas: Value, cause: Value| {
        json!({
            "service": "web",
            "node": "api",
            "service_label": AWKWARD,
            "node_label": AWKWARD,
            "status": to,
            "since": time,
            "was": was,
            "text": AWKWARD,
            "cause": cause,
            "replicas": replicas,
            "more_replicas": 1,
        })
    };
    let replicas = json!([{ "replica": "tcp://10.0.0.1:80", "status": "dead", "cause": AWKWARD }]);
    let was = json!({ "status": "sick", "seconds": 7 });
    let (changes, dead, reminder) = if full {
        let changes = ["dead", "sick", "healthy", "unknown"];
        let changes = changes.map(|to| change(to, was.clone(), replicas.clone(), AWKWARD.into()));
        (json!(changes), json!([{ "service": "web", "node": "api", "replica": "tcp://10.0.0.1:80" }]), json!(1))
    } else if kind == "changed" {
        (json!([change(status, Value::Null, json!([]), Value::Null)]), json!([]), Value::Null)
    } else {
        (json!([]), json!([]), Value::Null)
    };
    json!({
        "kind": kind,
        "status": status,
        "changed": full,
        "time": time,
        "reminder": reminder,
        "urgent": full,
        "title": AWKWARD,
        "text": AWKWARD,
        "page": { "title": AWKWARD, "url": "https://status.example.com/?a=1&b=2" },
        "changes": changes,
        "dead": dead,
        "more_dead": 0,
    })
}
