//! `/assets/...` and `/robots.txt`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;

use super::assets::Asset;
use super::respond;
use super::site::Live;

/// How long a file may be kept when its URL does not change with its content.
const KEPT: &str = "public, max-age=3600";

/// How long it may be kept when it does.
const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /assets/{name}`
pub(super) async fn asset(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let (site, name) = (live.site(), request.match_info().query("name"));
    match site.assets.public(name) {
        Some(asset) => {
            let version = format!("v={}", asset.etag.trim_matches('"'));
            let kept = if request.query_string() == version { KEPT_FOR_EVER } else { KEPT };
            file(&request, asset, kept)
        }
        None => site.page.answer_not_found(),
    }
}

/// `GET /robots.txt`
pub(super) async fn robots(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = live.site();
    match site.assets.get("public/robots.txt") {
        Some(asset) => file(&request, asset, KEPT),
        None => site.page.answer_not_found(),
    }
}

fn file(request: &HttpRequest, asset: &Asset, kept: &str) -> HttpResponse {
    let headers = [("Cache-Control", kept)].into_iter();
    respond::tagged(request, &asset.etag, &asset.content_type, asset.bytes.clone(), headers)
}
