//! Against a name server of a few lines, over UDP and TCP on one port.

use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::str::FromStr;
use std::thread;

use domain::base::Message;
use domain::base::MessageBuilder;
use domain::base::Name;
use domain::base::Rtype;
use domain::base::iana::Rcode;
use domain::base::message_builder::AnswerBuilder;
use domain::base::rdata::UnknownRecordData;
use domain::rdata::A;
use domain::rdata::Aaaa;
use domain::rdata::Cname;
use domain::rdata::Mx;
use domain::rdata::Ns;
use domain::rdata::Soa;
use domain::rdata::Txt;
use proptest::prelude::*;

use crate::clock::SystemClock;
use crate::config::dns::Expected;
use crate::model::cause::QueryFailure;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

type Builder = AnswerBuilder<Vec<u8>>;

/// What the server sends for the query of that number, from 0, over TCP or not; nothing when there are none.
type Manner = fn(&Message<[u8]>, usize, bool) -> Vec<Vec<u8>>;

/// Starts a server on the loopback address; its threads end with the test's process.
fn serve(manner: Manner) -> u16 {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = udp.local_addr().unwrap().port();
        // The same port may be taken for TCP.
        let Ok(tcp) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) else { continue };
        thread::spawn(move || {
            let mut bytes = [0; 512];
            for number in 0.. {
                let (count, from) = udp.recv_from(&mut bytes).unwrap();
                for answer in manner(Message::from_slice(&bytes[..count]).unwrap(), number, false) {
                    udp.send_to(&answer, from).unwrap();
                }
            }
        });
        thread::spawn(move || {
            for (mut stream, number) in tcp.incoming().flatten().zip(0..) {
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut bytes = vec![0; u16::from_be_bytes(length).into()];
                stream.read_exact(&mut bytes).unwrap();
                for answer in manner(Message::from_slice(&bytes).unwrap(), number, true) {
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    let _ = stream.write_all(&[&length, answer.as_slice()].concat());
                }
            }
        });
        return port;
    }
}

/// An answer with that code.
fn coded(query: &Message<[u8]>, code: Rcode) -> Builder {
    MessageBuilder::new_vec().start_answer(query, code).unwrap()
}

fn name(text: &str) -> Name<Vec<u8>> {
    Name::from_str(text).unwrap()
}

/// One of everything for `example.com`, of which only what is asked for is sent.
fn zone(query: &Message<[u8]>, _: usize, _: bool) -> Vec<Vec<u8>> {
    let question = query.first_question().unwrap();
    let owner = name("example.com");
    let mut answer = coded(query, Rcode::NOERROR);
    match question.qtype() {
        Rtype::A => {
            // Behind another name, as `www` often is.
            answer.push((name("www.example.com"), 60, Cname::new(owner.clone()))).unwrap();
            answer.push((&owner, 60, A::from_octets(192, 0, 2, 1))).unwrap();
            answer.push((&owner, 60, A::from_octets(192, 0, 2, 2))).unwrap();
        }
        Rtype::AAAA => answer.push((&owner, 60, Aaaa::new("2001:db8::1".parse().unwrap()))).unwrap(),
        Rtype::CNAME => answer.push((&owner, 60, Cname::new(name("Host.Example.net")))).unwrap(),
        Rtype::MX => answer.push((&owner, 60, Mx::new(10, name("mx.example.com")))).unwrap(),
        Rtype::NS => answer.push((&owner, 60, Ns::new(name("ns.example.com")))).unwrap(),
        Rtype::TXT => {
            let long = "x".repeat(300);
            answer.push((&owner, 60, Txt::<Vec<u8>>::build_from_slice(b"v=spf1 \"a\" -all").unwrap())).unwrap();
            answer.push((&owner, 60, Txt::<Vec<u8>>::build_from_slice(long.as_bytes()).unwrap())).unwrap();
        }
        Rtype::SOA => {
            let hours = |hours| domain::base::Ttl::from_hours(hours);
            let soa = Soa::new(
                name("ns.example.com"),
                name("host.example.com"),
                7.into(),
                hours(1),
                hours(2),
                hours(3),
                hours(4),
            );
            answer.push((&owner, 60, soa)).unwrap();
        }
        _ => {}
    }
    vec![answer.finish()]
}

fn ask_for(port: u16, kind: Rtype, expected: Option<&str>, limit: Duration) -> Finding {
    let expected = expected.map(|text| Expected::new(kind, text).unwrap());
    let asked = config::dns::Dns { host: "127.0.0.1".to_owned(), port, name: name("example.com"), kind, expected };
    Dns::new(Box::new(asked), Arc::default()).ask(limit, &SystemClock)
}

/// What is found of a server that does that, asked for an A record.
fn ask_one(manner: Manner) -> Finding {
    ask_for(serve(manner), Rtype::A, None, LIMIT)
}

fn failed(failure: QueryFailure) -> Finding {
    Finding::Down(Failure::Query(failure))
}

#[test]
fn a_record_of_the_type_is_enough_unless_one_is_expected() {
    let port = serve(zone);
    let long = "x".repeat(300);
    for (kind, expected, wanted) in [
        (Rtype::A, None, None),
        (Rtype::A, Some("192.0.2.2"), None),
        (Rtype::A, Some("192.0.2.3"), Some(QueryFailure::OtherRecords)),
        (Rtype::AAAA, Some("2001:db8:0::1"), None),
        (Rtype::CNAME, Some("host.example.net."), None),
        (Rtype::MX, Some("10 mx.example.com"), None),
        (Rtype::MX, Some("MX.example.com."), None),
        (Rtype::MX, Some("20 mx.example.com"), Some(QueryFailure::OtherRecords)),
        (Rtype::NS, Some("ns.example.com"), None),
        (Rtype::TXT, Some("v=spf1 \"a\" -all"), None),
        (Rtype::TXT, Some(&long), None),
        (Rtype::TXT, Some("v=spf1"), Some(QueryFailure::OtherRecords)),
        (Rtype::SOA, Some("ns.example.com. host.example.com. 7 3600 7200 10800 14400"), None),
        (Rtype::CAA, None, Some(QueryFailure::NoRecord)),
        (Rtype::SRV, Some("1 2 3 a.example"), Some(QueryFailure::NoRecord)),
    ] {
        match (ask_for(port, kind, expected, LIMIT), wanted) {
            (Finding::Up(_), None) => {}
            (found, wanted) => assert_eq!(Some(found), wanted.map(failed), "{kind} {expected:?}"),
        }
    }
}

#[test]
fn a_refusal_is_told_by_its_code() {
    for (manner, wanted) in [
        ((|query, _, _| vec![coded(query, Rcode::NXDOMAIN).finish()]) as Manner, QueryFailure::NoName),
        (|query, _, _| vec![coded(query, Rcode::SERVFAIL).finish()], QueryFailure::ServerFailed),
        (|query, _, _| vec![coded(query, Rcode::REFUSED).finish()], QueryFailure::Refused),
        (|query, _, _| vec![coded(query, Rcode::NOTIMP).finish()], QueryFailure::Code("NOTIMP".to_owned())),
        // One that does not understand the query sends its header back.
        (
            |query, _, _| {
                let mut bare = MessageBuilder::new_vec();
                bare.header_mut().set_id(query.header().id());
                bare.header_mut().set_qr(true);
                bare.header_mut().set_rcode(Rcode::FORMERR);
                vec![bare.into_message().into_octets()]
            },
            QueryFailure::Code("FORMERR".to_owned()),
        ),
    ] {
        assert_eq!(ask_one(manner), failed(wanted));
    }
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_over_tcp() {
    let cut: Manner = |query, number, over_tcp| {
        if over_tcp {
            return zone(query, number, true);
        }
        let mut cut = coded(query, Rcode::NOERROR);
        cut.header_mut().set_tc(true);
        vec![cut.finish()]
    };
    assert!(matches!(ask_one(cut), Finding::Up(_)));
    let closing: Manner = |query, _, over_tcp| {
        let mut cut = coded(query, Rcode::NOERROR);
        cut.header_mut().set_tc(true);
        if over_tcp { Vec::new() } else { vec![cut.finish()] }
    };
    assert_eq!(ask_one(closing), Finding::Down(Failure::Closed(Phase::Answer)));
}

#[test]
fn what_is_no_answer_to_the_query_does_not_count() {
    let forged: Manner = |query, number, over_tcp| {
        let right = zone(query, number, over_tcp).remove(0);
        let mut other_id = right.clone();
        other_id[0] ^= 1;
        let mut other_question = right.clone();
        other_question[14] ^= 1;
        let mut refusal = coded(query, Rcode::REFUSED).finish();
        refusal[1] ^= 1;
        let itself = query.as_slice().to_vec();
        vec![Vec::new(), vec![0; 5], itself, other_id, other_question, refusal, right]
    };
    assert!(matches!(ask_one(forged), Finding::Up(_)));
}

#[test]
fn a_query_that_is_lost_is_sent_again() {
    let deaf: Manner = |query, number, _| if number == 0 { Vec::new() } else { zone(query, number, false) };
    let Finding::Up(took) = ask_one(deaf) else { panic!("not answered") };
    assert!(took >= crate::net::dns::AGAIN, "{took:?}");
}

#[test]
fn a_server_that_is_silent_or_not_there_is_told_apart() {
    let limit = Duration::from_millis(200);
    let silent = serve(|_, _, _| Vec::new());
    let timed_out = Finding::Down(Failure::TimedOut { after: limit, phase: Phase::Answer });
    assert_eq!(ask_for(silent, Rtype::A, None, limit), timed_out);
    let nowhere = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    assert_eq!(ask_for(nowhere, Rtype::A, None, LIMIT), Finding::Down(Failure::Refused));
    assert!(matches!(ask_for(nowhere, Rtype::A, None, Duration::ZERO), Finding::Down(Failure::TimedOut { .. })));
}

#[test]
fn every_address_of_a_server_is_tried() {
    let two = [Ipv4Addr::new(127, 0, 0, 9), Ipv4Addr::LOCALHOST].map(IpAddr::V4).to_vec();
    let resolver = Resolver::with(Arc::new(move |_| Ok(two.clone())));
    let host = "ns.test".to_owned();
    let (port, kind) = (serve(zone), Rtype::A);
    let asked = config::dns::Dns { host, port, name: name("example.com"), kind, expected: None };
    assert!(matches!(Dns::new(Box::new(asked), Arc::new(resolver)).ask(LIMIT, &SystemClock), Finding::Up(_)));
}

/// A query for records of that type, and the query as a message.
fn query(kind: Rtype) -> (config::dns::Dns, Query) {
    let asked = config::dns::Dns { host: String::new(), port: 53, name: name("example.com"), kind, expected: None };
    let query = Query::new(&asked.name, asked.kind).unwrap();
    (asked, query)
}

proptest! {
    #[test]
    fn no_damage_to_an_answer_makes_it_panic(damage in prop::collection::vec((12_usize..600, any::<u8>()), 0..6)) {
        let (asked, query) = query(Rtype::TXT);
        let mut bytes = zone(Message::from_slice(query.bytes()).unwrap(), 0, false).remove(0);
        for (at, byte) in damage {
            bytes.get_mut(at).into_iter().for_each(|place| *place = byte);
        }
        let _ = query.answer(&bytes).map(|answer| fault(&answer, &asked));
    }

    #[test]
    fn no_data_of_a_record_makes_it_panic(kind in 1_u16..300, data in prop::collection::vec(any::<u8>(), 0..80)) {
        let (asked, query) = query(Rtype::from_int(kind));
        let mut answer = coded(Message::from_slice(query.bytes()).unwrap(), Rcode::NOERROR);
        let data = UnknownRecordData::from_octets(asked.kind, data).unwrap();
        answer.push((name("example.com"), 60, data)).unwrap();
        let _ = fault(&query.answer(&answer.finish()).unwrap(), &asked);
    }
}
