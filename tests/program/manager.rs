//! What whoever runs the page tells it and asks it over HTTP: announcements and alerts.

use serde_json::Value;
use serde_json::json;

use crate::support::Answer;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;

/// `:m4nager`
const TOKEN: (&str, &str) = ("Authorization", "Basic Om00bmFnZXI=");
/// `:s3cret`, which is that of reports.
const REPORTER: (&str, &str) = ("Authorization", "Basic OnMzY3JldA==");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Every route, with a request that it takes once there is a token.
const ROUTES: [(&str, &str, &str); 8] = [
    ("GET", "/manager/announcements", ""),
    ("POST", "/manager/announcement", r#"{"title":"T","text":"t"}"#),
    ("DELETE", "/manager/announcement/00000000-0000-4000-8000-000000000000", ""),
    ("GET", "/manager/prober/alerts", ""),
    ("GET", "/manager/maintenance", ""),
    ("DELETE", "/manager/maintenance/00000000-0000-4000-8000-000000000000", ""),
    ("GET", "/manager/prober/alerts/ignored", ""),
    ("PUT", "/manager/prober/alerts/ignored", "{}"),
];

/// That configuration, with a token for managers.
fn managed(more: &str) -> String {
    config(more).replace("[server]\n", "[server]\nmanager_token = \"m4nager\"\n")
}

fn get(vigil: &Vigil, path: &str) -> Value {
    let answer = vigil.request("GET", path, &[TOKEN], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

fn post(vigil: &Vigil, body: &Value) -> Answer {
    vigil.request("POST", "/manager/announcement", &[TOKEN, JSON], body.to_string().as_bytes())
}

/// Announces that; gives its id.
fn announce(vigil: &Vigil, body: &Value) -> String {
    let answer = post(vigil, body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    let found: Value = serde_json::from_slice(&answer.body).unwrap();
    let id = found["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.text(), format!(r#"{{"id":"{id}"}}"#));
    id
}

fn delete(vigil: &Vigil, id: &str) -> u16 {
    let answer = vigil.request("DELETE", &format!("/manager/announcement/{id}"), &[TOKEN], b"");
    assert!(answer.body.is_empty(), "{}", answer.text());
    answer.status
}

#[test]
fn without_a_token_there_is_nothing_to_manage() {
    for text in [config(""), config("").replace("[server]\n", "[server]\nmanager_token = \"\"\n")] {
        let vigil = Vigil::start(&text);
        for (method, path, body) in ROUTES {
            for headers in [&[JSON][..], &[TOKEN, JSON], &[REPORTER, JSON]] {
                assert_eq!(vigil.request(method, path, headers, body.as_bytes()).status, 404, "{method} {path}");
            }
        }
    }
}

#[test]
fn a_token_comes_and_goes_with_a_reload() {
    let vigil = Vigil::start(&config(""));
    let status = |token| vigil.request("GET", "/manager/announcements", &[token], b"").status;
    assert_eq!(status(TOKEN), 404);
    vigil.reload(&managed(""));
    assert_eq!((status(TOKEN), status(REPORTER)), (200, 403));
    announce(&vigil, &json!({"title": "Stays", "text": "t"}));
    vigil.reload(&config(""));
    assert_eq!(status(TOKEN), 404);
    vigil.wait_for_page("Stays");
}

#[test]
fn only_the_token_of_managers_is_taken() {
    let vigil = Vigil::start(&managed(""));
    for (credentials, refused) in [
        (Some("Basic Om00bmFnZXI="), None),
        (Some("Basic YW55Ym9keTptNG5hZ2Vy"), None),
        (Some("Basic OnMzY3JldA=="), Some(403)),
        (Some("Basic Og=="), Some(403)),
        (Some("basic Om00bmFnZXI="), Some(401)),
        (Some("Bearer m4nager"), Some(401)),
        (Some("Basic %%%"), Some(401)),
        (None, Some(401)),
    ] {
        for (method, path, body) in ROUTES {
            let headers: Vec<_> =
                [Some(JSON), credentials.map(|value| ("Authorization", value))].into_iter().flatten().collect();
            // Whoever may not is not told what is wrong with the body either.
            let body = if refused.is_some() { "{" } else { body };
            let answer = vigil.request(method, path, &headers, body.as_bytes());
            let taken = if method == "DELETE" { 404 } else { 200 };
            assert_eq!(answer.status, refused.unwrap_or(taken), "{credentials:?} {method} {path}");
            let challenge = refused.map(|_| "Basic realm=\"Reporter Token\"");
            assert_eq!(answer.header("www-authenticate"), challenge, "{method} {path}");
            assert!(refused.is_none() || answer.body.is_empty());
        }
    }
    assert_eq!(vigil.report("/reporter/app/push", "{}").status, 400, "reports have their own");
    let with = vigil.request("POST", "/reporter/app/push", &[TOKEN, JSON], b"{}");
    assert_eq!(with.status, 403, "the token of managers is not that of reports");
}

#[test]
fn methods_heads_and_slashes_are_as_elsewhere() {
    let vigil = Vigil::start(&managed(""));
    for (method, path, allow) in [
        ("POST", "/manager/announcements", "GET, HEAD"),
        ("GET", "/manager/announcement", "POST"),
        ("PUT", "/manager/announcement/x", "DELETE"),
        ("PUT", "/manager/prober/alerts", "GET, HEAD"),
        ("POST", "/manager/prober/alerts/ignored", "GET, HEAD, PUT"),
    ] {
        let answer = vigil.request(method, path, &[TOKEN], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
    }
    for path in ["/manager/announcements/", "//manager//announcements", "/manager/prober/alerts//"] {
        get(&vigil, path);
        let head = vigil.raw(
            format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}: {}\r\n\r\n", TOKEN.0, TOKEN.1)
                .as_bytes(),
        );
        let head = head.unwrap();
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert!(head.header("content-length").is_some_and(|length| length != "0"), "{path}");
    }
    let answer = vigil.request("GET", "/manager/announcements", &[TOKEN], b"");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn announcements_are_shown_until_they_are_taken_down() {
    let vigil = Vigil::start(&managed(""));
    assert_eq!(get(&vigil, "/manager/announcements"), json!([]));
    let before = vigil.get("/");
    assert!(!before.text().contains("Announcements"));
    let first = announce(&vigil, &json!({"title": "One <b>", "text": "a & b\r\n<script>\n\nd", "more": 1}));
    let second = announce(&vigil, &json!({"title": "Two", "text": "t", "expires_in_seconds": null}));
    assert_eq!(
        get(&vigil, "/manager/announcements"),
        json!([{"id": first, "title": "One <b>"}, {"id": second, "title": "Two"}])
    );
    let page = vigil.get("/");
    let text = page.text();
    assert_ne!(page.header("etag"), before.header("etag"));
    assert!(!text.contains(&first) && !text.contains(&second), "ids are for managers: {text}");
    assert!(text.contains("One &lt;b&gt;") && text.contains("a &amp; b<br>&lt;script&gt;<br><br>d"), "{text}");
    assert!(text.find("Two").unwrap() < text.find("One").unwrap(), "the newest comes first");
    let (_, published) = text.split_once("Published on <time").unwrap();
    assert!(published.split_once("</time>").unwrap().0.ends_with(" UTC"), "{text}");
    assert_eq!([delete(&vigil, &first), delete(&vigil, &first), delete(&vigil, "no-id")], [200, 404, 404]);
    let text = vigil.get("/").text();
    assert!(!text.contains("One") && text.contains("Two"), "{text}");
    assert_eq!(delete(&vigil, &second.to_uppercase()), 200);
    assert_eq!(get(&vigil, "/manager/announcements"), json!([]));
    assert!(!vigil.get("/").text().contains("Announcements"));
}

#[test]
fn an_announcement_may_have_an_end() {
    let vigil = Vigil::start(&managed(""));
    let short = announce(&vigil, &json!({"title": "Short", "text": "t", "expires_in_seconds": 2}));
    announce(&vigil, &json!({"title": "Long", "text": "t", "expires_in_seconds": 3600}));
    let text = vigil.get("/").text();
    assert!(text.contains("Short") && text.matches("Shown until").count() == 2, "{text}");
    // Pages are made anew at least once a minute: this one is because of the end.
    assert!(wait_until(SOON, || !vigil.get("/").text().contains("Short")), "it is still there");
    assert_eq!(get(&vigil, "/manager/announcements").as_array().unwrap().len(), 1);
    assert_eq!(delete(&vigil, &short), 404);
}

#[test]
fn what_is_no_announcement_is_refused_with_what_is_wrong() {
    let vigil = Vigil::start(&managed(""));
    let long = |count: usize| "é".repeat(count);
    for (body, status, why) in [
        (json!({"title": long(200), "text": long(5_000), "expires_in_seconds": 31_622_400}), 200, ""),
        (json!({"title": " ", "text": " "}), 200, ""),
        (json!({"text": "t"}), 400, "Json deserialize error: missing field `title`"),
        (json!({"title": "T"}), 400, "Json deserialize error: missing field `text`"),
        (json!({"title": 1, "text": "t"}), 400, "Json deserialize error: invalid type"),
        (json!({"title": "T", "text": null}), 400, "Json deserialize error: invalid type"),
        (json!([]), 400, "Json deserialize error: "),
        (json!({"title": "", "text": "t"}), 400, "`title` is empty: send 1 to 200 characters"),
        (json!({"title": "T", "text": ""}), 400, "`text` is empty: send 1 to 5000 characters"),
        (json!({"title": long(201), "text": "t"}), 400, "`title` has 201 characters: send 1 to 200"),
        (json!({"title": "T", "text": long(5_001)}), 400, "`text` has 5001 characters: send 1 to 5000"),
        (json!({"title": "T", "text": "t", "expires_in_seconds": 0}), 400, "`expires_in_seconds` is out of range"),
        (
            json!({"title": "T", "text": "t", "expires_in_seconds": 31_622_401}),
            400,
            "`expires_in_seconds` is out of range",
        ),
        (json!({"title": "T", "text": "t", "expires_in_seconds": -1}), 400, "`expires_in_seconds` is out of range"),
        (json!({"title": "T", "text": "t", "expires_in_seconds": "1"}), 400, "Json deserialize error: "),
        (json!({"title": "T", "text": "x".repeat(70_000)}), 413, "the body is larger than 64 KiB"),
    ] {
        let answer = post(&vigil, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.text().starts_with(why), "{body}: {}", answer.text());
    }
    assert!(
        !vigil.get("/").text().contains("<h2 dir=\"auto\"></h2>"),
        "a title in which nothing is to be read is no heading"
    );
    for (body, headers) in [("{", &[TOKEN, JSON][..]), ("", &[TOKEN, JSON]), (r#"{"title":"T","text":"t"}"#, &[TOKEN])]
    {
        let answer = vigil.request("POST", "/manager/announcement", headers, body.as_bytes());
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    // The longest text fits, in whatever way it is written.
    let escaped = r"\ud83d\ude00";
    let body = format!(r#"{{"title":"{}","text":"{}"}}"#, escaped.repeat(200), escaped.repeat(5_000));
    assert_eq!(vigil.request("POST", "/manager/announcement", &[TOKEN, JSON], body.as_bytes()).status, 200);
    let count = get(&vigil, "/manager/announcements").as_array().unwrap().len();
    assert_eq!(count, 3);
    for number in count..50 {
        announce(&vigil, &json!({"title": number.to_string(), "text": "t"}));
    }
    let full = post(&vigil, &json!({"title": "T", "text": "t"}));
    assert_eq!(
        (full.status, full.text().as_str()),
        (409, "there are 50 announcements already: delete one of them first")
    );
}

#[test]
fn announcements_outlive_the_program() {
    let text = managed("");
    let vigil = Vigil::start(&text);
    let gone = announce(&vigil, &json!({"title": "Gone", "text": "t"}));
    let ids: Vec<String> =
        (0..3).map(|number| announce(&vigil, &json!({"title": format!("No. {number}"), "text": "日本\nt"}))).collect();
    announce(&vigil, &json!({"title": "Over", "text": "t", "expires_in_seconds": 1}));
    assert_eq!(delete(&vigil, &gone), 200);
    let wanted = json!([
        {"id": ids[0], "title": "No. 0"}, {"id": ids[1], "title": "No. 1"}, {"id": ids[2], "title": "No. 2"}
    ]);
    assert!(wait_until(SOON, || get(&vigil, "/manager/announcements") == wanted));
    // They are written as soon as that can be done, and need no orderly end.
    let file = vigil.folder().join("vigil.db");
    let stored = || -> i64 {
        let database = rusqlite::Connection::open(&file).unwrap();
        database.query_row("SELECT count(*) FROM announcements", [], |row| row.get(0)).unwrap()
    };
    assert!(wait_until(SOON, || stored() == 3), "{} are stored", stored());
    let folder = vigil.kill();
    let mut vigil = Vigil::start_again(folder, &text);
    assert_eq!(get(&vigil, "/manager/announcements"), wanted);
    vigil.wait_for_page("日本<br>t");
    assert_eq!(delete(&vigil, &ids[1]), 200);
    vigil.end();
    let folder = vigil.kill();
    let vigil = Vigil::start_again(folder, &text);
    assert_eq!(get(&vigil, "/manager/announcements"), json!([wanted[0], wanted[2]]));
}

#[test]
fn alerts_are_the_replicas_that_are_not_well() {
    let refusing = "tcp://127.0.0.1:1";
    let push = "[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\nlabel = \"Push\"\nmode = \"push\"\n";
    let vigil = Vigil::start(&managed(&format!("{}{push}", polled("web", &[refusing]))));
    vigil.wait_for_status("dead");
    for (replica, cpu) in [("busy", 0.99), ("idle", 0.01)] {
        let body = json!({"replica": replica, "interval": 30, "load": {"cpu": cpu, "ram": 0.1}});
        assert_eq!(vigil.report("/reporter/app/push", &body.to_string()).status, 200);
    }
    assert_eq!(
        vigil.request("GET", "/manager/prober/alerts", &[TOKEN], b"").text(),
        r#"{"dead":[{"probe":"web","node":"node","replica":"tcp://127.0.0.1:1"}],"sick":[{"probe":"app","node":"push","replica":"busy"}]}"#
    );
}

#[test]
fn reminders_are_ignored_for_a_time() {
    const PATH: &str = "/manager/prober/alerts/ignored";
    let text = managed("");
    let mut vigil = Vigil::start(&text);
    let left = |vigil: &Vigil| get(vigil, PATH)["reminders_seconds"].as_u64();
    let put = |vigil: &Vigil, body: &str| vigil.request("PUT", PATH, &[TOKEN, JSON], body.as_bytes());
    assert_eq!(vigil.request("GET", PATH, &[TOKEN], b"").text(), r#"{"reminders_seconds":null}"#);
    for (body, wanted) in [
        (r#"{"reminders_seconds":3600}"#, Some(3_600)),
        (r#"{"reminders_seconds":65535,"more":1}"#, Some(65_535)),
        (r#"{"reminders_seconds":0}"#, None),
        (r#"{"reminders_seconds":60}"#, Some(60)),
        (r#"{"reminders_seconds":null}"#, None),
        (r#"{"reminders_seconds":60.0}"#, Some(60)),
        ("{}", None),
        (r#"{"reminders_seconds":3600}"#, Some(3_600)),
    ] {
        let answer = put(&vigil, body);
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{body}");
        let left = left(&vigil);
        assert!(left.is_some() == wanted.is_some() && left <= wanted, "{body}: {left:?}");
        assert!(wanted.is_none_or(|wanted| left > Some(wanted - 30)), "{body}: {left:?}");
    }
    for (body, why) in [
        (r#"{"reminders_seconds":65536}"#, "`reminders_seconds` is out of range: send 0 to 65535"),
        (r#"{"reminders_seconds":-1}"#, "`reminders_seconds` is out of range: send 0 to 65535"),
        (r#"{"reminders_seconds":"60"}"#, "Json deserialize error: "),
        ("[60]", "Json deserialize error: "),
        ("", "Json deserialize error: "),
    ] {
        let answer = put(&vigil, body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().starts_with(why), "{body}: {}", answer.text());
    }
    assert!(left(&vigil) > Some(3_500), "what is refused changes nothing");
    vigil.end();
    let vigil = Vigil::start_again(vigil.kill(), &text);
    assert!(left(&vigil).is_some_and(|left| left > 3_400 && left <= 3_600), "{:?}", left(&vigil));
}
