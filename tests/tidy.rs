//! The layers of docs/ARCHITECTURE.md, and what only certain layers may do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The modules by layer, lowest first. A module may import from lower layers only.
const LAYERS: &[&[&str]] =
    &[&["clock", "secret"], &["model"], &["config", "net"], &["history", "notify", "probe"], &["engine"], &["web"]];

/// Files of the program itself, which may import everything.
const PROGRAM: &[&str] = &["args", "lib", "logging", "main", "parts", "run", "serve", "supervisor", "terminal"];

/// What only some modules may do, and why.
const ONLY: &[(&str, &[&str], &str)] = &[
    ("Instant::now(", &["clock"], "ask the Clock"),
    ("SystemTime::now(", &["clock"], "ask the Clock"),
    ("Timestamp::now(", &["clock"], "ask the Clock"),
    ("thread::sleep(", &[], "wait on a Bell"),
    (
        "thread::Builder",
        &["engine", "logging", "net", "supervisor"],
        "only the engine, what cannot be hurried, and what nothing may hinder have threads",
    ),
    ("thread::spawn(", &[], "threads have names"),
    ("io::stdout()", &["terminal"], "only the program prints"),
    ("process::exit(", &[], "only `main` ends the program, by returning"),
    ("std::fs", &["config", "history", "logging", "net", "supervisor", "web"], "the model and the loops do no I/O"),
    ("actix_web", &["serve", "web"], "the web server is known to `web` alone"),
    ("tokio_postgres::", &["config", "history"], "SQL is spoken by history alone"),
    ("rusqlite::", &["history"], "SQL is spoken by history alone"),
    ("lettre::transport", &["notify"], "mail is sent by its channel alone"),
    ("ureq::", &["config", "net"], "HTTP is spoken by the one client"),
];

/// The longest file. The catalogue of keys is a list and may be longer.
const LINES_MAX: usize = 500;
const LISTS: &[&str] = &["src/config/keys.rs"];

struct Source {
    path: PathBuf,
    module: String,
    /// Without its tests, which may do more.
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new("src"), &mut found);
    assert!(found.len() > 20, "the sources are not where this test looks for them");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let is_tests = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
            let code = if is_tests { "" } else { text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default() };
            let first = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            found.push(Source { path, module, code: code.to_owned(), lines: text.lines().count() });
        }
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn modules_import_from_lower_layers_only() {
    for source in sources() {
        let Some(own) = layer(&source.module) else {
            assert!(PROGRAM.contains(&source.module.as_str()), "{} is in no layer", source.path.display());
            continue;
        };
        for (number, line) in source.code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            for import in line.split("crate::").skip(1) {
                let module: String = import.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let allowed = module == source.module || layer(&module).is_some_and(|layer| layer < own);
                assert!(
                    allowed,
                    "{}:{}: `{}` may not use `{module}`",
                    source.path.display(),
                    number + 1,
                    source.module
                );
            }
        }
    }
}

#[test]
fn only_some_modules_do_some_things() {
    for source in sources() {
        for (what, modules, why) in ONLY {
            let found = source.code.lines().position(|line| line.split("//").next().unwrap_or_default().contains(what));
            if let Some(line) = found {
                let allowed = modules.contains(&source.module.as_str());
                assert!(allowed, "{}:{}: `{what}`: {why}", source.path.display(), line + 1);
            }
        }
    }
}

#[test]
fn files_have_one_subject() {
    for source in sources() {
        let list = LISTS.contains(&source.path.to_str().unwrap());
        assert!(list || source.lines <= LINES_MAX, "{} has {} lines", source.path.display(), source.lines);
    }
}
