//! Secrets that stand in files of their own: `reporter_token_file` in place of `reporter_token`, and so on for every
//! secret of the catalogue.
//!
//! Once they are read in, the rest of the reading does not know the difference. A relative path is looked for among the
//! credentials that systemd passes (`LoadCredential=`, systemd.exec(5)), then beside the configuration file.

use std::env::VarError;
use std::path::Path;
use std::path::PathBuf;

use super::document::Entry;
use super::document::Kind;
use super::document::Origin;
use super::document::Table;
use super::document::Value;
use super::error::ConfigError;
use super::file;
use super::keys;
use super::keys::Key;
use super::keys::SECTIONS;
use super::keys::Section;
use super::variables::Lookup;

/// Where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Puts the content of each file that a key such as `reporter_token_file` names in the place of the secret itself.
///
/// # Errors
/// Where such a file cannot be read or used, or where the secret stands beside it.
pub(super) fn read_in(root: &mut Table, file: &Path, lookup: Lookup<'_>) -> Result<(), ConfigError> {
    let credentials = match lookup(CREDENTIALS) {
        Ok(folder) => Some(PathBuf::from(folder)),
        Err(VarError::NotUnicode(folder)) => Some(PathBuf::from(folder)),
        Err(VarError::NotPresent) => None,
    };
    let places = Places { file, credentials };
    for section in SECTIONS {
        let mut tables = vec![&mut *root];
        for name in section.name.split('.') {
            tables = tables.into_iter().flat_map(|table| below(table, name)).collect();
        }
        for table in tables {
            places.read_section(section, table)?;
        }
    }
    Ok(())
}

/// The tables that stand in `table` as `name`: one, or any number of a list.
fn below<'t>(table: &'t mut Table, name: &str) -> Vec<&'t mut Table> {
    let found = table.entries.iter_mut().filter(|entry| entry.key == name).map(|entry| &mut entry.value.kind);
    found
        .flat_map(|kind| match kind {
            Kind::Table(table) => vec![table],
            Kind::Array(items) => items.iter_mut().filter_map(|item| table_of(&mut item.kind)).collect(),
            Kind::String(_) | Kind::Integer(_) | Kind::Float(_) | Kind::Boolean(_) | Kind::Datetime => Vec::new(),
        })
        .collect()
}

fn table_of(kind: &mut Kind) -> Option<&mut Table> {
    if let Kind::Table(table) = kind { Some(table) } else { None }
}

/// Where files are looked for.
struct Places<'a> {
    file: &'a Path,
    credentials: Option<PathBuf>,
}

impl Places<'_> {
    fn read_section(&self, section: &'static Section, table: &mut Table) -> Result<(), ConfigError> {
        for (key, name) in keys::keys_of(section.name).filter_map(|key| Some((key, key.file?))) {
            let Some(entry) = table.get(name) else { continue };
            let line = entry.line;
            let fault = |what: String| ConfigError::new(self.file, Some(line), &format!("{section} {name}"), what);
            if table.get(key.name).is_some() {
                return Err(fault(format!("stands beside `{}`; write only one of them", key.name)));
            }
            let secret = self.read(key, &entry.value).map_err(fault)?;
            let value = Value { line, kind: Kind::String(secret), origin: Origin::File };
            table.entries.push(Entry { key: key.name.to_owned(), line, value });
        }
        Ok(())
    }

    /// The secret in the file that `value` names.
    ///
    /// # Errors
    /// What is wrong, as it reads after the name of the key.
    fn read(&self, key: &Key, value: &Value) -> Result<String, String> {
        let right = format!("write the path of a file that holds `{}`", key.name);
        let named = match &value.kind {
            Kind::String(text) if !text.trim().is_empty() => Path::new(text),
            Kind::String(_) => return Err(format!("is empty; {right}")),
            other => return Err(format!("is {}; {right}", other.word())),
        };
        // The name is not shown: it may be the secret itself, in the wrong place.
        let path = self.find(named);
        let whereabouts = if named.is_relative() { " (beside the configuration file)" } else { "" };
        let bytes = file::read(&path).map_err(|what| format!("the file that it names{whereabouts} {what}; {right}"))?;
        let wrong = |what: &str| format!("the file that it names {what}; {right}, as UTF-8 on a single line");
        let mut text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
        // Whatever wrote the file ended its line.
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        if text.contains(char::is_control) {
            return Err(wrong("holds a line break or another control character"));
        }
        if text.is_empty() { Err(wrong("is empty")) } else { Ok(text) }
    }

    /// Where a file of that name is: the first place that has it, or where it would be expected.
    fn find(&self, named: &Path) -> PathBuf {
        let beside = self.file.parent().unwrap_or(Path::new("")).join(named);
        let credential = self.credentials.as_ref().map(|folder| folder.join(named));
        credential.filter(|path| path.exists()).unwrap_or(beside)
    }
}
