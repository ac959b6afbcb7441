//! Errors without the secrets of their channel: an error has the words of whoever answered, who may repeat what was sent.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use url::Url;

use crate::config::Held;
use crate::model::notice::Notice;

use super::Notifier;
use super::SendError;

/// How much of the words of others is passed on, in characters.
const WORDS_MAX: usize = 200;

/// What stands in place of a secret.
const BLANK: &str = "[secret]";

/// The shortest text that is blanked, in bytes: a shorter one stands in any sentence, which would then tell it.
const SHORTEST: usize = 4;

/// From how many bytes on a part of a path is taken for a token, if it has a digit or a capital letter, and if it has
/// not: providers' paths have words as well, such as `webhooks`, and answers name them.
const MIXED_SHORTEST: usize = 6;
const PLAIN_SHORTEST: usize = 12;

/// From how many small letters on a value of a query is taken for a token.
const WORD_SHORTEST: usize = 8;

/// What stays as it is when a text is put into a URL (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A notifier whose errors do not tell the secrets of its channel.
pub(super) struct Discreet {
    notifier: Box<dyn Notifier>,
    blanks: Arc<Blanks>,
}

impl Discreet {
    /// The same notifier without them.
    pub(super) fn new(notifier: Box<dyn Notifier>, blanks: &Arc<Blanks>) -> Self {
        Self { notifier, blanks: blanks.clone() }
    }
}

impl Notifier for Discreet {
    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.notifier.send(notice).map_err(|error| self.blanks.clear(error))
    }
}

/// The words of whoever answered, as they are passed on: the beginning of a long text, without control characters.
pub(super) fn words(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(WORDS_MAX).collect()
}

/// The texts that are blanked, the longest first, in lower case. It is all secret.
pub(super) struct Blanks(Vec<String>);

impl Blanks {
    /// Those of a channel with these secrets: each as it is, encoded and decoded as a part of a URL, and in base64, as
    /// `Authorization` and the log-ins of mail have it.
    pub(super) fn of(secrets: &[Held<'_>]) -> Self {
        let mut all = Vec::new();
        for secret in secrets {
            match *secret {
                Held::Token(token) => push(&mut all, token.reveal()),
                Held::Password(username, password) => {
                    push(&mut all, password.reveal());
                    all.push(STANDARD.encode(format!("{username}:{}", password.reveal())));
                    all.push(STANDARD.encode(format!("\0{username}\0{}", password.reveal())));
                }
                Held::Address(url) => push_address(&mut all, url.reveal()),
            }
        }
        for text in &mut all {
            text.make_ascii_lowercase();
        }
        all.retain(|text| text.len() >= SHORTEST);
        all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        all.dedup();
        Self(all)
    }

    /// The error without them.
    pub(super) fn clear(&self, mut error: SendError) -> SendError {
        error.what = self.blank(&error.what);
        error
    }

    /// The text without them, in whatever case. Where words were cut, the beginning of a secret at their end is one, too.
    fn blank(&self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        let may_be_cut = text.chars().count() >= WORDS_MAX;
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let here = &lower[lower.len() - rest.len()..];
            let is_cut = |secret: &String| may_be_cut && here.len() >= SHORTEST && secret.starts_with(here);
            let length = match self.0.iter().find(|secret| here.starts_with(*secret)) {
                Some(secret) => secret.len(),
                None if self.0.iter().any(is_cut) => here.len(),
                None => 0,
            };
            if length > 0 {
                told.push_str(BLANK);
                rest = &rest[length..];
            } else {
                told.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        told
    }
}

/// A secret in its forms.
fn push(all: &mut Vec<String>, text: &str) {
    all.push(text.to_owned());
    all.push(percent_decode_str(text).decode_utf8_lossy().into_owned());
    all.push(utf8_percent_encode(text, UNRESERVED).to_string());
    all.push(STANDARD.encode(text));
}

/// A URL, whole and from its path on, and what may be a token in it.
fn push_address(all: &mut Vec<String>, text: &str) {
    all.push(text.to_owned());
    let Ok(url) = Url::parse(text) else { return };
    if url.path().len() > 1 {
        all.push(url.path().to_owned());
        all.push(percent_decode_str(url.path()).decode_utf8_lossy().into_owned());
    }
    for part in url.path_segments().into_iter().flatten().filter(|part| is_token(part)) {
        push(all, part);
    }
    for (name, value) in url.query_pairs() {
        let token = if value.is_empty() { name } else { value };
        if !is_word(&token) {
            push(all, &token);
        }
    }
    if let Some(query) = url.query() {
        all.push(query.to_owned());
        let values = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
        all.extend(values.filter(|value| !is_word(value)).map(str::to_owned));
    }
}

/// Whether a value of a query is a setting, such as `wait=true`, rather than a token.
fn is_word(value: &str) -> bool {
    value.len() < WORD_SHORTEST && value.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_token(part: &str) -> bool {
    let is_mixed = part.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    part.len() >= if is_mixed { MIXED_SHORTEST } else { PLAIN_SHORTEST }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::secret::Secret;

    use super::*;

    fn check(secret: &Held<'_>, cases: &[(&str, &str)]) {
        let blanks = Blanks::of(&[*secret]);
        for (text, wanted) in cases {
            assert_eq!(blanks.blank(text), *wanted, "{text}");
        }
    }

    #[test]
    fn a_token_is_blanked_however_it_is_written() {
        check(
            &Held::Token(&Secret::new("S3cr et/%41")),
            &[
                ("nothing of it", "nothing of it"),
                ("token S3cr et/%41, S3cr et/%41!", "token [secret], [secret]!"),
                ("lower s3cr et/%41", "lower [secret]"),
                ("encoded S3cr%20et%2f%2541", "encoded [secret]"),
                ("decoded S3cr et/A", "decoded [secret]"),
                ("base64 UzNjciBldC8lNDE=", "base64 [secret]"),
                ("not cut off: S3cr ", "not cut off: S3cr "),
            ],
        );
        let long = "\u{e4}".repeat(WORDS_MAX);
        for (end, wanted) in [("S3c", "S3c"), ("S3cr", "[secret]"), ("S3cr et/%4", "[secret]"), ("S3cr e ", "S3cr e ")]
        {
            let told = Blanks::of(&[Held::Token(&Secret::new("S3cr et/%41"))]).blank(&format!("{long}{end}"));
            assert_eq!(told.trim_start_matches('\u{e4}'), wanted, "{end}");
        }
        check(&Held::Token(&Secret::new("secret")), &[("a secret [secret]", "a [secret] [[secret]]")]);
        check(&Held::Token(&Secret::new("a")), &[("a text", "a text")]);
    }

    #[test]
    fn a_password_is_blanked_as_it_is_sent() {
        check(
            &Held::Password("bot", &Secret::new("pa:ss")),
            &[
                ("bot has pa:ss", "bot has [secret]"),
                ("Authorization: Basic Ym90OnBhOnNz", "Authorization: Basic [secret]"),
                ("AUTH PLAIN AGJvdABwYTpzcw==", "AUTH PLAIN [secret]"),
                ("AUTH LOGIN cGE6c3M=", "AUTH LOGIN [secret]"),
            ],
        );
    }

    #[test]
    fn of_an_address_its_words_stay_and_its_tokens_go() {
        check(
            &Held::Address(&Secret::new("https://h/services/T0000A/hooks/wordsofnothing/a%2fb1c2?sig=ab%2bcd&v=1")),
            &[
                ("no such hooks at h", "no such hooks at h"),
                ("https://h/services/T0000A/hooks/wordsofnothing/a%2fb1c2?sig=ab%2bcd&v=1 failed", "[secret] failed"),
                ("no /services/T0000A/hooks/wordsofnothing/a%2fb1c2 here", "no [secret] here"),
                ("team T0000A, wordsofnothing, a/b1c2", "team [secret], [secret], [secret]"),
                ("ab+cd or ab%2Bcd", "[secret] or [secret]"),
            ],
        );
        check(&Held::Address(&Secret::new("https://h/?swordfish")), &[("a swordfish", "a [secret]")]);
        check(&Held::Address(&Secret::new("https://h/?wait=true&key=12345")), &[("true: 12345", "true: [secret]")]);
        check(&Held::Address(&Secret::new("http://h/")), &[("GET / of h", "GET / of h")]);
    }

    proptest! {
        #[test]
        fn no_secret_is_left(secret in "[ -~\u{e0}-\u{ff}]{4,20}", before in "\\PC{0,20}", after in "\\PC{0,20}") {
            let blanks = Blanks::of(&[Held::Token(&Secret::new(secret.clone()))]);
            let told = blanks.blank(&format!("{before}{secret}{after}"));
            prop_assert!(told.contains(BLANK));
            prop_assert!(BLANK.contains(&secret) || !told.replace(BLANK, "\n").contains(&secret), "{told}");
        }
    }
}
