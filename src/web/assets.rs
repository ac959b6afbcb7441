//! The files of the page: those inside the binary, and those of the operator, which win one by one.
//!
//! All of them are read at start and served from memory by name, so no spelling of a path can reach another file.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::fs::DirEntry;
use std::fs::File;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use actix_web::web::Bytes;
use rust_embed::RustEmbed;

use crate::config::Branding;
use crate::config::Color;
use crate::config::Config;

/// The largest file of an operator that is taken in: it stays in memory.
const FILE_MAX: u64 = 8 * 1024 * 1024;

/// The largest sum of them: a page has a few fonts and pictures, and a host of a status page may be small.
const TOTAL_MAX: u64 = 64 * 1024 * 1024;

/// How many files and folders of an operator are looked at, and how deep folders may lie. Folders count, since links
/// can make many out of one.
const FILES_MAX: usize = 1_000;
const DEPTH_MAX: usize = 4;

/// How many files that are not used are named in the log.
const NAMED_MAX: usize = 10;

/// The folders that are taken in; templates first, since a page with half of them is worse than one without pictures.
const USED: [&str; 6] = ["templates", "public", "stylesheets", "javascripts", "fonts", "images"];

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
            files.extend(Intake::of(folder).files);
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

/// What is taken in of an operator's folder.
#[derive(Default)]
struct Intake {
    files: BTreeMap<String, Vec<u8>>,
    /// The sum of their sizes.
    bytes: u64,
    /// How many files and folders were looked at.
    looked_at: usize,
    /// How many were found to be of no use.
    skipped: usize,
    /// The first folder that lies too deep: where one is, links may have made many.
    too_deep: Option<PathBuf>,
}

/// Why the rest is not taken in.
struct Full(String);

impl Intake {
    /// The files of that folder, as far as they are used and there is room.
    fn of(folder: &Path) -> Self {
        let mut intake = Self::default();
        let used = USED.iter().map(|name| (folder.join(name), format!("{name}/")));
        let taken = used.filter(|(path, _)| path.is_dir()).try_for_each(|(path, name)| intake.folder(&path, &name, 0));
        let deep = intake.too_deep.take();
        match (taken, deep) {
            (Err(Full(why)), _) => log::warn!("[assets] path: `{}` {why}; the rest is not used", folder.display()),
            (Ok(()), Some(deep)) => skipped(&deep, "folders lie too deep, here and maybe elsewhere"),
            (Ok(()), None) => {}
        }
        intake
    }

    /// Takes in the files below a folder.
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Full> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.skip(folder, &error.to_string());
                return Ok(());
            }
        };
        entries.flatten().try_for_each(|entry| self.entry(&entry, prefix, depth))
    }

    /// Takes in a file, or the files below a folder.
    fn entry(&mut self, entry: &DirEntry, prefix: &str, depth: usize) -> Result<(), Full> {
        self.looked_at += 1;
        if self.looked_at > FILES_MAX {
            return Err(Full(format!("has more than {FILES_MAX} files and folders")));
        }
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            self.skip(&path, "its name is not UTF-8");
            return Ok(());
        };
        let name = format!("{prefix}{name}");
        if !path.is_dir() {
            return self.file(&path, name);
        }
        if depth < DEPTH_MAX {
            return self.folder(&path, &format!("{name}/"), depth + 1);
        }
        self.too_deep.get_or_insert(path);
        Ok(())
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), Full> {
        match read(path) {
            Ok(bytes) if self.bytes + size(&bytes) > TOTAL_MAX => Err(Full("holds more than 64 MiB".to_owned())),
            Ok(bytes) => {
                self.bytes += size(&bytes);
                self.files.insert(name, bytes);
                Ok(())
            }
            Err(error) => {
                self.skip(path, &error.to_string());
                Ok(())
            }
        }
    }

    /// Says that a file is of no use; of many, that there are more.
    fn skip(&mut self, path: &Path, why: &str) {
        self.skipped += 1;
        match self.skipped.cmp(&(NAMED_MAX + 1)) {
            Ordering::Less => skipped(path, why),
            Ordering::Equal => log::warn!("more assets are not used than these"),
            Ordering::Greater => {}
        }
    }
}

/// The content of a file, whatever size it claims to have: some, as those of `/proc`, claim none.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if about.len() > FILE_MAX {
        return Err(too_large());
    }
    read_to_limit(File::open(path)?)
}

fn read_to_limit(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if size(&bytes) > FILE_MAX { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> io::Error {
    io::Error::other("it is larger than 8 MiB")
}

fn size(bytes: &[u8]) -> u64 {
    bytes.len().try_into().unwrap_or(u64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    fn folder(names: &[&str]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for name in names {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        folder
    }

    #[test]
    fn only_the_folders_that_are_used_are_taken_in() {
        let folder = folder(&["images/a", "backup"]);
        for name in ["images/a/b.svg", "backup/all.tar", "notes.txt"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let intake = Intake::of(folder.path());
        assert_eq!(intake.files.keys().collect::<Vec<_>>(), ["images/a/b.svg"]);
        assert_eq!(intake.looked_at, 2);
    }

    #[test]
    fn folders_count_so_that_links_in_a_circle_end() {
        let folder = folder(&["images"]);
        for number in 0..30 {
            symlink(".", folder.path().join(format!("images/{number}"))).unwrap();
        }
        let intake = Intake::of(folder.path());
        assert_eq!((intake.looked_at, intake.files.len(), intake.skipped), (FILES_MAX + 1, 0, 0));
    }

    #[test]
    fn a_file_that_claims_no_size_is_read_up_to_the_limit() {
        assert_eq!(fs::metadata("/proc/self/status").unwrap().len(), 0);
        assert!(!read(Path::new("/proc/self/status")).unwrap().is_empty());
        let error = read_to_limit(io::repeat(0)).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 8 MiB");
    }

    #[test]
    fn a_file_and_all_files_have_a_size_that_they_may_not_exceed() {
        let folder = folder(&["fonts"]);
        let file = |name: String, size: u64| {
            File::create(folder.path().join("fonts").join(name)).unwrap().set_len(size).unwrap();
        };
        file("large".to_owned(), FILE_MAX + 1);
        let intake = Intake::of(folder.path());
        assert_eq!((intake.files.len(), intake.skipped), (0, 1));
        (0..10).for_each(|number| file(number.to_string(), FILE_MAX));
        let intake = Intake::of(folder.path());
        assert_eq!((intake.files.len(), intake.bytes), (8, TOTAL_MAX));
    }
}
