//! The templates: parsed once at start.

use handlebars::Handlebars;
use handlebars::RenderError;
use serde::Serialize;

use super::assets::Assets;

/// The templates of the pages, and the parts that they share.
pub(super) struct Templates(Handlebars<'static>);

/// Why a template of the operator cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("template `{name}`: {why}")]
pub struct TemplateError {
    name: String,
    why: String,
}

impl Templates {
    /// Parses every template.
    pub(super) fn load(assets: &Assets) -> Result<Self, TemplateError> {
        let mut registry = Handlebars::new();
        for (name, bytes) in assets.templates() {
            let failed = |why: String| TemplateError { name: name.to_owned(), why };
            let text = std::str::from_utf8(bytes).map_err(|error| failed(error.to_string()))?;
            registry.register_template_string(name, text).map_err(|error| failed(on_one_line(&error)))?;
        }
        Ok(Self(registry))
    }

    /// The template of that name, filled in.
    pub(super) fn render(&self, name: &str, facts: &impl Serialize) -> Result<String, RenderError> {
        self.0.render(name, facts)
    }
}

/// The library draws the place over several lines; a line number says as much.
fn on_one_line(error: &handlebars::TemplateError) -> String {
    match error.pos() {
        Some((line, _)) => format!("line {line}: {}", error.reason()),
        None => error.reason().to_string(),
    }
}
