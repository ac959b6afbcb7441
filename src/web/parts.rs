//! What pages are made of: the templates, and what does not change in them.

use handlebars::RenderError;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;

use crate::config::Config;
use crate::model::map::Map;
use crate::model::shown::Range;
use crate::model::shown::Shown;

use super::assets::Assets;
use super::brand::Brand;
use super::month;
use super::month::Month;
use super::node;
use super::sample;
use super::sample_past;
use super::templates::TemplateError;
use super::templates::Templates;
use super::view;

/// The templates, and what does not change in them.
pub(super) struct Parts {
    templates: Templates,
    brand: Brand,
}

/// All that a template is given.
#[derive(serde_derive::Serialize)]
struct Facts<'a, T> {
    #[serde(flatten)]
    brand: &'a Brand,
    #[serde(flatten)]
    own: T,
    year: i16,
}

/// What a template is given that needs nothing of its own.
#[derive(serde_derive::Serialize)]
struct NoFacts {}

impl Parts {
    pub(super) fn new(config: &Config, assets: &Assets) -> Result<Self, TemplateError> {
        Ok(Self { templates: Templates::load(assets)?, brand: Brand::new(&config.branding, assets) })
    }

    /// Whether the operator's own HTML is on every page.
    pub(super) fn has_custom_html(&self) -> bool {
        self.brand.custom_html.is_some()
    }

    /// The status page.
    pub(super) fn status(&self, map: &Map, history: &Shown, now: Timestamp) -> Result<String, RenderError> {
        self.render("status", view::view(map, history, now), now)
    }

    /// The page of a node.
    pub(super) fn node(&self, page: node::NodePage, now: Timestamp) -> Result<String, RenderError> {
        self.render("node", page, now)
    }

    /// The page of a month.
    pub(super) fn month(&self, page: month::MonthPage, now: Timestamp) -> Result<String, RenderError> {
        self.render("history", page, now)
    }

    /// The page for whoever follows a wrong link.
    pub(super) fn not_found(&self, now: Timestamp) -> Result<String, RenderError> {
        self.render("not_found", NoFacts {}, now)
    }

    /// Makes each page, of nothing and of all that there can be: what is wrong in a branch is then found, too.
    pub(super) fn try_out(&self) -> Result<(), RenderError> {
        let epoch = Timestamp::UNIX_EPOCH;
        self.status(&Map::default(), &Shown::default(), epoch)?;
        for status in sample::STATUSES {
            let (map, now) = (sample::map(status), sample::now().wall);
            let shown = sample_past::shown(&map, now);
            self.status(&map, &shown, now)?;
            for (key, history) in sample_past::nodes(&map, now) {
                for history in [None, Some(&history)] {
                    let page = node::view(&map, &shown, &key, Range::Day, history, now);
                    page.map_or(Ok(String::new()), |page| self.node(page, now))?;
                }
            }
            let history = sample_past::month(&map, now);
            for history in [None, Some(&history)] {
                self.month(month::view(&map, &shown, Month::of(now), history, now), now)?;
            }
        }
        self.not_found(epoch).map(|_| ())
    }

    fn render(&self, template: &str, own: impl Serialize, now: Timestamp) -> Result<String, RenderError> {
        let year = Offset::UTC.to_datetime(now).year();
        self.templates.render(template, &Facts { brand: &self.brand, own, year })
    }
}
