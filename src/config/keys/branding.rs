//! `[branding]`

use super::Key;
use super::takes::COLOR;
use super::takes::LINK;
use super::takes::TEXT;
use super::takes::WEB_URL;

/// Its keys.
pub(super) static KEYS: &[Key] = &[
    // [branding]
    Key::new("branding", "page_title", TEXT, "The title of the page, of its browser tab and of its notices.")
        .default("\"Status Page\""),
    Key::new(
        "branding",
        "page_url",
        WEB_URL,
        "Where the public finds the page: links in notices lead there. Without it they lead to the listening address.",
    ),
    Key::new("branding", "company_name", TEXT, "Your company, in the footer."),
    Key::new("branding", "icon_color", COLOR, "The colour behind the icon, in browsers that tint their frame."),
    Key::new("branding", "icon_url", WEB_URL, "The icon of the browser tab: square, PNG by preference."),
    Key::new("branding", "logo_color", COLOR, "The main colour of your logo; the support button wears it."),
    Key::new("branding", "logo_url", WEB_URL, "The logo in the header: full width, SVG by preference."),
    Key::new("branding", "website_url", WEB_URL, "Your website, linked from the header."),
    Key::new("branding", "support_url", LINK, "Where users find help, linked from the header."),
    Key::new(
        "branding",
        "custom_html",
        "HTML as a string",
        "HTML that goes into the head of the page as it is, so it must be trusted.",
    )
    .default("\"\""),
];
