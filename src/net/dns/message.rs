//! A query and its answer as messages (RFC 1035).

use domain::base::Message;
use domain::base::MessageBuilder;
use domain::base::Name;
use domain::base::ParsedName;
use domain::base::Rtype;
use domain::base::iana::Rcode;
use domain::rdata::AllRecordData;
use domain::rdata::Txt;
use rustls::crypto::GetRandomFailed;

/// A query.
pub struct Query(Message<Vec<u8>>);

/// An answer to it.
#[derive(Debug)]
pub struct Answer(Message<Vec<u8>>);

impl Query {
    /// The query for that, which asks the server to ask others where it does not know; its number cannot be guessed.
    ///
    /// # Errors
    /// When no random number could be had.
    pub fn new(name: &Name<Vec<u8>>, kind: Rtype) -> Result<Self, GetRandomFailed> {
        let mut number = [0; 2];
        rustls::crypto::ring::default_provider().secure_random.fill(&mut number)?;
        let mut message = MessageBuilder::new_vec();
        message.header_mut().set_id(u16::from_be_bytes(number));
        message.header_mut().set_rd(true);
        let mut message = message.question();
        // A message has room for one question: it has no limit but that of 65,535 bytes.
        let _ = message.push((name, kind));
        Ok(Self(message.into_message()))
    }

    /// The message as it is sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// These bytes as an answer to the query, if they are one. A server that did not understand it may leave it out.
    #[must_use]
    pub fn answer(&self, bytes: &[u8]) -> Option<Answer> {
        let message = Message::from_octets(bytes.to_vec()).ok()?;
        let (header, counts) = (message.header(), message.header_counts());
        let is_bare = header.qr() && header.id() == self.0.header().id() && counts.qdcount() == 0;
        let is_answer = message.is_answer(&self.0) || (is_bare && header.rcode() != Rcode::NOERROR);
        is_answer.then_some(Answer(message))
    }
}

impl Answer {
    /// Whether there was no room for all of it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.header().tc()
    }

    /// What the server says of the query.
    #[must_use]
    pub fn code(&self) -> Rcode {
        self.0.header().rcode()
    }

    /// The data of its records of that type, as zone files have it; what cannot be read is left out.
    #[must_use]
    pub fn records(&self, kind: Rtype) -> Vec<String> {
        let Ok(section) = self.0.answer() else { return Vec::new() };
        let records = section.flatten().filter(|record| record.rtype() == kind);
        let data = records.filter_map(|record| {
            if kind == Rtype::TXT {
                let record = record.into_record::<Txt<&[u8]>>().ok()??;
                return Some(String::from_utf8_lossy(&record.data().text::<Vec<u8>>()).into_owned());
            }
            let record = record.into_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>().ok()??;
            Some(record.data().to_string())
        });
        data.collect()
    }
}
