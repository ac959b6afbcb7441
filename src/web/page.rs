//! The status page: rendered once per change, not once per request.

use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::TryLockError;
use std::time::Duration;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Bytes;
use actix_web::web::Data;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_derive::Serialize;

use crate::config::Branding;
use crate::config::Config;
use crate::engine::shared::Seen;
use crate::engine::shared::Shared;
use crate::model::map::Map;
use crate::model::shown::Shown;

use super::POLICY_CUSTOM;
use super::WebError;
use super::assets::Assets;
use super::assets::etag;
use super::respond;
use super::sample;
use super::site::Live;
use super::templates::TemplateError;
use super::templates::Templates;
use super::view;
use super::view::View;

/// How old the page's details (latencies, loads, the last check) may be.
const DETAILS_AGE: Duration = Duration::from_secs(1);

/// Rendering for the sake of details takes at most one part in so many of the time; for the sake of a status, half of
/// it: a status on the page is no older than the page takes to render.
const DETAILS_SHARE: u32 = 10;

/// The page, and what it is made from.
pub(super) struct Page {
    parts: Parts,
    shared: Shared,
    rendered: RwLock<Option<Arc<Rendered>>>,
    rendering: Mutex<()>,
}

/// The templates, and what does not change in them.
struct Parts {
    templates: Templates,
    brand: Brand,
}

/// The page at one moment.
pub(super) struct Rendered {
    seen: Seen,
    at: Instant,
    took: Duration,
    pub(super) html: Bytes,
    pub(super) etag: String,
    gzip: OnceLock<Bytes>,
}

/// What does not change while the program runs.
#[derive(Clone, Debug, Serialize)]
struct Brand {
    title: String,
    /// Only when it is configured: what the program would make up leads nobody anywhere.
    page_url: Option<String>,
    company: Option<String>,
    icon_url: String,
    icon_type: &'static str,
    logo_url: Option<String>,
    website_url: Option<String>,
    support_url: Option<String>,
    custom_html: Option<String>,
    style_url: String,
    script_url: String,
    version: &'static str,
}

/// All that the template of the status page is given.
#[derive(Serialize)]
struct Facts<'a> {
    #[serde(flatten)]
    brand: &'a Brand,
    #[serde(flatten)]
    view: View,
    year: i16,
}

/// All that other templates are given.
#[derive(Serialize)]
struct PlainFacts<'a> {
    #[serde(flatten)]
    brand: &'a Brand,
    year: i16,
}

impl Page {
    /// The page of that configuration.
    ///
    /// # Errors
    /// What is wrong with a template: it is found now, not by the visitor who meets the first outage.
    pub(super) fn new(config: &Config, assets: &Assets, shared: Shared) -> Result<Self, WebError> {
        let parts = Parts::new(config, assets)?;
        parts.try_out()?;
        Ok(Self { parts, shared, rendered: RwLock::new(None), rendering: Mutex::new(()) })
    }

    /// The page as it is now.
    pub(super) fn current(&self) -> Result<Arc<Rendered>, handlebars::RenderError> {
        let before = self.rendered.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(rendered) = &before {
            let age = self.shared.now().instant.saturating_duration_since(rendered.at);
            if rendered.still_true(self.shared.seen(), age) {
                return Ok(rendered.clone());
            }
        }
        let guard = match (self.rendering.try_lock(), before) {
            (Ok(guard), _) => guard,
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
            // Another worker is at it; nobody waits, the page of a moment ago is served.
            (Err(TryLockError::WouldBlock), Some(before)) => return Ok(before),
            (Err(TryLockError::WouldBlock), None) => self.rendering.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let rendered = Arc::new(self.render()?);
        *self.rendered.write().unwrap_or_else(PoisonError::into_inner) = Some(rendered.clone());
        drop(guard);
        Ok(rendered)
    }

    /// The page for whoever follows a wrong link.
    pub(super) fn answer_not_found(&self) -> HttpResponse {
        let html = match self.parts.not_found(self.shared.now().wall) {
            Ok(html) => html,
            Err(error) => return respond::broken(&error.to_string()),
        };
        let mut answer = HttpResponse::NotFound();
        answer.content_type("text/html; charset=utf-8").insert_header(("Cache-Control", "no-cache"));
        if let Some(policy) = self.policy() {
            answer.insert_header(policy);
        }
        answer.body(html)
    }

    /// The header that says what this page may load, where it is another than that of every answer.
    fn policy(&self) -> Option<(&'static str, &'static str)> {
        self.parts.brand.custom_html.as_ref().map(|_| ("Content-Security-Policy", POLICY_CUSTOM))
    }

    fn render(&self) -> Result<Rendered, handlebars::RenderError> {
        let start = self.shared.now();
        // Read first: what happens while the page is rendered is then seen as new.
        let seen = self.shared.seen();
        let (map, history) = (self.shared.map(), Shown::default());
        let html = self.parts.status(&map, &history, start.wall)?;
        let took = self.shared.now().instant.saturating_duration_since(start.instant);
        let etag = etag(html.as_bytes());
        Ok(Rendered { seen, at: start.instant, took, html: html.into(), etag, gzip: OnceLock::new() })
    }
}

impl Parts {
    fn new(config: &Config, assets: &Assets) -> Result<Self, TemplateError> {
        Ok(Self { templates: Templates::load(assets)?, brand: Brand::new(&config.branding, assets) })
    }

    fn status(&self, map: &Map, history: &Shown, now: Timestamp) -> Result<String, handlebars::RenderError> {
        let facts = Facts { brand: &self.brand, view: view::view(map, history, now), year: year(now) };
        self.templates.render("status", &facts)
    }

    fn not_found(&self, now: Timestamp) -> Result<String, handlebars::RenderError> {
        self.templates.render("not_found", &PlainFacts { brand: &self.brand, year: year(now) })
    }

    /// Makes each page, of nothing and of all that there can be: what is wrong in a branch is then found, too.
    fn try_out(&self) -> Result<(), handlebars::RenderError> {
        self.status(&Map::default(), &Shown::default(), Timestamp::UNIX_EPOCH)?;
        for status in sample::STATUSES {
            self.status(&sample::map(status), &Shown::default(), Timestamp::UNIX_EPOCH)?;
        }
        self.not_found(Timestamp::UNIX_EPOCH).map(|_| ())
    }
}

fn year(now: Timestamp) -> i16 {
    Offset::UTC.to_datetime(now).year()
}

/// Makes each page of samples, to see that the templates serve.
///
/// # Errors
/// What is wrong with a template.
pub(super) fn try_templates(config: &Config, assets: &Assets) -> Result<(), WebError> {
    Ok(Parts::new(config, assets)?.try_out()?)
}

impl Rendered {
    /// Whether the page may be served at that age, when that has happened meanwhile.
    fn still_true(&self, seen: Seen, age: Duration) -> bool {
        let spacing = if seen.flips == self.seen.flips {
            self.took.saturating_mul(DETAILS_SHARE).max(DETAILS_AGE)
        } else {
            self.took
        };
        seen == self.seen || age < spacing
    }

    /// The page in gzip, compressed when it is first asked for.
    fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            // Writing to memory does not fail.
            let _ = encoder.write_all(&self.html);
            encoder.finish().unwrap_or_default().into()
        })
    }
}

impl Brand {
    fn new(branding: &Branding, assets: &Assets) -> Self {
        let text = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string);
        let own_icon = "/badge/icon".to_owned();
        Self {
            title: branding.page_title.clone(),
            page_url: text(&branding.page_url),
            company: branding.company_name.clone(),
            icon_type: branding.icon_url.as_ref().map_or("image/svg+xml", |url| image_type(url.path())),
            icon_url: text(&branding.icon_url).unwrap_or(own_icon),
            logo_url: text(&branding.logo_url),
            website_url: text(&branding.website_url),
            support_url: text(&branding.support_url),
            custom_html: branding.custom_html.clone(),
            style_url: assets.url("stylesheets/vigil.css"),
            script_url: assets.url("javascripts/vigil.js"),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The type of an icon, by its name; PNG when the name does not say.
fn image_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("svg") => "image/svg+xml",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("ico") => "image/x-icon",
        Some("webp") => "image/webp",
        _ => "image/png",
    }
}

/// `GET /`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = live.site();
    let rendered = match site.page.current() {
        Ok(rendered) => rendered,
        Err(error) => return respond::broken(&error.to_string()),
    };
    let gzip = respond::accepts_gzip(&request);
    let body = if gzip { rendered.gzip().clone() } else { rendered.html.clone() };
    let etag = if gzip { rendered.etag.replacen('"', "\"gz-", 1) } else { rendered.etag.clone() };
    let encoding = gzip.then_some(("Content-Encoding", "gzip"));
    let headers =
        [Some(("Cache-Control", "no-cache")), Some(("Vary", "Accept-Encoding")), encoding, site.page.policy()];
    respond::tagged(&request, &etag, "text/html; charset=utf-8", body, headers.into_iter().flatten())
}

/// Whatever has no other handler.
pub(super) async fn not_found(live: Data<Live>) -> HttpResponse {
    live.site().page.answer_not_found()
}
