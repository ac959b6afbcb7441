//! What is said in the clear before a handshake: just enough of SMTP (RFC 5321, RFC 3207) and of IMAP (RFC 3501) to ask
//! for it, and to take leave after it.

use std::io;
use std::io::Read;
use std::io::Write;
use std::time::Duration;

use crate::config::tls::StartTls;
use crate::model::cause::Failure;
use crate::model::cause::Phase;
use crate::model::observation::Finding;
use crate::net::failure;

/// How much a server may say before the handshake, in bytes: far more than a greeting and a list of extensions have.
const SAID_MAX: usize = 64 * 1024;

/// The name by which this host introduces itself: an address, as one without a name of its own does (RFC 5321, 4.1.4).
const OWN_NAME: &str = "[127.0.0.1]";

/// Why no handshake can begin.
#[derive(Debug)]
pub(super) enum Trouble {
    Io(io::Error),
    Failed(Failure),
}

impl Trouble {
    /// What it says about the target, which had so much time.
    pub(super) fn explain(self, limit: Duration) -> Finding {
        match self {
            Self::Io(error) => failure::of_io(&error, Phase::Answer, limit),
            Self::Failed(failure) => Finding::Down(failure),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Asks for a handshake; after that it begins.
pub(super) fn ask(stream: &mut (impl Read + Write), protocol: StartTls) -> Result<(), Trouble> {
    let mut talk = Talk { stream, unread: Vec::new(), said: 0 };
    match protocol {
        StartTls::Smtp => smtp(&mut talk),
        StartTls::Imap => imap(&mut talk),
    }?;
    // What came in already would be taken for an answer inside TLS, though anybody may have sent it.
    if talk.unread.is_empty() { Ok(()) } else { Err(malformed("more than one to STARTTLS")) }
}

/// Takes leave inside TLS, as far as that goes without waiting: servers complain about those who just hang up.
pub(super) fn leave(stream: &mut impl Write, protocol: Option<StartTls>) {
    let words: &[u8] = match protocol {
        None => b"",
        Some(StartTls::Smtp) => b"QUIT\r\n",
        Some(StartTls::Imap) => b"b LOGOUT\r\n",
    };
    // The check is over; what becomes of the connection is no longer of interest.
    let _ = stream.write_all(words).and_then(|()| stream.flush());
}

fn smtp<S: Read + Write>(talk: &mut Talk<'_, S>) -> Result<(), Trouble> {
    talk.reply("220")?;
    talk.say(&format!("EHLO {OWN_NAME}\r\n"))?;
    let extensions = talk.reply("250")?;
    if !extensions.iter().any(|extension| extension.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(Trouble::Failed(Failure::NoStartTls));
    }
    talk.say("STARTTLS\r\n")?;
    talk.reply("220").map(|_| ())
}

fn imap<S: Read + Write>(talk: &mut Talk<'_, S>) -> Result<(), Trouble> {
    let greeting = talk.line()?;
    let Some(greeting) = greeting.strip_prefix("* ") else { return Err(malformed("no IMAP")) };
    let word = greeting.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    match word.as_str() {
        "OK" => {}
        // In the authenticated state there is no STARTTLS.
        "PREAUTH" => return Err(Trouble::Failed(Failure::NoStartTls)),
        "BYE" => return Err(Trouble::Failed(Failure::TurnedAway(word))),
        _ => return Err(malformed("no IMAP")),
    }
    talk.say("a STARTTLS\r\n")?;
    loop {
        let line = talk.line()?.to_ascii_uppercase();
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("*"), Some(_)) => {}
            (Some("A"), Some("OK")) => return Ok(()),
            (Some("A"), Some("BAD")) => return Err(Trouble::Failed(Failure::NoStartTls)),
            (Some("A"), Some("NO")) => return Err(Trouble::Failed(Failure::TurnedAway("NO".to_owned()))),
            _ => return Err(malformed("no IMAP")),
        }
    }
}

fn malformed(what: &str) -> Trouble {
    Trouble::Failed(Failure::Malformed(what.to_owned()))
}

/// A talk in lines.
struct Talk<'s, S> {
    stream: &'s mut S,
    /// What has come in and belongs to no line yet.
    unread: Vec<u8>,
    /// How much has come in.
    said: usize,
}

impl<S: Read + Write> Talk<'_, S> {
    fn say(&mut self, line: &str) -> Result<(), Trouble> {
        self.stream.write_all(line.as_bytes())?;
        Ok(self.stream.flush()?)
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<String, Trouble> {
        loop {
            if self.said > SAID_MAX {
                return Err(malformed("without end"));
            }
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes)? {
                0 => return Err(Trouble::Io(io::ErrorKind::UnexpectedEof.into())),
                count => {
                    self.unread.extend_from_slice(bytes.get(..count).unwrap_or_default());
                    self.said += count;
                }
            }
        }
    }

    /// The lines of an SMTP reply, without its code, which has to be this one.
    fn reply(&mut self, wanted: &str) -> Result<Vec<String>, Trouble> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let (Some(code), rest) = (line.get(..3), line.get(3..).unwrap_or_default()) else {
                return Err(malformed("no SMTP"));
            };
            if !code.bytes().all(|byte| byte.is_ascii_digit())
                || !matches!(rest.bytes().next(), None | Some(b' ' | b'-'))
            {
                return Err(malformed("no SMTP"));
            }
            if code != wanted {
                return Err(Trouble::Failed(Failure::TurnedAway(code.to_owned())));
            }
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') {
                return Ok(lines);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that has said all that it will say, and what it is told.
    struct Server<'a>(&'a [u8], Vec<u8>);

    impl Read for Server<'_> {
        /// A few bytes at a time, as a network may.
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0.len()).min(7);
            bytes[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    impl Write for Server<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What comes of a server that says this, and the last line that it was told.
    fn check(protocol: StartTls, says: &str, told: &str, wanted: &str) {
        let mut server = Server(says.as_bytes(), Vec::new());
        let found = match ask(&mut server, protocol) {
            Ok(()) => "go".to_owned(),
            Err(Trouble::Failed(failure)) => failure.to_string(),
            Err(Trouble::Io(error)) => error.kind().to_string(),
        };
        let last = String::from_utf8(server.1).unwrap().lines().last().unwrap_or_default().to_owned();
        assert_eq!((found.as_str(), last.as_str()), (wanted, told), "{says:?}");
    }

    #[test]
    fn smtp_is_asked_for_tls() {
        const EHLO: &str = "EHLO [127.0.0.1]";
        for (says, told, wanted) in [
            ("220 hi\r\n250-hi\r\n250-SIZE 9\r\n250 STARTTLS\r\n220 go\r\n", "STARTTLS", "go"),
            ("220-hi\r\n220 there\r\n250-hi\r\n250-starttls\r\n250 HELP\r\n220\r\n", "STARTTLS", "go"),
            ("220 hi\r\n250-hi\r\n250 STARTTLS\r\n454 not now\r\n", "STARTTLS", "turned away with 454"),
            (
                "220 hi\r\n250-hi\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n",
                "STARTTLS",
                "malformed answer: more than one to STARTTLS",
            ),
            ("220 hi\r\n250-hi\r\n250 STARTTLSX\r\n", EHLO, "the server does not offer STARTTLS"),
            ("220 hi\r\n250 hi\r\n", EHLO, "the server does not offer STARTTLS"),
            ("220 hi\r\n502 what?\r\n", EHLO, "turned away with 502"),
            ("554 go away\r\n", "", "turned away with 554"),
            ("* OK hi\r\n", "", "malformed answer: no SMTP"),
            ("22é\r\n", "", "malformed answer: no SMTP"),
            ("2200 hi\r\n", "", "malformed answer: no SMTP"),
            ("\r\n", "", "malformed answer: no SMTP"),
            ("220 hi", "", "unexpected end of file"),
        ] {
            check(StartTls::Smtp, says, told, wanted);
        }
        check(StartTls::Smtp, &"220-and more\r\n".repeat(10_000), "", "malformed answer: without end");
        check(StartTls::Smtp, &"x".repeat(SAID_MAX * 2), "", "malformed answer: without end");
    }

    #[test]
    fn imap_is_asked_for_tls() {
        const ASK: &str = "a STARTTLS";
        for (says, told, wanted) in [
            ("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\na OK go\r\n", ASK, "go"),
            ("* ok hi\r\n* CAPABILITY IMAP4rev1\r\nA ok\r\n", ASK, "go"),
            ("* OK hi\r\na BAD what?\r\n", ASK, "the server does not offer STARTTLS"),
            ("* OK hi\r\na NO not now\r\n", ASK, "turned away with NO"),
            ("* OK hi\r\na OK go\r\n* OK injected\r\n", ASK, "malformed answer: more than one to STARTTLS"),
            ("* OK hi\r\nb OK go\r\n", ASK, "malformed answer: no IMAP"),
            ("* PREAUTH hi\r\n", "", "the server does not offer STARTTLS"),
            ("* BYE busy\r\n", "", "turned away with BYE"),
            ("220 hi\r\n", "", "malformed answer: no IMAP"),
            ("", "", "unexpected end of file"),
        ] {
            check(StartTls::Imap, says, told, wanted);
        }
    }
}
