//! HTTP and TCP targets of every temper, and the words that the page and the log have for each.

use std::thread;
use std::time::Duration;

use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;
use crate::support::wait_until;
use crate::target::Manner;
use crate::target::Target;
use crate::target::hang_after;
use crate::target::refusing_head;
use crate::target::repeat;
use crate::target::say;
use crate::target::status;
use crate::target::wait_for_end;

/// Starts the program on these replicas and waits until the log says of each what is wanted, such as
/// `dead: HTTP 503`, and the page names the cause beside the replica.
fn check(metrics: &str, cases: &[(String, &str)]) {
    let services = cases.iter().enumerate().map(|(at, (replica, _))| polled(&format!("t{at}"), &[replica]));
    let vigil = Vigil::start(&config(&format!("{metrics}\n{}", services.collect::<String>())));
    for (at, (replica, wanted)) in cases.iter().enumerate() {
        vigil.log().wait_for(&[&format!("replica t{at}:node:{replica} is {wanted}")]);
        let Some((_, cause)) = wanted.split_once(": ") else { continue };
        let tooltip = |page: &str| {
            let end = page.find(&format!("</p><p class=\"address\"><bdi>{replica}</bdi></p>"))?;
            Some(page[..end].rsplit('>').next()?.starts_with(cause))
        };
        let found = wait_until(SOON, || tooltip(&vigil.get("/").text()) == Some(true));
        assert!(found, "{replica}: the page does not say `{cause}`:\n{}", vigil.get("/").text());
    }
}

/// The same for HTTP targets of these manners.
fn check_manners(metrics: &str, cases: Vec<(Manner, &str)>) {
    let (targets, wanted): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(manner, wanted)| (Target::new(manner), wanted)).unzip();
    let urls = targets.iter().map(|target| format!("http://{}/", target.address));
    check(metrics, &urls.zip(wanted).collect::<Vec<_>>());
}

#[test]
fn the_status_of_an_answer_decides() {
    check_manners(
        "",
        vec![
            (status(200), "healthy"),
            (status(204), "healthy"),
            (status(301), "healthy"),
            (status(399), "healthy"),
            (status(400), "dead: HTTP 400"),
            (status(404), "dead: HTTP 404"),
            (status(503), "dead: HTTP 503"),
            (status(999), "dead: HTTP 999"),
            (refusing_head(405, status(200)), "healthy"),
            (refusing_head(501, status(200)), "healthy"),
            (refusing_head(405, status(500)), "dead: HTTP 500"),
            (refusing_head(501, status(405)), "dead: HTTP 405"),
            (refusing_head(403, status(200)), "dead: HTTP 403"),
            (say("HTTP/1.1 302 Found\r\nLocation: http://nowhere.invalid/\r\nContent-Length: 0\r\n\r\n"), "healthy"),
            (
                say("HTTP/1.1 302 Found\r\nLocation: \u{1}://[\r\nContent-Length: 0\r\n\r\n"),
                "dead: malformed answer: invalid header value",
            ),
            (say("HTTP/1.0 200 OK\r\n\r\n"), "healthy"),
            (say("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), "healthy"),
            (say("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), "healthy"),
            (say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nunwelcome"), "healthy"),
            (say(b"HTTP/1.1 200 OK\r\nServer: \xff\xfe\r\nContent-Length: 0\r\n\r\n"), "healthy"),
            (
                say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                "healthy",
            ),
            (say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), "dead: HTTP 503"),
        ],
    );
}

#[test]
fn what_is_no_answer_is_named() {
    let get = |answer: &'static str| refusing_head(405, say(answer));
    check_manners(
        "",
        vec![
            (say(""), "dead: connection closed while waiting for the answer"),
            (say("HTTP/1.1 200 OK\r\nContent-Le"), "dead: connection closed while waiting for the answer"),
            (say("garbage\r\n\r\n"), "dead: malformed answer: invalid HTTP version"),
            (say("<html>the answer of HTTP/0.9</html>\r\n"), "dead: malformed answer: invalid HTTP version"),
            (say("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "dead: malformed answer: invalid HTTP version"),
            (say("HTTP/1.1 2x0 OK\r\n\r\n"), "dead: malformed answer: invalid response status"),
            (say("HTTP/3.0 200 OK\r\n\r\n"), "dead: malformed answer: invalid HTTP version"),
            (say("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), "dead: malformed answer: invalid header name"),
            (
                get("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
                "dead: malformed answer: content-length header not a number",
            ),
            (
                get("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
                "dead: connection closed while reading the answer",
            ),
            (
                get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
                "dead: malformed answer: chunk length cannot be read as a number",
            ),
            (
                get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
                "dead: malformed answer: chunk length cannot be read as a number",
            ),
            (
                repeat("HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n", Duration::ZERO),
                "dead: malformed answer: too many headers",
            ),
            (
                repeat("HTTP/1.1 200 OK\r\nX-Long: ", &[b'x'; 1024], Duration::ZERO),
                "dead: malformed answer: its head is too large",
            ),
        ],
    );
}

#[test]
fn a_deadline_holds_in_every_phase_and_says_which() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n";
    const PAUSE: Duration = Duration::from_millis(100);
    let get = |manner| refusing_head(405, manner);
    check_manners(
        "poll_delay_dead = 1",
        vec![
            (hang_after(""), "dead: timed out after 1 s while waiting for the answer"),
            (hang_after("HTTP/1.1 200 OK\r\nServer"), "dead: timed out after 1 s while waiting for the answer"),
            (
                repeat("HTTP/1.1 200 OK\r\nX-Drip: ", b"x", PAUSE),
                "dead: timed out after 1 s while waiting for the answer",
            ),
            (get(hang_after("")), "dead: timed out after 1 s while waiting for the answer"),
            (get(hang_after(HEAD)), "dead: timed out after 1 s while reading the answer"),
            (get(repeat(HEAD, b"x", PAUSE)), "dead: timed out after 1 s while reading the answer"),
        ],
    );
}

#[test]
fn an_answer_that_takes_long_is_sick() {
    let slow = Box::new(|stream: &mut std::net::TcpStream, asked: &crate::target::Asked| {
        thread::sleep(Duration::from_millis(1_200));
        status(200)(stream, asked);
    });
    check_manners("poll_delay_sick = 1\npoll_delay_dead = 8", vec![(slow, "sick: slow, answered after 1.")]);
}

#[test]
fn a_large_body_is_read_only_to_its_limit() {
    let endless = repeat("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", &[b'x'; 16_000], Duration::ZERO);
    check_manners("poll_delay_sick = 8", vec![(refusing_head(405, endless), "healthy")]);
}

#[test]
fn connections_that_do_not_come_about_are_named() {
    let open = Target::greeting(wait_for_end);
    let closing = Target::greeting(|_| ());
    // Unread bytes make the system answer the close with a reset.
    let resetting = Target::greeting(|stream| {
        let _ = stream.peek(&mut [0]);
    });
    check(
        "",
        &[
            (format!("tcp://{}", open.address), "healthy"),
            (format!("tcp://{}", closing.address), "healthy"),
            ("tcp://127.0.0.1:1".to_owned(), "dead: connection refused"),
            ("http://127.0.0.1:1/".to_owned(), "dead: connection refused"),
            (format!("http://{}/reset", resetting.address), "dead: connection closed while waiting for the answer"),
            // Where there is no name server, the name cannot be resolved at all.
            ("tcp://nowhere.invalid:80".to_owned(), "dead: host name "),
            ("http://nowhere.invalid/".to_owned(), "dead: host name "),
        ],
    );
}

#[test]
fn a_request_is_sent_as_written_on_a_connection_of_its_own() {
    let target = Target::new(Box::new(|stream, asked| {
        status(200)(stream, asked);
        wait_for_end(stream);
    }));
    let url = format!("http://{}/a//b%2Fc/?q=1&r=%20+%7C#part", target.address);
    let branding = "[branding]\npage_url = \"https://status.example.com/\"\n";
    let _vigil = Vigil::start(&config(&format!("{branding}{}", polled("app", &[&url]))));
    assert!(wait_until(SOON, || target.asked().len() >= 3), "asked only {} times", target.asked().len());
    let asked = target.asked();
    let mut lines: Vec<&str> = asked[0].head.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "HEAD /a//b%2Fc/?q=1&r=%20+%7C HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {}", target.address);
    let mut wanted =
        ["accept: */*", "cache-control: no-cache", &host, "user-agent: vigil (+https://status.example.com/)"];
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    assert!(asked.iter().all(|one| one.head == asked[0].head), "{asked:?}");
    assert!(asked.windows(2).all(|two| two[0].from != two[1].from), "{asked:?}");
}

#[test]
fn a_target_that_refuses_head_is_asked_by_get_once_in_the_same_attempt() {
    let target = Target::new(refusing_head(405, status(503)));
    let url = format!("http://{}/", target.address);
    let vigil =
        Vigil::start(&config(&format!("poll_retry_wait = 10\npoll_interval = 3600\n{}", polled("app", &[&url]))));
    vigil.log().wait_for(&["replica app:node", "is dead: HTTP 503"]);
    let methods: Vec<String> = target.asked().iter().map(|asked| asked.method().to_owned()).collect();
    assert_eq!(methods, ["HEAD", "GET"]);
}

#[test]
fn credentials_of_a_url_are_sent_and_never_shown() {
    let target = Target::new(status(503));
    let url = format!("http://user%40home:p%C3%A4ss@{}/", target.address);
    let file = config(&polled("app", &[&url])).replace("\"info\"", "\"trace\"");
    let vigil = Vigil::start_with(&file, &[("RUST_LOG", "trace")]);
    vigil.log().wait_for(&["app:node:http://[..]@", "is dead: HTTP 503"]);
    vigil.wait_for_page("HTTP 503");
    let sent = target.asked()[0].head.to_lowercase();
    assert!(sent.contains("authorization: basic dxnlckbob21londdpHNZ".to_lowercase().as_str()), "{sent}");
    for (place, text) in [("page", vigil.get("/").text()), ("log", vigil.log().text())] {
        assert!(text.contains("[..]@"), "{place}: {text}");
        for secret in ["p%C3%A4ss", "päss", "user%40home", "user@home", "dXNlck"] {
            assert!(!text.contains(secret), "{secret} in the {place}: {text}");
        }
    }
}

/// How many times a target was asked until it was judged, when it fails `failures` times and then answers.
fn check_tries(metrics: &str, failures: usize, wanted: &str) {
    let target = Target::new(Box::new(move |stream, asked| {
        status(if asked.number <= failures { 503 } else { 200 })(stream, asked);
    }));
    let url = format!("http://{}/", target.address);
    let vigil = Vigil::start(&config(&format!("{metrics}\n{}", polled("app", &[&url]))));
    vigil.log().wait_for(&["replica app:node", wanted]);
    let dead = vigil.log().text().contains("is dead");
    assert_eq!(dead, wanted.starts_with("is dead"), "{metrics}, {failures} failures: {}", vigil.log().text());
}

#[test]
fn a_target_that_fails_once_and_then_answers_is_never_dead() {
    for (metrics, failures, wanted) in [
        ("poll_retry = 0", 1, "is healthy"),
        ("poll_retry = 1", 1, "is healthy"),
        ("poll_retry = 0", 2, "is dead: HTTP 503"),
        ("poll_retry = 0\npoll_retry_wait = 10", 1, "is dead: HTTP 503"),
        ("poll_retry = 3\npoll_retry_wait = 10", 3, "is healthy"),
        ("poll_retry = 3\npoll_retry_wait = 10", 4, "is dead: HTTP 503"),
    ] {
        check_tries(metrics, failures, wanted);
    }
}
