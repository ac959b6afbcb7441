//! Requests that no good client sends: each is refused in a clear way, nothing leaks, and the server is well afterwards.

use std::fs;

use crate::support::Answer;
use crate::support::Vigil;
use crate::support::config;

const REPORTER: &str = "Authorization: Basic OnMzY3JldA==\r\nContent-Type: application/json\r\n";

fn vigil() -> Vigil {
    Vigil::start(&config(
        "[[probe.service]]\nid = \"app\"\nlabel = \"App\"\n[[probe.service.node]]\nid = \"push\"\nlabel = \"Push\"\nmode = \"push\"\n",
    ))
}

/// What may come back.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// This status.
    Status(u16),
    /// This status, or nothing: the connection is closed.
    StatusOrClosed(u16),
}

/// Sends each request and sees what comes back.
fn check(vigil: &Vigil, cases: &[(&str, Vec<u8>, Wanted)]) {
    check_by(vigil, cases, |bytes| vigil.raw(bytes));
}

/// The same, sent by `send`.
fn check_by(vigil: &Vigil, cases: &[(&str, Vec<u8>, Wanted)], send: impl Fn(&[u8]) -> Option<Answer>) {
    for (what, bytes, wanted) in cases {
        let answer = send(bytes);
        let status = answer.as_ref().map(|answer| answer.status);
        let right = match wanted {
            Wanted::Status(wanted) => status == Some(*wanted),
            Wanted::StatusOrClosed(wanted) => status.is_none_or(|status| status == *wanted),
        };
        let text = answer.as_ref().map(Answer::text).unwrap_or_default();
        assert!(right, "{what}: {status:?} instead of {wanted:?}: {text:.200}");
        for secret in ["root:", "reporter_token", "s3cret", "{{#", "panicked", "src/"] {
            assert!(!text.contains(secret), "{what}: the answer has `{secret}`");
        }
    }
    well(vigil);
}

/// The server still serves its page and takes reports, and has nothing to say to its operator.
fn well(vigil: &Vigil) {
    assert_eq!(vigil.get("/").status, 200);
    let report = r#"{"replica":"a","interval":30,"load":{"cpu":0.1,"ram":0.1}}"#;
    assert_eq!(vigil.report("/reporter/app/push", report).status, 200);
    let log = vigil.log().text();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "strangers fill the log:\n{log}");
}

/// A GET of that target, as it is spelled.
fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
}

/// A report with that body.
fn post(body: &[u8]) -> Vec<u8> {
    post_with(&format!("Content-Length: {}\r\n", body.len()), body)
}

fn post_with(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST /reporter/app/push HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{REPORTER}{headers}\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn no_spelling_of_a_path_leaves_the_assets() {
    let vigil = vigil();
    let paths = [
        "/assets/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/..%252f..%252fetc%252fpasswd",
        "/assets/..\\..\\etc\\passwd",
        "/assets/%5c..%5cetc%5cpasswd",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/stylesheets/../templates/status.hbs",
        "/assets/stylesheets/%2e%2e/templates/status.hbs",
        "/assets/stylesheets/..%2ftemplates%2fstatus.hbs",
        "/assets/templates/status.hbs",
        "/assets/public/robots.txt",
        "/assets/stylesheets/vigil.css%00.png",
        "/assets/stylesheets",
        "/assets/",
        "/assets/%ff%fe",
        "/assets/%c0%ae%c0%ae/etc/passwd",
        "/assets/file:///etc/passwd",
        "/assets/stylesheets/vigil.css/..",
        "/badge/..%2f..%2ftemplates%2fstatus",
        "/badge/icon-dead-default.svg",
        "/badge/%00",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/vigil.cfg",
        "/.git/config",
        "/%",
        "/%zz",
    ];
    let cases: Vec<_> = paths.iter().map(|path| (*path, get(path), Wanted::Status(404))).collect();
    check(&vigil, &cases);
}

#[test]
fn what_is_no_http_is_refused() {
    let vigil = vigil();
    let many: String =
        (0..10_000).flat_map(|number| ["X-".to_owned(), number.to_string(), ": y\r\n".to_owned()]).collect();
    let with = |headers: &str| format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").into_bytes();
    let bad = Wanted::StatusOrClosed(400);
    check(
        &vigil,
        &[
            ("10,000 headers", with(&many), Wanted::StatusOrClosed(431)),
            ("a header of a megabyte", with(&format!("X: {}\r\n", "y".repeat(1 << 20))), Wanted::StatusOrClosed(431)),
            ("a request line of a megabyte", get(&format!("/{}", "y".repeat(1 << 20))), Wanted::StatusOrClosed(431)),
            ("a header without a colon", with("nonsense\r\n"), bad),
            ("a header name with a space", with("X Y: z\r\n"), bad),
            ("a header value with a null byte", with("X: a\0b\r\n"), bad),
            ("a null byte in the path", b"GET /\0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(), bad),
            (
                "bytes that are not UTF-8 in the path",
                b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
                bad,
            ),
            ("a space in the path", get("/a b"), bad),
            ("no version", b"GET /\r\nConnection: close\r\n\r\n".to_vec(), bad),
            ("a version of the future", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n".to_vec(), bad),
            ("HTTP/0.9", b"GET /\r\n\r\n".to_vec(), bad),
            ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), bad),
            (
                "a TLS hello",
                [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 500], b"\r\n\r\n"].concat(),
                bad,
            ),
            ("binary noise", [[0xde, 0xad, 0xbe, 0xef].repeat(200).as_slice(), b"\r\n\r\n"].concat(), bad),
            ("an empty line and a null byte", b"\r\n\0\r\n\r\n".to_vec(), bad),
            ("a method in bytes", b"\x80\x81 / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), bad),
            ("two lengths", post_with("Content-Length: 3\r\nContent-Length: 4\r\n", b"abcd"), bad),
            ("a length that is no number", post_with("Content-Length: many\r\n", b"abcd"), bad),
            ("a negative length", post_with("Content-Length: -1\r\n", b"abcd"), bad),
            ("a length beyond all numbers", post_with("Content-Length: 99999999999999999999999\r\n", b"abcd"), bad),
            (
                "a length and chunks",
                post_with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"4\r\nabcd\r\n0\r\n\r\n"),
                bad,
            ),
            ("chunks without a size", post_with("Transfer-Encoding: chunked\r\n", b"zz\r\nabcd\r\n0\r\n\r\n"), bad),
            (
                "a chunk of endless size",
                post_with("Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\nabcd"),
                bad,
            ),
            ("an unknown encoding", post_with("Transfer-Encoding: magic\r\n", b"abcd"), bad),
        ],
    );
}

#[test]
fn an_odd_but_lawful_request_is_served() {
    let vigil = vigil();
    check(
        &vigil,
        &[
            ("HTTP/1.0 without a host", b"GET / HTTP/1.0\r\n\r\n".to_vec(), Wanted::Status(200)),
            (
                "another host",
                b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".to_vec(),
                Wanted::Status(200),
            ),
            ("an absolute target", get("http://x/status/text"), Wanted::Status(200)),
            ("a query", get("/?a=b&c=%00"), Wanted::Status(200)),
            ("many slashes", get("////status////text////"), Wanted::Status(200)),
            (
                "90 headers",
                format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", "X: y\r\n".repeat(90)).into_bytes(),
                Wanted::Status(200),
            ),
            (
                "a range that is none",
                b"GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes=99-1\r\n\r\n".to_vec(),
                Wanted::Status(200),
            ),
            (
                "a tag that is none",
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIf-None-Match: \xff\xff\r\n\r\n".to_vec(),
                Wanted::Status(200),
            ),
            (
                "an encoding that is none",
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip;q=x\r\n\r\n".to_vec(),
                Wanted::Status(200),
            ),
        ],
    );
}

#[test]
fn a_method_that_is_not_taken_is_told_which_are() {
    let vigil = vigil();
    for (method, path, allow) in [
        ("POST", "/", "GET, HEAD"),
        ("PUT", "/status/text", "GET, HEAD"),
        ("DELETE", "/assets/stylesheets/vigil.css", "GET, HEAD"),
        ("OPTIONS", "/", "GET, HEAD"),
        ("TRACE", "/", "GET, HEAD"),
        ("BREW", "/health", "GET, HEAD"),
        ("GET", "/reporter/app/push", "POST"),
        ("PUT", "/reporter/app/push", "POST"),
        ("POST", "/reporter/app/push/a", "DELETE"),
    ] {
        let answer = vigil.request(method, path, &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
    }
    well(&vigil);
}

#[test]
fn a_report_that_is_none_is_refused() {
    let vigil = vigil();
    let large = format!(r#"{{"replica":"{}","interval":30}}"#, "a".repeat(70_000));
    let deep = "[".repeat(50_000);
    let bodies: [(&str, &[u8], u16); 26] = [
        ("nothing", b"", 400),
        ("half an object", br#"{"replica":"a","#, 400),
        ("a list", b"[]", 400),
        ("a word", b"null", 400),
        ("two objects", b"{}{}", 400),
        ("50,000 brackets", deep.as_bytes(), 400),
        ("bytes that are not UTF-8", b"{\"replica\":\"\xff\xfe\",\"interval\":30,\"load\":{\"cpu\":0,\"ram\":0}}", 400),
        ("half a surrogate", br#"{"replica":"\ud800","interval":30,"load":{"cpu":0,"ram":0}}"#, 400),
        ("a byte order mark", b"\xef\xbb\xbf{\"replica\":\"a\",\"interval\":30,\"load\":{\"cpu\":0,\"ram\":0}}", 400),
        ("a null byte as name", br#"{"replica":"\u0000","interval":30,"load":{"cpu":0,"ram":0}}"#, 400),
        ("a number as name", br#"{"replica":1,"interval":30,"load":{"cpu":0,"ram":0}}"#, 400),
        ("no name", br#"{"interval":30,"load":{"cpu":0,"ram":0}}"#, 400),
        ("no interval", br#"{"replica":"a","load":{"cpu":0,"ram":0}}"#, 400),
        ("an interval as text", br#"{"replica":"a","interval":"30","load":{"cpu":0,"ram":0}}"#, 400),
        ("an interval below zero", br#"{"replica":"a","interval":-1,"load":{"cpu":0,"ram":0}}"#, 400),
        ("an interval of nothing", br#"{"replica":"a","interval":0,"load":{"cpu":0,"ram":0}}"#, 400),
        ("an interval of years", br#"{"replica":"a","interval":1e300,"load":{"cpu":0,"ram":0}}"#, 400),
        ("an interval beyond all numbers", br#"{"replica":"a","interval":1e999,"load":{"cpu":0,"ram":0}}"#, 400),
        ("neither load nor health", br#"{"replica":"a","interval":30}"#, 400),
        ("half a load", br#"{"replica":"a","interval":30,"load":{"cpu":0}}"#, 400),
        ("a load below zero", br#"{"replica":"a","interval":30,"load":{"cpu":-0.1,"ram":0}}"#, 400),
        ("a load that is no number", br#"{"replica":"a","interval":30,"load":{"cpu":NaN,"ram":0}}"#, 400),
        ("a load as text", br#"{"replica":"a","interval":30,"load":"high"}"#, 400),
        ("an unknown health", br#"{"replica":"a","interval":30,"health":"great"}"#, 400),
        ("a name twice", br#"{"replica":"a","replica":"b","interval":30,"load":{"cpu":0,"ram":0}}"#, 400),
        ("more than 64 KiB", large.as_bytes(), 413),
    ];
    let mut cases: Vec<_> =
        bodies.iter().map(|(what, body, status)| (*what, post(body), Wanted::Status(*status))).collect();
    cases.push(("a body that breaks off", post_with("Content-Length: 4000\r\n", b"{"), Wanted::StatusOrClosed(400)));
    cases.push((
        "a chunked body above 64 KiB",
        post_with("Transfer-Encoding: chunked\r\n", format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()).as_bytes()),
        Wanted::Status(413),
    ));
    // The client says that it is done: else the server waits for what was announced.
    check_by(&vigil, &cases, |bytes| vigil.raw_and_done(bytes));
}

#[test]
fn a_request_that_never_ends_is_cut_off_and_costs_little() {
    let vigil = vigil();
    let before = resident_kib(&vigil);
    let slow: Vec<_> = (0..200).map(|_| vigil.open(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")).collect();
    well(&vigil);
    for mut stream in slow {
        let end = crate::support::read_all(&mut stream);
        assert!(end.is_empty() || end.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&end));
    }
    well(&vigil);
    let grown = resident_kib(&vigil).saturating_sub(before);
    assert!(grown < 30 * 1024, "200 slow clients cost {grown} KiB");
}

/// Resident memory, in KiB, as proc(5) has it.
fn resident_kib(vigil: &Vigil) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", vigil.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
