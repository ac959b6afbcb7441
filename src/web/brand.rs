//! What of the page is the operator's, and does not change while the program runs.

use serde_derive::Serialize;

use crate::config::Branding;

use super::assets::Assets;

/// What does not change while the program runs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Brand {
    title: String,
    /// Only when it is configured: what the program would make up leads nobody anywhere.
    page_url: Option<String>,
    company: Option<String>,
    icon_url: String,
    icon_type: &'static str,
    logo_url: Option<String>,
    website_url: Option<String>,
    support_url: Option<String>,
    pub(super) custom_html: Option<String>,
    style_url: String,
    script_url: String,
    history_script_url: String,
    version: &'static str,
}

impl Brand {
    /// That of a configuration, with these files.
    pub(super) fn new(branding: &Branding, assets: &Assets) -> Self {
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
            history_script_url: assets.url("javascripts/history.js"),
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
