//! The files of the page: those inside the binary, and those of the operator, which win one by one.
//!
//! All of them are read at start and served from memory by name, so no spelling of a path can reach another file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::io;
use std::path::Path;

use actix_web::web::Bytes;
use rust_embed::RustEmbed;

use crate::config::Branding;
use crate::config::Color;
use crate::config::Config;

/// The largest file of an operator that is taken in: it stays in memory.
const FILE_MAX: u64 = 8 * 1024 * 1024;

/// How many files of an operator are taken in, and how deep folders may lie.
const FILES_MAX: usize = 1_000;
const DEPTH_MAX: usize = 4;

/// The folders that visitors may read.
const PUBLIC: [&str; 4] = ["fonts/", "images/", "javascripts/", "stylesheets/"];

/// The stylesheet, which the branding's colours are added to.
const STYLE: &str = "stylesheets/vigil.css";

#[derive(RustEmbed)]
#[folder = "res/assets/"]
struct BuiltIn;

/// The files by name: their path below the assets folder, with `/`.
pub(super) struct Assets(BTreeMap<String, Asset>);

/// A file, ready to be served.
pub(super) struct Asset {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
    pub(super) etag: String,
}

impl Assets {
    /// The built-in files and the operator's.
    pub(super) fn load(config: &Config) -> Self {
        let built_in =
            BuiltIn::iter().filter_map(|name| Some((name.to_string(), BuiltIn::get(&name)?.data.into_owned())));
        let mut files: BTreeMap<String, Vec<u8>> = built_in.collect();
        let folder = &config.assets.path;
        if folder.is_dir() {
            let mut own = BTreeMap::new();
            take_in(folder, "", 0, &mut own);
            files.extend(own);
        } else if config.assets.given {
            log::warn!("[assets] path: `{}` is not a folder; the built-in assets are used", folder.display());
        }
        if let Some(style) = files.get_mut(STYLE) {
            style.extend_from_slice(colors(&config.branding).as_bytes());
        }
        Self(files.into_iter().map(|(name, bytes)| (name.clone(), Asset::new(&name, bytes))).collect())
    }

    /// The file of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Asset> {
        self.0.get(name)
    }

    /// The file of that name, if visitors may read it.
    pub(super) fn public(&self, name: &str) -> Option<&Asset> {
        PUBLIC.iter().any(|folder| name.starts_with(folder)).then(|| self.get(name))?
    }

    /// Every template: its name, and its text.
    pub(super) fn templates(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let name = |path: &'_ str| path.strip_prefix("templates/")?.strip_suffix(".hbs").map(str::len);
        self.0.iter().filter_map(move |(path, asset)| {
            let length = name(path)?;
            let start = "templates/".len();
            Some((path.get(start..start + length)?, asset.bytes.as_ref()))
        })
    }

    /// The URL of a public file, which changes with its content so that it may be kept for ever.
    pub(super) fn url(&self, name: &str) -> String {
        let version = self.get(name).map(|asset| asset.etag.trim_matches('"')).unwrap_or_default();
        format!("/assets/{name}?v={version}")
    }
}

impl Asset {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let mime = mime_guess::from_path(name).first_or_octet_stream();
        let text = mime.type_() == "text" || matches!(mime.subtype().as_str(), "javascript" | "json" | "svg");
        let content_type = if text { format!("{mime}; charset=utf-8") } else { mime.to_string() };
        let etag = etag(&bytes);
        Self { bytes: bytes.into(), content_type, etag }
    }
}

/// A strong entity tag of these bytes.
pub(super) fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Takes in the files below a folder.
fn take_in(folder: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, Vec<u8>>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return skipped(folder, &error.to_string()),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            skipped(&path, "its name is not UTF-8");
            continue;
        };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            if depth < DEPTH_MAX {
                take_in(&path, &format!("{name}/"), depth + 1, files);
            } else {
                skipped(&path, "folders lie too deep");
            }
            continue;
        }
        if files.len() >= FILES_MAX {
            return skipped(&path, "there are too many files");
        }
        match read(&path) {
            Ok(bytes) => {
                files.insert(name, bytes);
            }
            Err(error) => skipped(&path, &error.to_string()),
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if about.len() > FILE_MAX {
        return Err(io::Error::other("it is larger than 8 MiB"));
    }
    fs::read(path)
}

fn skipped(path: &Path, why: &str) {
    log::warn!("asset `{}` is not used: {why}", path.display());
}

/// The branding's colours as CSS variables, each with the text colour that is readable on it.
fn colors(branding: &Branding) -> String {
    let mut rules = String::new();
    for (name, color) in [("icon", branding.icon_color), ("logo", branding.logo_color)] {
        let Some(color) = color else { continue };
        let Color { red, green, blue } = color;
        let on = if luminance(color) > 0.179 { "#000" } else { "#fff" };
        // Writing into a string cannot fail.
        let _ = write!(rules, "--brand-{name}:#{red:02x}{green:02x}{blue:02x};--on-brand-{name}:{on};");
    }
    if rules.is_empty() { rules } else { format!("\n:root{{{rules}}}\n") }
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(color: Color) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
}
