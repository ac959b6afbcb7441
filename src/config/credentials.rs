//! User names with their passwords, and URLs that may have them in them.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::secret::Secret;

/// A user name and its password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// A URL that is called as it is, an `http` or `https` one. It may be a secret.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Without credentials and fragment; its path and its query may hold a token.
    pub url: Secret,
    /// Those that stood in it.
    pub credentials: Option<Credentials>,
}

impl Credentials {
    /// Takes the credentials out of `url`, for they are sent as a header; none where there are none. A URL has them
    /// percent-encoded (RFC 3986, 2.1 and 3.2.1): here they are as they were before.
    pub fn take(url: &mut Url) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (username, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
        let given = !username.is_empty() || url.password().is_some();
        // Both fail only for URLs without a host, which have no credentials either.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        given.then(|| Self { username, password: Secret::new(password) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_url_is_encoded() {
        for (url, wanted) in [
            ("http://h/a?b", None),
            ("http://@h/a?b", None),
            ("http://user@h/a?b", Some(("user", ""))),
            ("http://:word@h/a?b", Some(("", "word"))),
            ("http://us%65r%40a:p%3Ass%2fw%25@h/a?b", Some(("user@a", "p:ss/w%"))),
            ("http://\u{fc}:p%c3%bc@h/a?b", Some(("\u{fc}", "p\u{fc}"))),
        ] {
            let mut bare: Url = url.parse().unwrap();
            let taken = Credentials::take(&mut bare);
            let taken = taken.as_ref().map(|one| (one.username.as_str(), one.password.reveal()));
            assert_eq!((taken, bare.as_str()), (wanted, "http://h/a?b"), "{url}");
        }
    }
}
