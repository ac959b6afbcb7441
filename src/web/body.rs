//! JSON that clients send: what it must be called, how large it may be, and how long it may take.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::rt::time::timeout;
use actix_web::web::Bytes;
use actix_web::web::Payload;
use serde::de::DeserializeOwned;

use super::respond;

/// The largest body: a report is some hundred bytes, whatever its replica is called, and so is a question of the protocol MCP.
const BODY_MAX: usize = 64 * 1024;

/// How long a body may take to come in.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The body of a request.
///
/// # Errors
/// The answer, when it does not say that it is JSON, is too large, or does not come in.
pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, HttpResponse> {
    if !is_json(request) {
        return Err(text(StatusCode::BAD_REQUEST, "Content type error: send application/json"));
    }
    let too_large = || Err(text(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB"));
    let announced = respond::header(request, "content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_MAX as u64) {
        return too_large();
    }
    match timeout(BODY_TIME, payload.to_bytes_limited(BODY_MAX)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(text(StatusCode::BAD_REQUEST, "the body broke off")),
        Ok(Err(_)) => too_large(),
        Err(_) => Err(text(StatusCode::SERVICE_UNAVAILABLE, "the body took longer than 10 s")),
    }
}

/// What a body says.
///
/// # Errors
/// Where it is not as it should be.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // A list of the values would be taken for the object, which nobody means.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err("Json deserialize error: a list, expected an object".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("Json deserialize error: {error}"))
}

/// An answer in words.
pub(super) fn text(status: StatusCode, why: &str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(why.to_owned())
}

/// Whether the content type is `application/json` or `application/...+json`, whatever its parameters.
fn is_json(request: &HttpRequest) -> bool {
    let Some(given) = respond::header(request, "content-type") else { return false };
    let given = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    given.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}
