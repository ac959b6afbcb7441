//! An SMTP server that does as it is told, at the stage where it is told to, and keeps what it accepts.

use std::fmt::Write as _;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;

use crate::support::SOON;

/// The server; it ends with the test's process.
#[derive(Clone)]
pub(crate) struct Smtp {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    plan: Plan,
    mails: Vec<Mail>,
    connections: usize,
}

/// What the server offers, and where it fails.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// With which it speaks TLS.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Whether it does so from the first byte.
    pub(crate) implicit: bool,
    /// What follows `AUTH` in its answer to EHLO; nothing is offered when it is empty.
    pub(crate) auth: &'static str,
    /// What it does instead of being good; each is done once unless it is to be done always.
    pub(crate) faults: Vec<Fault>,
}

/// What the server does at a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) at: Stage,
    pub(crate) deed: Deed,
    pub(crate) always: bool,
}

/// What the server is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    MailFrom,
    RcptTo,
    /// The same, of a recipient whose address has this in it.
    RcptOf(&'static str),
    Data,
    Message,
}

/// What it does instead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// Answers with this line.
    Answer(&'static str),
    /// Reads on and never answers.
    Hang,
    /// Answers without end, a byte each 100 ms.
    Drip,
    /// Closes the connection.
    Close,
    /// Sends a line that never ends.
    Flood,
    /// Reads some of what follows, then closes.
    BreakOff,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) at: Instant,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data: String,
    pub(crate) tls: bool,
    /// The user name and the password.
    pub(crate) login: Option<(String, String)>,
}

impl Mail {
    /// A header, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        header(&self.data, name)
    }

    /// The text part.
    pub(crate) fn text(&self) -> String {
        part(&self.data, "text/plain")
    }

    /// The HTML part.
    pub(crate) fn html(&self) -> String {
        part(&self.data, "text/html")
    }
}

/// A header of a message, unfolded.
pub(crate) fn header(message: &str, name: &str) -> Option<String> {
    let message = message.replace("\r\n", "\n");
    let head = message.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
    let prefix = format!("{}:", name.to_ascii_lowercase());
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&prefix))?;
    Some(line[prefix.len()..].trim().to_owned())
}

/// The decoded part of a message that has that type.
pub(crate) fn part(message: &str, content_type: &str) -> String {
    let message = message.replace("\r\n", "\n");
    let boundary = header(&message, "Content-Type").unwrap();
    let boundary = boundary.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let parts: Vec<&str> = message.split(&format!("--{boundary}")).collect();
    let part = parts.into_iter().find(|part| part.contains(&format!("Content-Type: {content_type}")));
    let part = part.unwrap_or_else(|| panic!("no {content_type} in {message}")).trim_start();
    let (_, body) = part.split_once("\n\n").unwrap();
    match header(part, "Content-Transfer-Encoding").as_deref() {
        Some("base64") => {
            String::from_utf8(STANDARD.decode(body.replace('\n', "")).unwrap()).unwrap().replace("\r\n", "\n")
        }
        Some("quoted-printable") => quoted_printable(body),
        _ => body.to_owned(),
    }
}

fn quoted_printable(body: &str) -> String {
    let body = body.replace("=\n", "");
    let mut pieces = body.split('=');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

/// A connection, before or inside TLS.
trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

impl Smtp {
    /// A server on a port that the system chooses.
    pub(crate) fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { plan, mails: Vec::new(), connections: 0 };
        let server = Self { address, state: Arc::new((Mutex::new(state), Condvar::new())) };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.state.0.lock().unwrap().connections += 1;
                let serving = serving.clone();
                thread::spawn(move || {
                    // Whatever ends a session early is the client's business.
                    let _ = serving.serve(stream);
                });
            }
        });
        server
    }

    /// `[notify.email]` for this server, and what is added.
    pub(crate) fn config(&self, keys: &str) -> String {
        self.config_to("\"ops@example.org\"", keys)
    }

    /// The same, with these recipients as they are written.
    pub(crate) fn config_to(&self, to: &str, keys: &str) -> String {
        format!(
            "[notify.email]\nfrom = \"vigil@example.org\"\nto = {to}\nsmtp_host = \"127.0.0.1\"\n\
             smtp_port = {}\n{keys}\n",
            self.address.port()
        )
    }

    /// How often it was connected to.
    pub(crate) fn connections(&self) -> usize {
        self.state.0.lock().unwrap().connections
    }

    /// What it has accepted so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.state.0.lock().unwrap().mails.clone()
    }

    /// From now on, fails so as well.
    pub(crate) fn fail(&self, fault: Fault) {
        self.state.0.lock().unwrap().plan.faults.push(fault);
    }

    /// From now on, fails so before all that is planned.
    pub(crate) fn fail_first(&self, fault: Fault) {
        self.state.0.lock().unwrap().plan.faults.insert(0, fault);
    }

    /// From now on it is good, and has accepted nothing yet.
    pub(crate) fn forget(&self) {
        let mut state = self.state.0.lock().unwrap();
        state.plan.faults.clear();
        state.mails.clear();
    }

    /// Waits for the message of that number, from 0.
    pub(crate) fn mail(&self, number: usize) -> Mail {
        let state = self.state.0.lock().unwrap();
        let (state, _) = self.state.1.wait_timeout_while(state, SOON, |state| state.mails.len() <= number).unwrap();
        state.mails.get(number).cloned().unwrap_or_else(|| panic!("no mail {number} after {:?}", state.mails))
    }

    fn fault(&self, stage: Stage) -> Option<Deed> {
        let faults = &mut self.state.0.lock().unwrap().plan.faults;
        let number = faults.iter().position(|fault| fault.at == stage)?;
        let fault = faults[number];
        if !fault.always {
            faults.remove(number);
        }
        Some(fault.deed)
    }

    /// The stage of a recipient.
    fn recipient(&self, line: &str) -> Stage {
        let stages = self.state.0.lock().unwrap().plan.faults.iter().map(|fault| fault.at).collect::<Vec<_>>();
        let of = |stage: &Stage| matches!(stage, Stage::RcptOf(who) if line.contains(who));
        stages.into_iter().find(of).unwrap_or(Stage::RcptTo)
    }

    /// Answers, or does what is planned instead; fails when the session is over then.
    fn answer(&self, wire: &mut dyn Wire, stage: Stage, good: &str) -> io::Result<bool> {
        match self.fault(stage) {
            None => say(wire, good).map(|()| true),
            Some(Deed::Answer(line)) => say(wire, line).map(|()| false),
            Some(Deed::Hang) => {
                io::copy(wire, &mut io::sink())?;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Some(Deed::Drip) => loop {
                say_bytes(wire, b"2")?;
                thread::sleep(Duration::from_millis(100));
            },
            Some(Deed::Flood) => loop {
                say_bytes(wire, &[b'2'; 4_096])?;
            },
            Some(Deed::Close) => Err(io::ErrorKind::UnexpectedEof.into()),
            Some(Deed::BreakOff) => {
                say(wire, good)?;
                wire.read_exact(&mut [0; 50])?;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let plan = self.state.0.lock().unwrap().plan.clone();
        let mut clear = Some(stream);
        let mut wire: Box<dyn Wire> = match &plan.tls {
            Some(tls) if plan.implicit => encrypted(tls, clear.take().unwrap()),
            _ => Box::new(clear.as_ref().unwrap().try_clone()?),
        };
        let (mut from, mut to, mut login) = (String::new(), String::new(), None);
        self.answer(&mut *wire, Stage::Greeting, "220 test ESMTP")?;
        loop {
            let line = read_line(&mut *wire)?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let mut good = "250-test greets you\r\n".to_owned();
                    if plan.tls.is_some() && clear.is_some() {
                        good.push_str("250-STARTTLS\r\n");
                    }
                    if !plan.auth.is_empty() {
                        write!(good, "250-AUTH {}\r\n", plan.auth).unwrap();
                    }
                    good.push_str("250 SIZE 10000000");
                    self.answer(&mut *wire, Stage::Ehlo, &good)?;
                }
                "STARTTLS" => {
                    if self.answer(&mut *wire, Stage::StartTls, "220 go ahead")? {
                        wire = encrypted(plan.tls.as_ref().unwrap(), clear.take().unwrap());
                    } else if matches!(self.fault(Stage::StartTls), Some(Deed::Answer(line)) if line.starts_with("220"))
                    {
                        // What follows are no commands, although two of its random bytes may look like the end of one.
                        io::copy(&mut *wire, &mut io::sink())?;
                    }
                }
                "AUTH" => {
                    let given = log_in(&mut *wire, &line)?;
                    if self.answer(&mut *wire, Stage::Auth, "235 welcome")? {
                        login = Some(given);
                    }
                }
                "MAIL" => {
                    from = line;
                    self.answer(&mut *wire, Stage::MailFrom, "250 ok")?;
                }
                "RCPT" => {
                    to = line;
                    self.answer(&mut *wire, self.recipient(&to), "250 ok")?;
                }
                "DATA" => {
                    if !self.answer(&mut *wire, Stage::Data, "354 go on")? {
                        continue;
                    }
                    let data = read_message(&mut *wire)?;
                    if self.answer(&mut *wire, Stage::Message, "250 queued")? {
                        let (at, tls) = (Instant::now(), clear.is_none());
                        let mail = Mail { at, from: from.clone(), to: to.clone(), data, tls, login: login.clone() };
                        self.state.0.lock().unwrap().mails.push(mail);
                        self.state.1.notify_all();
                    }
                }
                "QUIT" => return say(&mut *wire, "221 bye"),
                _ => say(&mut *wire, "502 what?")?,
            }
        }
    }
}

fn encrypted(tls: &Arc<ServerConfig>, stream: TcpStream) -> Box<dyn Wire> {
    Box::new(StreamOwned::new(ServerConnection::new(tls.clone()).unwrap(), stream))
}

fn say(wire: &mut dyn Wire, line: &str) -> io::Result<()> {
    say_bytes(wire, format!("{line}\r\n").as_bytes())
}

fn say_bytes(wire: &mut dyn Wire, bytes: &[u8]) -> io::Result<()> {
    wire.write_all(bytes)?;
    wire.flush()
}

/// A line, byte by byte: what follows STARTTLS must not be read ahead.
fn read_line(wire: &mut dyn Wire) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        wire.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn read_message(wire: &mut dyn Wire) -> io::Result<String> {
    let mut message = String::new();
    loop {
        let line = read_line(wire)?;
        if line == "." {
            return Ok(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
        message.push_str("\r\n");
    }
}

/// PLAIN with its initial response, or LOGIN with its two challenges.
fn log_in(wire: &mut dyn Wire, line: &str) -> io::Result<(String, String)> {
    let decode = |text: &str| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
    if let Some(given) = line.strip_prefix("AUTH PLAIN ") {
        let given = decode(given);
        let mut parts = given.split('\0').skip(1).map(str::to_owned);
        return Ok((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()));
    }
    say(wire, "334 VXNlcm5hbWU6")?;
    let user = decode(&read_line(wire)?);
    say(wire, "334 UGFzc3dvcmQ6")?;
    Ok((user, decode(&read_line(wire)?)))
}
