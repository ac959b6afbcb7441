//! A page as it was made: its bytes, their tag, and the same in gzip.

use std::io::Write;
use std::sync::OnceLock;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::assets::etag;
use super::respond;

/// A page as it was made.
pub(super) struct Rendered {
    html: Bytes,
    etag: String,
    gzip: OnceLock<Bytes>,
}

impl Rendered {
    pub(super) fn new(html: String) -> Self {
        let etag = etag(html.as_bytes());
        Self { html: html.into(), etag, gzip: OnceLock::new() }
    }

    /// How much memory it takes, in gzip about a fifth more than without.
    pub(super) fn size(&self) -> usize {
        self.html.len().saturating_add(self.html.len() / 5)
    }

    /// The answer to whoever asks for it, with what the page may load if that is another than usual.
    pub(super) fn answer(&self, request: &HttpRequest, policy: Option<(&str, &str)>) -> HttpResponse {
        let gzip = respond::accepts_gzip(request);
        let body = if gzip { self.gzip().clone() } else { self.html.clone() };
        let etag = if gzip { self.etag.replacen('"', "\"gz-", 1) } else { self.etag.clone() };
        let encoding = gzip.then_some(("Content-Encoding", "gzip"));
        let headers = [Some(("Cache-Control", "no-cache")), Some(("Vary", "Accept-Encoding")), encoding, policy];
        respond::tagged(request, &etag, "text/html; charset=utf-8", body, headers.into_iter().flatten())
    }

    /// The page in gzip, compressed when it is first asked for.
    pub(super) fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            // Writing to memory does not fail.
            let _ = encoder.write_all(&self.html);
            encoder.finish().unwrap_or_default().into()
        })
    }
}
