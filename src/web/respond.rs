//! What answers have in common.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Bytes;

/// An answer with an entity tag: 304 without a body when the client has it already.
pub(super) fn tagged<'a>(
    request: &HttpRequest,
    etag: &str,
    content_type: &str,
    body: Bytes,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
) -> HttpResponse {
    let known = header(request, "if-none-match").is_some_and(|tags| matches(tags, etag));
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header(("ETag", etag));
    for (name, value) in headers {
        answer.insert_header((name, value));
    }
    if known { answer.finish() } else { answer.content_type(content_type).body(body) }
}

/// Whether a list of entity tags has that one; weak or strong is the same to a cache.
fn matches(tags: &str, etag: &str) -> bool {
    tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

/// Whether the client takes gzip: it names it, or anything, and does not give it the weight zero.
pub(super) fn accepts_gzip(request: &HttpRequest) -> bool {
    let Some(accepted) = header(request, "accept-encoding") else { return false };
    let weight = |name: &str| {
        accepted.split(',').find_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(name);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            named.then(|| weight.unwrap_or(1.0))
        })
    };
    weight("gzip").or_else(|| weight("*")).unwrap_or(0.0) > 0.0
}

/// A header as text.
pub(super) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// A parameter of a query, as it stands there.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A page could not be made: a template of the operator is at fault. Visitors are not told how.
pub(super) fn broken(why: &str) -> HttpResponse {
    log::error!("a page could not be rendered: {why}");
    HttpResponse::InternalServerError()
        .content_type("text/plain; charset=utf-8")
        .body("This page cannot be shown at the moment.")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn entity_tags_are_compared_as_caches_do() {
        for (tags, wanted) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(matches(tags, "\"a\""), wanted, "{tags}");
        }
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (accepted, wanted) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("br", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header(("Accept-Encoding", accepted)).to_http_request();
            assert_eq!(accepts_gzip(&request), wanted, "{accepted}");
        }
    }
}
