//! A document as it was made: its bytes, their tag, and the same in gzip.

use std::io::Write;
use std::sync::OnceLock;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::assets::etag;
use super::respond;

/// The type of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";
/// The type of a document for programs.
pub(super) const JSON: &str = "application/json";

/// A document as it was made.
pub(super) struct Rendered {
    body: Bytes,
    content_type: &'static str,
    etag: String,
    gzip: OnceLock<Bytes>,
}

impl Rendered {
    pub(super) fn new(text: String, content_type: &'static str) -> Self {
        let etag = etag(text.as_bytes());
        Self { body: text.into(), content_type, etag, gzip: OnceLock::new() }
    }

    /// How much memory it takes, in gzip about a fifth more than without.
    pub(super) fn size(&self) -> usize {
        self.body.len().saturating_add(self.body.len() / 5)
    }

    /// The answer to whoever asks for it, with what a page may load if that is another than usual.
    pub(super) fn answer(&self, request: &HttpRequest, policy: Option<(&str, &str)>) -> HttpResponse {
        let gzip = respond::accepts_gzip(request);
        let body = if gzip { self.gzip().clone() } else { self.body.clone() };
        let etag = if gzip { self.etag.replacen('"', "\"gz-", 1) } else { self.etag.clone() };
        let encoding = gzip.then_some(("Content-Encoding", "gzip"));
        let headers = [Some(("Cache-Control", "no-cache")), Some(("Vary", "Accept-Encoding")), encoding, policy];
        respond::tagged(request, &etag, self.content_type, body, headers.into_iter().flatten())
    }

    /// It in gzip, compressed when it is first asked for.
    pub(super) fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            // Writing to memory does not fail.
            let _ = encoder.write_all(&self.body);
            encoder.finish().unwrap_or_default().into()
        })
    }
}
