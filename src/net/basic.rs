//! A user name and a password, as HTTP asks for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;

/// The value of `Authorization` for that user (RFC 7617, 2), in UTF-8.
#[must_use]
pub fn authorization(username: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_password_are_one_text() {
        for (username, password, wanted) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test", "123\u{a3}", "Basic dGVzdDoxMjPCow=="),
            ("", "pass:word", "Basic OnBhc3M6d29yZA=="),
            ("user", "", "Basic dXNlcjo="),
        ] {
            assert_eq!(authorization(username, password).reveal(), wanted, "{username}");
        }
    }
}
