//! The status page: rendered once per change, not once per request.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use handlebars::RenderError;

use crate::config::Config;
use crate::engine::shared::Shared;
use crate::model::map::Map;
use crate::model::shown::Shown;

use super::POLICY_CUSTOM;
use super::WebError;
use super::assets::Assets;
use super::fresh::Fresh;
use super::parts::Parts;
use super::rendered::HTML;
use super::rendered::Rendered;
use super::respond;
use super::site::Live;

/// The page, and what it is made from.
pub(super) struct Page {
    pub(super) parts: Parts,
    shared: Shared,
    status: Fresh<Rendered>,
}

impl Page {
    /// The page of that configuration.
    ///
    /// # Errors
    /// What is wrong with a template: it is found now, not by the visitor who meets the first outage.
    pub(super) fn new(config: &Config, assets: &Assets, shared: Shared) -> Result<Self, WebError> {
        let parts = Parts::new(config, assets)?;
        parts.try_out()?;
        Ok(Self { parts, status: Fresh::new(shared.clone()), shared })
    }

    /// The page as it is now.
    pub(super) fn current(&self) -> Result<Arc<Rendered>, RenderError> {
        self.status.get(|shared, now| {
            let (map, history) = shared.shown();
            Ok(Rendered::new(self.parts.status(&map, &history, now)?, HTML))
        })
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
        answer.content_type(HTML).insert_header(("Cache-Control", "no-cache"));
        if let Some(policy) = self.policy() {
            answer.insert_header(policy);
        }
        answer.body(html)
    }

    /// The header that says what a page may load, where it is another than that of every answer.
    pub(super) fn policy(&self) -> Option<(&'static str, &'static str)> {
        self.parts.has_custom_html().then_some(("Content-Security-Policy", POLICY_CUSTOM))
    }
}

/// Makes each page of samples, to see that the templates serve.
///
/// # Errors
/// What is wrong with a template.
pub(super) fn try_templates(config: &Config, assets: &Assets) -> Result<(), WebError> {
    Ok(Parts::new(config, assets)?.try_out()?)
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
