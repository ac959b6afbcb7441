//! Name servers as targets.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::thread;

use domain::base::Message;
use domain::base::MessageBuilder;
use domain::base::Rtype;
use domain::base::iana::Rcode;
use domain::rdata::A;

use crate::support::Vigil;
use crate::support::config;
use crate::support::polled;

/// A name server that knows the address of `www.example.com`, and no other name; it ends with the test's process.
fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((count, from)) = socket.recv_from(&mut bytes) {
            let query = Message::from_slice(&bytes[..count]).unwrap();
            let question = query.sole_question().unwrap();
            let known = question.qname().to_string() == "www.example.com";
            let code = if known { Rcode::NOERROR } else { Rcode::NXDOMAIN };
            let mut answer = MessageBuilder::new_vec().start_answer(query, code).unwrap();
            if known && question.qtype() == Rtype::A {
                answer.push((question.qname(), 60, A::from_octets(192, 0, 2, 1))).unwrap();
            }
            socket.send_to(&answer.finish(), from).unwrap();
        }
    });
    address
}

#[test]
fn a_name_server_is_asked_and_its_answer_judged() {
    let server = name_server();
    let cases = [
        ("www.example.com", "healthy"),
        ("www.example.com?type=A&expect=192.0.2.1", "healthy"),
        ("www.example.com?type=A&expect=192.0.2.2", "dead: no record of the name is the expected one"),
        ("www.example.com?type=MX", "dead: the name has no such record"),
        ("gone.example.com", "dead: the name does not exist (NXDOMAIN)"),
    ];
    let nodes = cases.iter().enumerate();
    let nodes = nodes.map(|(at, (asked, _))| polled(&format!("t{at}"), &[&format!("dns://{server}/{asked}")]));
    let nodes = nodes.chain([polled("closed", &["dns://127.0.0.1:1/example.com"])]);
    let vigil = Vigil::start(&config(&nodes.collect::<String>()));
    for (at, (asked, wanted)) in cases.iter().enumerate() {
        let line = vigil.log().wait_for(&[&format!("replica t{at}:node:"), " is "]);
        assert!(line.contains(&format!(" is {wanted}")), "{asked}: {line}");
    }
    vigil.log().wait_for(&["replica closed:node:dns://127.0.0.1:1/example.com is dead: connection refused"]);
    vigil.wait_for_page("Checked by a DNS query");
    vigil.wait_for_page("the name does not exist (NXDOMAIN)");
}
