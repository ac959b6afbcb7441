//! The examples of README.md and docs/*.md, and of the comments of config.cfg: all are run, as a reader would.
//!
//! What runs depends on the language of a block; a second word after it says that it is something else:
//!
//! | block | what happens |
//! | --- | --- |
//! | `toml` | loads without a warning; what a part of a file cannot do without is put around it |
//! | `toml other` | not for Vigil |
//! | `sh` | `vigil` and `curl` are run beside a program with the sample configuration, and succeed |
//! | `nginx` | `nginx -t` accepts it, where nginx is installed |
//! | `caddyfile` | `caddy validate` accepts it, where Caddy is installed |
//! | `json` | is JSON |
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::format_push_string,
    reason = "a test that cannot go on fails, and is in no hurry"
)]

#[path = "docs/answers.rs"]
mod answers;
#[path = "docs/comparison.rs"]
mod comparison;

use std::env;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;
use vigil_server::config;
use vigil_server::config::keys;
use vigil_server::config::keys::Shape;

/// Languages of which nothing is run.
const TO_READ: &[&str] = &["text", "html", "ini", "systemd", "console", "js", "javascript", "python", "rust", "yaml"];

/// Commands that are for the reader's machine, not for a test. Those of the installation are run by `tests/package`.
const FOR_READERS: &[&str] = &[
    "apt",
    "apt-get",
    "cargo",
    "cd",
    "docker",
    "dpkg",
    "editor",
    "git",
    "install",
    "journalctl",
    "scripts/build-packages",
    "scripts/release",
    "scripts/test",
    "sudo",
    "systemctl",
    "systemd-sysusers",
    "tar",
];

/// Addresses of examples, which become the one of the program under test.
const ADDRESSES: &[&str] = &["[::1]:8080", "localhost:8080", "127.0.0.1:8080"];

/// A fenced block, or an indented one of config.cfg.
struct Block {
    place: String,
    language: String,
    text: String,
}

fn documents() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("README.md")];
    found.extend(fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path()));
    found.retain(|path| path.extension().is_some_and(|it| it == "md") && path.exists());
    found.sort();
    found
}

/// All fenced blocks of a language.
fn blocks(language: &str) -> Vec<Block> {
    all_blocks().into_iter().filter(|block| block.language == language).collect()
}

fn all_blocks() -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let mut open = None;
        for (number, line) in text.lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), &mut open) {
                (Some(language), None) => {
                    let place = format!("{}:{}", path.display(), number + 1);
                    open = Some(Block { place, language: language.trim().to_owned(), text: String::new() });
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (None, Some(block)) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block does not end", path.display());
    }
    found
}

#[test]
fn every_block_is_of_a_known_kind() {
    let run = ["caddyfile", "json", "nginx", "sh", "toml", "toml other"];
    for Block { place, language, .. } in all_blocks() {
        let known = run.iter().chain(TO_READ).any(|known| *known == language);
        assert!(known, "{place}: tests/docs.rs does not know what to do with `{language}`");
    }
}

#[test]
fn configurations_load_without_a_warning() {
    let lookup = |name: &str| {
        Ok(match name {
            name if name.ends_with("WORKERS") || name.ends_with("PORT") => "4".to_owned(),
            name if name.ends_with("HOOK") || name.ends_with("URL") => "https://hooks.example.com/secret".to_owned(),
            _ => "a-secret-of-the-environment".to_owned(),
        })
    };
    for Block { place, text, .. } in blocks("toml") {
        let folder = TempDir::new().unwrap();
        let text = with_secret_files(&whole(&text), folder.path());
        let loaded = config::load_bytes(&folder.path().join("vigil.cfg"), text.as_bytes(), &lookup);
        let loaded = loaded.unwrap_or_else(|error| panic!("{place}: {error}"));
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert!(warnings.is_empty(), "{place}: {warnings:?}");
    }
}

/// The same with every secret in a file, such as that of `reporter_token_file`, in `folder`.
fn with_secret_files(text: &str, folder: &Path) -> String {
    let line = |line: &str| {
        let named = line.split_once("_file = \"").filter(|(key, _)| *key != "smtp_ca");
        let Some((key, path)) = named else { return line.to_owned() };
        let name = Path::new(path.trim_end_matches('"')).file_name().unwrap().to_str().unwrap();
        let secret =
            if key == "url" { "postgres://db.example.com/vigil\n" } else { "https://hooks.example.com/secret\n" };
        fs::write(folder.join(name), secret).unwrap();
        format!("{key}_file = \"{name}\"")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A part of a configuration with what it cannot do without: nodes have a service, and reports a password.
fn whole(part: &str) -> String {
    let mut whole = part.to_owned();
    let has = |header: &str| part.lines().any(|line| line.trim() == header);
    if has("[[probe.service.node]]") && !has("[[probe.service]]") {
        let node = whole.find("[[probe.service.node]]").unwrap();
        whole.insert_str(node, "[[probe.service]]\nid = \"service\"\nlabel = \"Service\"\n\n");
    }
    if has("[[probe.service]]") && !has("[[probe.service.node]]") {
        let node = "id = \"node\"\nlabel = \"Node\"\nmode = \"poll\"\nreplicas = [\"tcp://[::1]:25\"]\n";
        whole.push_str(&format!("\n[[probe.service.node]]\n{node}"));
    }
    if !has("[server]") {
        whole.push_str("\n[server]\nreporter_token = \"a-secret\"\n");
    }
    whole
}

/// README.md lists exactly the keys that are honoured, with their defaults: rows of ``| `key`, `key` | `default` | .. |``
/// in tables whose head names the section, or says `every channel`.
#[test]
fn the_readme_lists_every_key_and_its_default() {
    let Ok(text) = fs::read_to_string("README.md") else { return };
    let ticked = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut sections: Vec<String> = Vec::new();
    let mut listed = Vec::new();
    for row in text.lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, names, defaults, ..] = cells[..] else {
            sections.clear();
            continue;
        };
        let names = ticked(names);
        if let Some(head) = names.first().and_then(|name| name.strip_prefix('[')) {
            sections = vec![head.trim_matches(['[', ']']).to_owned()];
            continue;
        }
        if row.starts_with("| every channel |") {
            let kinds = keys::SECTIONS.iter().filter(|one| one.shape == Shape::Either);
            sections = kinds.map(|one| one.name.to_owned()).collect();
            continue;
        }
        for section in &sections {
            for (at, name) in names.iter().enumerate() {
                let key = keys::key(section, name).unwrap_or_else(|| panic!("README.md: no key `{section}.{name}`"));
                if let Some(default) = ticked(defaults).get(at) {
                    let known = key.default.unwrap_or_default().trim_matches('"');
                    assert_eq!(default, known, "README.md: the default of `{section}.{name}`");
                }
                listed.push(format!("{section}.{name}"));
            }
        }
    }
    let honoured = keys::all().filter(|key| key.old.is_none());
    let missing: Vec<String> =
        honoured.map(|key| format!("{}.{}", key.section, key.name)).filter(|key| !listed.contains(key)).collect();
    assert!(missing.is_empty(), "README.md does not list {missing:?}");
}

#[test]
fn json_is_json() {
    for Block { place, text, .. } in blocks("json") {
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
}

#[test]
fn commands_succeed() {
    let sample = Sample::start();
    let mut ran = 0;
    for block in blocks("sh").into_iter().chain(sample_commands()) {
        for command in commands(&block.text) {
            let program = command.split_whitespace().find(|word| !word.contains('=')).unwrap();
            match program {
                // The channels of examples are not there, and the server is the one that runs already.
                "vigil" if command.contains("notify-test") || !command.contains("check") => {}
                "vigil" | "curl" => {
                    sample.run(&block.place, &command);
                    ran += 1;
                }
                other => assert!(
                    FOR_READERS.contains(&other),
                    "{}: tests/docs.rs does not know what to do with `{other}`",
                    block.place
                ),
            }
        }
    }
    assert!(ran > 0, "no command was found");
}

/// The commands of a block: a line each, unless it ends in a backslash. Comments are not commands.
fn commands(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.trim().trim_start_matches("$ "));
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// What the comments of config.cfg tell the reader to run: what is indented in them.
fn sample_commands() -> Vec<Block> {
    let text = fs::read_to_string("config.cfg").unwrap();
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let indented = line.strip_prefix("#     ");
        match (indented, inside) {
            (Some(line), true) => found.last_mut().unwrap().text += &format!("{line}\n"),
            (Some(line), false) => {
                let place = format!("config.cfg:{}", number + 1);
                found.push(Block { place, language: "sh".to_owned(), text: format!("{line}\n") });
            }
            (None, _) => {}
        }
        inside = indented.is_some();
    }
    found
}

/// A program that runs with the sample configuration, on an address of its own.
struct Sample {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Sample {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let text = fs::read_to_string("config.cfg").unwrap();
        assert!(text.contains("inet = \"[::1]:8080\""), "config.cfg has another address");
        let file = folder.path().join("config.cfg");
        let mut text = text.replace("inet = \"[::1]:8080\"", "inet = \"127.0.0.1:0\"");
        // What docs/API.md wants switched on.
        for (commented, on) in
            [("# manager_token = ", "manager_token = "), ("# mcp_server = false", "mcp_server = true")]
        {
            assert!(text.contains(commented), "config.cfg has no `{commented}`");
            text = text.replace(commented, on);
        }
        fs::write(&file, text).unwrap();
        fs::write(folder.path().join(".curlrc"), "fail\nsilent\nshow-error\n").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_vigil"))
            .arg("-c")
            .arg(&file)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let found = lines.find_map(|line| Some(line.strip_prefix("serving the status page on http://")?.to_owned()));
        let address = found.expect("the sample configuration does not start").trim_end_matches('/').to_owned();
        Self { child, address, folder }
    }

    /// Runs a command of the documentation as a reader would, but here; gives what it writes.
    fn run(&self, place: &str, command: &str) -> String {
        let binaries = Path::new(env!("CARGO_BIN_EXE_vigil")).parent().unwrap();
        let mut here = command
            .replace("/etc/vigil/vigil.cfg", "config.cfg")
            .replace("https://status.example.com", "http://[::1]:8080");
        for address in ADDRESSES {
            here = here.replace(address, &self.address);
        }
        let path = format!("{}:{}", binaries.display(), env::var("PATH").unwrap());
        let ended = Command::new("sh")
            .args(["-c", &here])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("CURL_HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{place}: `{here}` ended with {}: {said}", ended.status);
        String::from_utf8_lossy(&ended.stdout).into_owned()
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn nginx_accepts_its_examples() {
    let Some(nginx) = installed("nginx") else { return };
    for Block { place, text, .. } in blocks("nginx") {
        let folder = TempDir::new().unwrap();
        let inside = folder.path().display();
        let server = if text.contains("server {") { text } else { format!("server {{\n{text}\n}}\n") };
        let server = with_certificate(&server, folder.path());
        // Nothing is listened on in earnest: ports below 1024 are not everybody's.
        let quiet = server.lines().map(|line| match line.trim_start().strip_prefix("listen ") {
            Some(what) if what.contains("ssl") => format!("listen unix:{inside}/tls ssl;\n"),
            Some(_) => format!("listen unix:{inside}/plain;\n"),
            None => format!("{line}\n"),
        });
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|one| format!("{one}_temp_path {inside}/{one};\n"));
        let file = folder.path().join("nginx.conf");
        let whole = format!(
            "pid {inside}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{}{}}}\n",
            paths.concat(),
            quiet.collect::<String>()
        );
        fs::write(&file, whole).unwrap();
        accept(&place, Command::new(&nginx).arg("-t").arg("-p").arg(folder.path()).arg("-c").arg(&file));
    }
}

/// The same with a certificate that is there.
fn with_certificate(server: &str, folder: &Path) -> String {
    let signed = rcgen::generate_simple_self_signed(vec!["status.example.com".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), signed.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), signed.signing_key.serialize_pem()).unwrap();
    let line = |line: &str| match line.split_whitespace().next() {
        Some("ssl_certificate") => format!("ssl_certificate {}/cert.pem;\n", folder.display()),
        Some("ssl_certificate_key") => format!("ssl_certificate_key {}/key.pem;\n", folder.display()),
        _ => format!("{line}\n"),
    };
    server.lines().map(line).collect()
}

#[test]
fn caddy_accepts_its_examples() {
    let Some(caddy) = installed("caddy") else { return };
    for Block { place, text, .. } in blocks("caddyfile") {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("Caddyfile");
        fs::write(&file, text).unwrap();
        accept(
            &place,
            Command::new(&caddy)
                .args(["validate", "--adapter", "caddyfile", "--config"])
                .arg(&file)
                .env("HOME", folder.path()),
        );
    }
}

/// Where a program is, if it is installed.
fn installed(name: &str) -> Option<PathBuf> {
    let path = env::var("PATH").unwrap() + ":/usr/sbin:/sbin";
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists())
}

fn accept(place: &str, command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output().unwrap();
    assert!(ended.status.success(), "{place}: {}", String::from_utf8_lossy(&ended.stderr));
}
