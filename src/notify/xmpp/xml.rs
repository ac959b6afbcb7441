//! The XML of a session (RFC 6120, 4 and 11): elements below an open `stream`, read one by one as they come in.

use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Take;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

/// How much a server may send in a whole session, in bytes: features, a handful of answers, and what it may wish to add.
const SESSION_MAX: u64 = 1024 * 1024;

/// How deep elements may lie in each other: the deepest that is of interest is the third.
const DEPTH_MAX: usize = 32;

/// An element with all that is in it. Names are without their prefixes: what may stand where is known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: String,
    /// Its attributes, by name.
    attributes: Vec<(String, String)>,
    /// The elements in it.
    pub(super) children: Vec<Element>,
    /// The text in it, without that of its children.
    pub(super) text: String,
}

impl Element {
    /// The child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The attribute of that name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn new(start: &BytesStart<'_>) -> Result<Self, Unreadable> {
        let mut element = Self { name: start.local_name().as_ref().to_owned(), ..Self::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| Unreadable::Malformed)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| Unreadable::Malformed)?;
            element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        Ok(element)
    }
}

/// Why no element could be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The connection.
    Io(io::Error),
    /// What came is not the XML of a session.
    Malformed,
}

impl From<quick_xml::Error> for Unreadable {
    fn from(error: quick_xml::Error) -> Self {
        match error {
            quick_xml::Error::Io(error) => Self::Io(io::Error::new(error.kind(), error.to_string())),
            _ => Self::Malformed,
        }
    }
}

/// Reads elements from a connection.
pub(super) struct Elements<S: Read>(Reader<BufReader<Take<S>>>);

impl<S: Read> Elements<S> {
    /// Those that come over `connection`, in a stream that is yet to begin.
    pub(super) fn new(connection: S) -> Self {
        Self(Reader::from_reader(BufReader::new(connection.take(SESSION_MAX))))
    }

    /// Reads on as if nothing had been read: a stream begins anew on the same connection.
    pub(super) fn renew(self) -> Self {
        Self(Reader::from_reader(self.0.into_inner()))
    }

    /// The connection, to write to.
    pub(super) fn connection(&mut self) -> &mut S {
        self.0.get_mut().get_mut().get_mut()
    }

    /// The connection, to go on with inside TLS; none if the other side has sent more already, which nobody protected.
    pub(super) fn into_connection(self) -> Option<S> {
        let buffer = self.0.into_inner();
        buffer.buffer().is_empty().then(|| buffer.into_inner().into_inner())
    }

    /// The next element of the stream, whole.
    pub(super) fn read(&mut self) -> Result<Element, Unreadable> {
        let mut open: Vec<Element> = Vec::new();
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let done = match self.0.read_event_into(&mut bytes)? {
                Event::Start(start) if open.is_empty() && start.local_name().as_ref() == "stream" => None,
                Event::Start(_) if open.len() >= DEPTH_MAX => return Err(Unreadable::Malformed),
                Event::Start(start) => {
                    open.push(Element::new(&start)?);
                    None
                }
                Event::Empty(start) => Some(Element::new(&start)?),
                // Without an open element, it is the stream that ends.
                Event::End(_) => Some(open.pop().ok_or_else(closed)?),
                Event::Eof => return Err(closed()),
                Event::Text(text) => {
                    add(&mut open, &text.xml10_content());
                    None
                }
                Event::CData(text) => {
                    add(&mut open, &text.xml10_content());
                    None
                }
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|_| Unreadable::Malformed)?;
                    match (character, resolve_predefined_entity(&reference.xml10_content())) {
                        (Some(character), _) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                        (None, Some(text)) => add(&mut open, text),
                        (None, None) => return Err(Unreadable::Malformed),
                    }
                    None
                }
                Event::Decl(_) => None,
                // RFC 6120, 11.1: these have no place in a stream.
                Event::Comment(_) | Event::PI(_) | Event::DocType(_) => return Err(Unreadable::Malformed),
            };
            let Some(done) = done else { continue };
            match open.last_mut() {
                Some(parent) => parent.children.push(done),
                None => return Ok(done),
            }
        }
    }
}

fn closed() -> Unreadable {
    Unreadable::Io(io::ErrorKind::UnexpectedEof.into())
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// A text as it stands in an element or an attribute; characters that XML cannot have are left out.
pub(super) fn escaped(text: &str) -> String {
    let is_allowed = |c: &char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    escape(text.chars().filter(is_allowed).collect::<String>()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                         xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>";

    /// Gives one byte at a time, as a slow network may.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let length = bytes.len().min(1);
            self.0.read(&mut bytes[..length])
        }
    }

    fn read(text: &str) -> Result<Element, Unreadable> {
        let text = format!("{START}{text}");
        let at_once = Elements::new(text.as_bytes()).read();
        let dripping = Elements::new(Dripping(text.as_bytes())).read();
        assert_eq!(format!("{at_once:?}"), format!("{dripping:?}"));
        at_once
    }

    #[test]
    fn an_element_is_read_with_all_that_is_in_it() {
        let element = read(
            "\n<stream:features><mechanisms xmlns='urn:x'><mechanism>PLAIN</mechanism><mechanism>A&amp;&#66;<![CDATA[<]]>\
             </mechanism></mechanisms><bind a='1 &lt; 2'/></stream:features><next/>",
        )
        .unwrap();
        assert_eq!(element.name, "features");
        let mechanisms = element.child("mechanisms").unwrap();
        assert_eq!(mechanisms.children.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["PLAIN", "A&B<"]);
        assert_eq!(element.child("bind").unwrap().attribute("a"), Some("1 < 2"));
    }

    #[test]
    fn elements_follow_each_other_until_the_stream_ends() {
        let text = format!("{START}<a/><b></b></stream:stream>");
        let mut elements = Elements::new(text.as_bytes());
        assert_eq!(elements.read().unwrap().name, "a");
        assert_eq!(elements.read().unwrap().name, "b");
        assert!(matches!(elements.read(), Err(Unreadable::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn what_is_no_stream_is_refused_and_what_is_cut_is_closed() {
        for text in ["</x>", "<a></b>", "<!-- -->", "<?x y?>", "<a>&other;</a>", "<a b=1/>", "<a b='&x;'/>"] {
            assert!(matches!(read(text), Err(Unreadable::Malformed)), "{text}");
        }
        for text in ["", "<a>", "<a>text", "   "] {
            assert!(matches!(read(text), Err(Unreadable::Io(_))), "{text}");
        }
        assert!(matches!(read(&"<a>".repeat(DEPTH_MAX + 1)), Err(Unreadable::Malformed)));
    }

    #[test]
    fn a_server_that_sends_without_end_is_left() {
        let endless = START.as_bytes().chain(io::repeat(b' '));
        assert!(Elements::new(endless).read().is_err());
        let endless = START.as_bytes().chain(&b"<a>"[..]).chain(io::repeat(b'x'));
        assert!(Elements::new(endless).read().is_err());
    }

    #[test]
    fn what_came_before_tls_does_not_count_as_said_inside_it() {
        let text = format!("{START}<proceed/><more/>");
        let mut elements = Elements::new(text.as_bytes());
        elements.read().unwrap();
        assert!(elements.into_connection().is_none());
    }

    #[test]
    fn texts_are_escaped_and_lose_what_xml_cannot_have() {
        assert_eq!(escaped("<b>&\"'\u{1}\u{fffe}\u{1f600}\n"), "&lt;b&gt;&amp;&quot;&apos;\u{1f600}\n");
    }
}
