//! Basic authentication, as reporters and managers do it: any user name, the token as password.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;

use super::respond;

/// Whether the request carries `token`; without one, nothing is right.
///
/// # Errors
/// 401 without credentials that can be read, 403 with wrong ones; both without a body.
pub(super) fn check(request: &HttpRequest, token: Option<&Secret>) -> Result<(), HttpResponse> {
    // The realm is that of the public Vigil, for both of its tokens.
    let challenge = ("WWW-Authenticate", "Basic realm=\"Reporter Token\"");
    match password(request) {
        None => Err(HttpResponse::Unauthorized().insert_header(challenge).finish()),
        Some(password) if token.is_some_and(|token| token.matches(&password)) => Ok(()),
        Some(_) => Err(HttpResponse::Forbidden().insert_header(challenge).finish()),
    }
}

/// The password of Basic credentials: what follows the first colon.
fn password(request: &HttpRequest) -> Option<Vec<u8>> {
    let encoded = respond::header(request, "authorization")?.strip_prefix("Basic ")?;
    let credentials = STANDARD.decode(encoded.trim()).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    credentials.get(colon + 1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_token_is_asked_for() {
        let basic = |credentials: &str| format!("Basic {}", STANDARD.encode(credentials));
        for (header, wanted) in [
            (Some(basic(":s3cret")), 200),
            (Some(basic("anybody:s3cret")), 200),
            (Some(basic("anybody:s3cret:")), 403),
            (Some(basic("s3cret:wrong")), 403),
            (Some(basic(":")), 403),
            (Some(basic("s3cret")), 401),
            (Some(basic(":s3cret").to_lowercase()), 401),
            (Some("Bearer s3cret".to_owned()), 401),
            (Some("Basic !!!".to_owned()), 401),
            (None, 401),
        ] {
            let mut request = TestRequest::default();
            if let Some(header) = &header {
                request = request.insert_header(("Authorization", header.as_str()));
            }
            let answer = check(&request.to_http_request(), Some(&Secret::new("s3cret")));
            assert_eq!(answer.map_or_else(|answer| answer.status().as_u16(), |()| 200), wanted, "{header:?}");
        }
    }
}
