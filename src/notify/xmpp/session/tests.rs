//! Against servers that do not come to TLS; a real one is in `tests/system/xmpp.rs`.

use std::io::Read;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::str::FromStr;
use std::thread;

use domain::base::Message;
use domain::base::MessageBuilder;
use domain::base::Name;
use domain::base::iana::Rcode;
use domain::rdata::Srv;

use crate::clock::SystemClock;

use super::*;

const LIMIT: Duration = Duration::from_millis(300);

const START: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                     xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>";

const OFFER: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";

/// A server that answers what comes with these, one by one, and is silent then; its thread ends with the test's process.
fn serve(answers: Vec<String>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = [0; 4096];
            for answer in &answers {
                if stream.read(&mut bytes).unwrap_or(0) == 0 || stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
            while stream.read(&mut bytes).unwrap_or(0) > 0 {}
        }
    });
    port
}

fn account(server: Option<Host>) -> Account {
    let jid: Jid = "vigil@example.org".parse().unwrap();
    let config =
        config::Xmpp { to: vec![jid.clone()], from: jid, password: Secret::new("secret"), server, ca_pem: None };
    Account::new(&config, &[], Resolver::default())
}

fn deliver(account: &Account) -> SendError {
    account.deliver(&"ops@example.org".parse().unwrap(), "text", LIMIT, &SystemClock).unwrap_err()
}

fn answered(answers: &[&str]) -> (bool, String) {
    let port = serve(answers.iter().map(|answer| (*answer).to_owned()).collect());
    let error = deliver(&account(Some(("127.0.0.1".to_owned(), port))));
    (error.permanent, error.what)
}

#[test]
fn each_failure_says_what_the_session_was_busy_with() {
    let began = |rest: &str| format!("{START}{rest}");
    for (answers, expected) in [
        (vec![], "timed out after 300 ms while waiting for the features of the stream"),
        (vec!["HTTP/1.1 400 Bad Request\r\n\r\n".to_owned()], "timed out after 300 ms while waiting for the features"),
        (vec!["<html></body>".to_owned()], "the server answered no XMPP while waiting for the features of the stream"),
        (vec![began("<stream:features/>")], "the server does not offer STARTTLS"),
        (
            vec![began("<stream:error><host-unknown/><text>not &lt;here&gt;</text></stream:error></stream:stream>")],
            "the server refused while waiting for the features of the stream: host-unknown, not <here>",
        ),
        (vec![began("</stream:stream>")], "connection closed while waiting for the features of the stream"),
        (vec![began(OFFER)], "timed out after 300 ms while waiting for the answer to STARTTLS"),
        (
            vec![began(OFFER), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>".to_owned()],
            "the server refused while waiting for the answer to STARTTLS: no reason given",
        ),
        // What comes before TLS must not count as said inside it.
        (
            vec![began(OFFER), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features/>".to_owned()],
            "the server answered no XMPP while shaking hands over TLS",
        ),
        (
            vec![began(OFFER), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>".to_owned()],
            "timed out after 300 ms while shaking hands over TLS",
        ),
    ] {
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (permanent, what) = answered(&answers);
        assert!(what.starts_with(expected), "{what}");
        assert!(!permanent && !what.contains("secret"), "{what}");
    }
}

#[test]
fn what_refuses_a_message_says_whether_to_try_again() {
    for (error, permanent, said) in [
        ("<error type='cancel'><service-unavailable/></error>", true, "service-unavailable"),
        ("<error type='wait'><remote-server-timeout/></error>", false, "remote-server-timeout"),
        ("<error type='cancel'><remote-server-not-found/></error>", false, "remote-server-not-found"),
        ("<error type='auth'><forbidden/><text>no\u{7}thing</text></error>", true, "forbidden, nothing"),
    ] {
        let text = format!("{START}<message type='error' id='notice'><body>x</body>{error}</message>");
        let stanza = Elements::new(text.as_bytes()).read().unwrap();
        let Trouble::Refused(words, is_permanent) = refusal(&stanza) else { panic!("{stanza:?}") };
        assert_eq!((words.as_str(), is_permanent), (said, permanent));
    }
}

/// A name server that answers with these records, each a priority, a weight, a port and a host.
fn name_server(records: Vec<(u16, u16, u16, &'static str)>) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((count, from)) = socket.recv_from(&mut bytes) {
            let query = Message::from_octets(bytes[..count].to_vec()).unwrap();
            let name: Name<Vec<u8>> = Name::from_str("_xmpp-client._tcp.example.org").unwrap();
            let mut answer = MessageBuilder::new_vec().start_answer(&query, Rcode::NOERROR).unwrap();
            for (priority, weight, port, host) in &records {
                let host: Name<Vec<u8>> = Name::from_str(host).unwrap();
                answer.push((&name, 60, Srv::new(*priority, *weight, *port, host))).unwrap();
            }
            socket.send_to(answer.finish().as_slice(), from).unwrap();
        }
    });
    address
}

#[test]
fn the_server_is_where_the_domain_says() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let open = serve(vec![format!("{START}<stream:features/>")]);
    let mut account = account(None);
    account.name_servers = vec![name_server(vec![(20, 0, open, "localhost."), (10, 0, closed, "localhost.")])];
    assert_eq!(deliver(&account).what, "the server does not offer STARTTLS");

    account.name_servers = vec![name_server(vec![(0, 0, 0, ".")])];
    assert_eq!(deliver(&account).what, "the server does not offer XMPP to clients, its domain says");

    let clock = SystemClock;
    let deadline = Deadline::after(Duration::from_secs(5), &clock);
    account.name_servers = vec![name_server(Vec::new())];
    assert_eq!(account.servers(deadline), [("example.org".to_owned(), 5222)], "no record is no word");
    account.server = Some(("xmpp.example.org".to_owned(), 5269));
    assert_eq!(account.servers(deadline), [("xmpp.example.org".to_owned(), 5269)], "it is configured");
}
