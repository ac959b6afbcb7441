//! What is served: made whole from one configuration, and replaced whole by that of another.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use handlebars::RenderError;

use crate::config::Config;
use crate::engine::Handle;
use crate::secret::Secret;

use super::WebError;
use super::archive::ReadingRoom;
use super::assets::Assets;
use super::cache::Cache;
use super::page::Page;
use super::rendered::HTML;
use super::rendered::Rendered;
use super::report::Reports;
use super::respond;

/// What is served by one configuration.
pub struct Site {
    pub(super) page: Page,
    pub(super) reports: Reports,
    /// Whether the report is offered to language models, too.
    pub(super) mcp_server: bool,
    pub(super) assets: Assets,
    /// What whoever manages the page must give; without it there is nothing that could be managed.
    pub(super) manager_token: Option<Secret>,
    /// What reports must carry; without it nobody may report, and there is nothing that could be reported to.
    pub(super) reporter_token: Option<Secret>,
    pub(super) engine: Handle,
    pub(super) archive: ReadingRoom,
    /// The pages that are made of what the archive has.
    pub(super) cache: Cache,
}

impl Site {
    /// The site of that configuration, which the public finds at `page_url`; it shows the state of that engine.
    ///
    /// # Errors
    /// [`WebError`], when a template is faulty: it is found now, not by the visitor who meets the first outage.
    pub fn new(config: &Config, page_url: &str, engine: Handle) -> Result<Self, WebError> {
        let assets = Assets::load(config);
        let page = Page::new(config, &assets, engine.shared.clone())?;
        let (manager_token, reporter_token) =
            (config.server.manager_token.clone(), config.server.reporter_token.clone());
        let archive = ReadingRoom::new(engine.archive.clone());
        let reports = Reports::new(config, page_url, engine.shared.clone());
        let mcp_server = config.server.mcp_server;
        let cache = Cache::default();
        Ok(Self { page, reports, mcp_server, assets, manager_token, reporter_token, engine, archive, cache })
    }

    /// Answers with a page that is made of what the archive has, and keeps it until then, or until something flips.
    pub(super) fn answer_anew(
        &self,
        request: &HttpRequest,
        asked: String,
        flips: u64,
        until: Instant,
        html: Result<String, RenderError>,
    ) -> HttpResponse {
        match html {
            Ok(html) => {
                let page = Arc::new(Rendered::new(html, HTML));
                self.cache.put(asked, page.clone(), flips, until);
                page.answer(request, self.page.policy())
            }
            Err(error) => respond::broken(&error.to_string()),
        }
    }

    /// Renders the page, so that the first visitor need not wait for it.
    ///
    /// # Errors
    /// [`WebError`], when it cannot be rendered.
    pub fn warm_up(&self) -> Result<(), WebError> {
        self.page.current()?;
        Ok(())
    }
}

/// The site that is served at present. Clones share it.
#[derive(Clone)]
pub struct Live(Arc<RwLock<Arc<Site>>>);

impl Live {
    /// Serves that site.
    #[must_use]
    pub fn new(site: Site) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(site))))
    }

    /// Serves another one from now on; what is being answered is answered by the one that it began with.
    pub fn replace(&self, site: Site) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    /// The present one.
    pub(super) fn site(&self) -> Arc<Site> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
