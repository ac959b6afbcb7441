//! The status page: rendered once per change, not once per request.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::TryLockError;
use std::time::Duration;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use handlebars::RenderError;

use crate::config::Config;
use crate::engine::shared::Seen;
use crate::engine::shared::Shared;
use crate::model::map::Map;
use crate::model::shown::Shown;

use super::POLICY_CUSTOM;
use super::WebError;
use super::assets::Assets;
use super::parts::Parts;
use super::rendered::Rendered;
use super::respond;
use super::site::Live;

/// How old the page's details (latencies, loads, the last check) may be.
const DETAILS_AGE: Duration = Duration::from_secs(1);

/// How old the page may be when nothing happens: time goes on all the same, and days begin.
const QUIET_AGE: Duration = Duration::from_mins(1);

/// Rendering for the sake of details takes at most one part in so many of the time; for the sake of a status, half of
/// it: a status on the page is no older than the page takes to render.
const DETAILS_SHARE: u32 = 10;

/// The page, and what it is made from.
pub(super) struct Page {
    pub(super) parts: Parts,
    shared: Shared,
    latest: RwLock<Option<Latest>>,
    rendering: Mutex<()>,
}

/// The page as it was made last, and when.
#[derive(Clone)]
struct Latest {
    seen: Seen,
    at: Instant,
    took: Duration,
    page: Arc<Rendered>,
}

impl Page {
    /// The page of that configuration.
    ///
    /// # Errors
    /// What is wrong with a template: it is found now, not by the visitor who meets the first outage.
    pub(super) fn new(config: &Config, assets: &Assets, shared: Shared) -> Result<Self, WebError> {
        let parts = Parts::new(config, assets)?;
        parts.try_out()?;
        Ok(Self { parts, shared, latest: RwLock::new(None), rendering: Mutex::new(()) })
    }

    /// The page as it is now.
    pub(super) fn current(&self) -> Result<Arc<Rendered>, RenderError> {
        let before = self.latest.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(latest) = &before {
            let age = self.shared.now().instant.saturating_duration_since(latest.at);
            if latest.is_still_true(self.shared.seen(), age) {
                return Ok(latest.page.clone());
            }
        }
        let guard = match (self.rendering.try_lock(), before) {
            (Ok(guard), _) => guard,
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
            // Another worker is at it; nobody waits, the page of a moment ago is served.
            (Err(TryLockError::WouldBlock), Some(before)) => return Ok(before.page),
            (Err(TryLockError::WouldBlock), None) => self.rendering.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let latest = self.render()?;
        let page = latest.page.clone();
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = Some(latest);
        drop(guard);
        Ok(page)
    }

    /// What pages show at present.
    pub(super) fn shown(&self) -> (Map, Shown) {
        self.shared.shown()
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

    /// The header that says what a page may load, where it is another than that of every answer.
    pub(super) fn policy(&self) -> Option<(&'static str, &'static str)> {
        self.parts.has_custom_html().then_some(("Content-Security-Policy", POLICY_CUSTOM))
    }

    fn render(&self) -> Result<Latest, RenderError> {
        let start = self.shared.now();
        // Read first: what happens while the page is rendered is then seen as new.
        let seen = self.shared.seen();
        let (map, history) = self.shown();
        let page = Arc::new(Rendered::new(self.parts.status(&map, &history, start.wall)?));
        let took = self.shared.now().instant.saturating_duration_since(start.instant);
        Ok(Latest { seen, at: start.instant, took, page })
    }
}

/// Makes each page of samples, to see that the templates serve.
///
/// # Errors
/// What is wrong with a template.
pub(super) fn try_templates(config: &Config, assets: &Assets) -> Result<(), WebError> {
    Ok(Parts::new(config, assets)?.try_out()?)
}

impl Latest {
    /// Whether the page may be served at that age, when that has happened meanwhile.
    fn is_still_true(&self, seen: Seen, age: Duration) -> bool {
        let spacing = if seen == self.seen {
            QUIET_AGE
        } else if seen.flips == self.seen.flips {
            self.took.saturating_mul(DETAILS_SHARE).max(DETAILS_AGE)
        } else {
            self.took
        };
        age < spacing
    }
}

/// `GET /`
pub(super) async fn get(request: HttpRequest, live: Data<Live>) -> HttpResponse {
    let site = live.site();
    match site.page.current() {
        Ok(page) => page.answer(&request, site.page.policy()),
        Err(error) => respond::broken(&error.to_string()),
    }
}

/// Whatever has no other handler.
pub(super) async fn not_found(live: Data<Live>) -> HttpResponse {
    live.site().page.answer_not_found()
}
