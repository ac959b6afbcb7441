//! `[branding]`

use std::str::FromStr;

use super::super::Branding;
use super::super::Color;
use super::super::error::ConfigError;
use super::super::section::Section;
use super::web_url::LINKED;
use super::web_url::WEB;
use super::web_url::absolute;

const DEFAULT_TITLE: &str = "Status Page";

/// `[branding]`
pub(super) fn branding(section: &Section<'_>) -> Result<Branding, ConfigError> {
    let url = |name| section.read(name, |field| absolute(&field, WEB));
    let color = |name| section.read(name, |field| field.parsed("is not a colour"));
    let words = |name| match section.field(name) {
        Some(field) if !field.text()?.is_empty() => field.words().map(|text| Some(text.to_owned())),
        _ => Ok(None),
    };
    Ok(Branding {
        page_title: words("page_title")?.unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
        page_url: url("page_url")?,
        company_name: words("company_name")?,
        icon_color: color("icon_color")?,
        icon_url: url("icon_url")?,
        logo_color: color("logo_color")?,
        logo_url: url("logo_url")?,
        website_url: url("website_url")?,
        support_url: section.read("support_url", |field| absolute(&field, LINKED))?,
        custom_html: section
            .read("custom_html", |field| field.text().map(str::to_owned))?
            .filter(|html| !html.trim().is_empty()),
    })
}

impl FromStr for Color {
    type Err = ();

    /// `#rgb` or `#rrggbb`, as CSS has it.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits: Vec<u8> = text
            .strip_prefix('#')
            .ok_or(())?
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(()))
            .collect::<Result<_, _>>()?;
        match digits[..] {
            [red, green, blue] => Ok(Self { red: red * 17, green: green * 17, blue: blue * 17 }),
            [r, ed, g, reen, b, lue] => Ok(Self { red: r * 16 + ed, green: g * 16 + reen, blue: b * 16 + lue }),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_css_has_them() {
        for (text, wanted) in [
            ("#17f", Some((0x11, 0x77, 0xff))),
            ("#1972F5", Some((0x19, 0x72, 0xf5))),
            ("#000000", Some((0, 0, 0))),
            ("#FfFfFf", Some((255, 255, 255))),
            ("1972f5", None),
            ("#1972f", None),
            ("#1972f500", None),
            ("#12", None),
            ("#", None),
            ("", None),
            ("#ggg", None),
            ("#+1f", None),
            ("#日本語", None),
            (" #17f", None),
            ("red", None),
        ] {
            let found = text.parse::<Color>().ok().map(|color| (color.red, color.green, color.blue));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
