//! The page and its files on the wire: tags, encodings, headers, escaping, and the operator's own files.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;

use flate2::read::GzDecoder;
use tempfile::TempDir;

use crate::support::Vigil;
use crate::support::command;
use crate::support::config;
use crate::support::polled;

/// A page on which nothing changes: one node that reports, of which nothing is known.
fn quiet(more: &str) -> Vigil {
    Vigil::start(&format!("{}{more}", config(&push("App", "Push"))))
}

fn push(service: &str, node: &str) -> String {
    format!(
        "[[probe.service]]\nid = \"secret-service-id\"\nlabel = {service:?}\n[[probe.service.node]]\n\
         id = \"secret-node-id\"\nlabel = {node:?}\nmode = \"push\"\n"
    )
}

#[test]
fn an_unchanged_page_is_not_sent_again() {
    let vigil = quiet("");
    for path in ["/", "/status/report", "/badge/icon", "/assets/stylesheets/vigil.css", "/robots.txt"] {
        for encoding in ["identity", "gzip"] {
            let first = vigil.request("GET", path, &[("Accept-Encoding", encoding)], b"");
            let tag = first.header("etag").unwrap().to_owned();
            let weak = format!("W/{tag}");
            for known in [tag.as_str(), &weak, "*", &format!("\"other\", {tag}")] {
                let headers = [("Accept-Encoding", encoding), ("If-None-Match", known)];
                let again = vigil.request("GET", path, &headers, b"");
                assert_eq!((again.status, again.body.len()), (304, 0), "{path} {encoding} {known}");
                assert_eq!(again.header("etag"), Some(tag.as_str()), "{path} {encoding}");
            }
            let headers = [("Accept-Encoding", encoding), ("If-None-Match", "\"other\"")];
            assert_eq!(vigil.request("GET", path, &headers, b"").status, 200, "{path} {encoding}");
        }
    }
}

#[test]
fn a_change_makes_another_page() {
    let vigil = quiet("");
    let before = vigil.get("/").header("etag").unwrap().to_owned();
    let report = r#"{"replica":"a","interval":30,"load":{"cpu":0.1,"ram":0.1}}"#;
    assert_eq!(vigil.report("/reporter/secret-service-id/secret-node-id", report).status, 200);
    vigil.wait_for_page("The only node is healthy.");
    assert_eq!(vigil.request("GET", "/", &[("If-None-Match", &before)], b"").status, 200);
}

#[test]
fn gzip_holds_the_same_page() {
    let vigil = quiet("");
    let plain = vigil.get("/");
    let packed = vigil.request("GET", "/", &[("Accept-Encoding", "br, gzip")], b"");
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    for answer in [&plain, &packed] {
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
    }
    assert_ne!(plain.header("etag"), packed.header("etag"));
    let mut unpacked = String::new();
    GzDecoder::new(packed.body.as_slice()).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.text());
    assert!(packed.body.len() * 2 < plain.body.len());
}

#[test]
fn a_file_is_kept_for_ever_only_under_the_name_that_changes_with_it() {
    let vigil = quiet("");
    let page = vigil.get("/").text();
    let start = page.find("/assets/stylesheets/vigil.css?v").unwrap();
    let url = page[start..].split('"').next().unwrap().replace("&#x3D;", "=");
    let for_ever = Some("public, max-age=31536000, immutable");
    assert_eq!(vigil.get(&url).header("cache-control"), for_ever);
    for other in ["/assets/stylesheets/vigil.css", "/assets/stylesheets/vigil.css?v=1"] {
        assert_eq!(vigil.get(other).header("cache-control"), Some("public, max-age=3600"), "{other}");
    }
}

#[test]
fn the_usual_headers_are_everywhere() {
    let vigil = quiet("");
    for path in ["/", "/nothing", "/status/text", "/assets/javascripts/vigil.js"] {
        let answer = vigil.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "SAMEORIGIN")] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert!(answer.header("referrer-policy").is_some() && answer.header("permissions-policy").is_some(), "{path}");
    }
}

#[test]
fn the_operators_html_goes_in_as_it_is_and_may_do_what_it_brings() {
    let html = "<script>window.counted = 1</script>";
    let vigil = quiet(&format!("\n[branding]\ncustom_html = {html:?}\n"));
    let answer = vigil.get("/");
    assert!(answer.text().contains(html));
    assert!(answer.header("content-security-policy").unwrap().contains("'unsafe-inline'"));
}

#[test]
fn what_comes_from_outside_is_escaped_and_ids_stay_inside() {
    let bad = "<script>alert('x')</script>\"&";
    let vigil = Vigil::start(&config(&push(bad, "مرحبا <b>right</b>")));
    let answer = vigil.report(
        "/reporter/secret-service-id/secret-node-id",
        r#"{"replica":"<i>secret-replica</i>","interval":30,"load":{"cpu":0.99,"ram":0.1}}"#,
    );
    assert_eq!(answer.status, 200);
    vigil.wait_for_page("CPU load 99%");
    let page = vigil.get("/").text();
    for private in ["secret-service-id", "secret-node-id", "secret-replica", "<script>alert", "<b>right", "<i>"] {
        assert!(!page.contains(private), "the page has `{private}`");
    }
    assert!(page.contains("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&amp;"), "{page}");
}

#[test]
fn a_node_may_reveal_its_replicas() {
    let vigil = Vigil::start(&config(&polled("web", &["tcp://127.0.0.1:1"])));
    vigil.wait_for_status("dead");
    let page = vigil.get("/").text();
    assert!(page.contains("tcp://127.0.0.1:1") && page.contains("connection refused"), "{page}");
    let hidden = polled("web", &["tcp://127.0.0.1:1"]).replace("reveal_replica_name = true", "");
    let vigil = Vigil::start(&config(&hidden));
    vigil.wait_for_status("dead");
    assert!(!vigil.get("/").text().contains("127.0.0.1:1<"), "the page names a replica");
}

#[test]
fn badges_and_health_tell_the_page_from_the_monitor() {
    let vigil = Vigil::start(&config(&polled("web", &["tcp://127.0.0.1:1"])));
    vigil.wait_for_status("dead");
    let dead = vigil.get("/badge/color");
    assert!(dead.text().contains("#E10000"), "{}", dead.text());
    let health = vigil.get("/health");
    let document: serde_json::Value = serde_json::from_slice(&health.body).unwrap();
    assert_eq!((health.status, document["status"].as_str()), (200, Some("pass")), "{document}");
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn branding_is_shown_and_what_is_not_given_is_not() {
    let bare = quiet("").get("/").text();
    assert!(bare.contains("<title>Waiting for the first results | Status Page</title>"), "{bare}");
    assert!(bare.contains("href=\"/badge/icon\"") && !bare.contains("support.example"), "{bare}");
    let vigil = quiet(
        "\n[branding]\npage_title = \"Example Status\"\ncompany_name = \"Example\"\npage_url = \"https://status.example.com\"\n\
         icon_url = \"https://example.com/icon.png\"\nicon_color = \"#123\"\nlogo_url = \"https://example.com/logo.svg\"\n\
         logo_color = \"#ffee00\"\nwebsite_url = \"https://example.com\"\nsupport_url = \"mailto:help@support.example\"\n",
    );
    let page = vigil.get("/").text();
    for part in [
        "| Example Status</title>",
        "Example",
        "https://status.example.com/",
        "https://example.com/icon.png",
        "type=\"image/png\"",
        "https://example.com/logo.svg",
        "href=\"https://example.com/\"",
        "mailto:help@support.example",
    ] {
        assert!(page.contains(part), "the page lacks `{part}`:\n{page}");
    }
    let style = vigil.get("/assets/stylesheets/vigil.css").text();
    assert!(style.contains("--brand-icon:#112233;--on-brand-icon:#fff;"), "{style:.100}");
    assert!(style.contains("--brand-logo:#ffee00;--on-brand-logo:#000;"), "{style:.100}");
}

#[test]
fn the_operators_files_win_one_by_one() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("templates/footer.hbs", "<footer>Ours, {{year}}</footer>");
    write("images/team/cat.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    write("public/robots.txt", "User-agent: *\nDisallow: /\n");
    let assets = format!("\n[assets]\npath = {:?}\n", folder.path());
    let vigil = quiet(&assets);
    assert!(vigil.get("/").text().contains("<footer>Ours, 20"));
    assert_eq!(vigil.get("/assets/images/team/cat.svg").header("content-type"), Some("image/svg+xml; charset=utf-8"));
    assert!(vigil.get("/robots.txt").text().ends_with("Disallow: /\n"));
    assert_eq!(vigil.get("/assets/stylesheets/vigil.css").status, 200);
    assert_eq!(vigil.get("/assets/templates/footer.hbs").status, 404);
    write("later.txt", "not taken in any more");
    assert_eq!(vigil.get("/assets/later.txt").status, 404);
}

#[test]
fn a_template_that_cannot_be_used_is_refused_at_the_start() {
    for (text, wanted) in [
        ("{{#if company}}never closed", "template `footer`: line 1: "),
        ("one\n{{#if company}\nthree", "template `footer`: line 2: "),
        ("{{> missing}}", "a template cannot be filled in: "),
        ("{{no_such_helper title}}", "a template cannot be filled in: "),
        ("{{#if (eq status \"sick\")}}{{> missing}}{{/if}}", "a template cannot be filled in: "),
        ("{{#if no}}{{> banner}}{{> footer}}{{/if}}", "template `footer`: includes itself"),
        ("{{> (lookup this \"title\")}}", "template `footer`: includes a partial by a name that is computed"),
        (&"{{#if title}}".repeat(100_000), "template `footer`: has more than 1000 blocks"),
    ] {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/footer.hbs"), text).unwrap();
        let file = folder.path().join("vigil.cfg");
        fs::write(&file, format!("{}\n[assets]\npath = {:?}\n", config(""), folder.path())).unwrap();
        let ended = command().arg("-c").arg(&file).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        // It is all that is said: nothing was watched or told yet.
        assert!(said.starts_with(&format!("vigil: {wanted}")) && said.lines().count() == 1, "{said}");
        assert!(!String::from_utf8_lossy(&ended.stdout).contains("serving"), "it says that it serves");
    }
}

/// What `check` says of these templates of the operator, and whether they pass.
fn checked(templates: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("templates")).unwrap();
    for (name, text) in templates {
        fs::write(folder.path().join(format!("templates/{name}.hbs")), text).unwrap();
    }
    check(&folder)
}

/// What `check` says of a folder of assets.
fn check(folder: &TempDir) -> (Option<i32>, String) {
    let file = folder.path().join("vigil.cfg");
    let path = folder.path().to_str().unwrap();
    fs::write(&file, format!("{}\n[assets]\npath = {path:?}\n", config(""))).unwrap();
    let ended = command().arg("check").arg("-c").arg(&file).output().unwrap();
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn templates_that_include_each_other_are_refused_even_where_nothing_leads_to_them() {
    for a in ["{{> b}}", "{{#if no}}{{> b}}{{/if}}"] {
        let (code, said) = checked(&[("a", a), ("b", "{{> a}}")]);
        assert_eq!((code, said.as_str()), (Some(1), "vigil: template `a`: includes itself by way of `b`\n"));
    }
}

#[test]
fn what_is_wrong_in_a_branch_is_found_before_the_outage_that_leads_there() {
    let word = |status: &str| format!("{{{{#if (eq status \"{status}\")}}}}{{{{> missing}}}}{{{{/if}}}}");
    for template in ["banner", "service", "replica"] {
        for status in ["healthy", "sick", "dead", "unknown"] {
            let (code, said) = checked(&[(template, &word(status))]);
            assert_eq!((code, said.lines().count()), (Some(1), 1), "{template} {status}: {said}");
            assert!(said.starts_with("vigil: a template cannot be filled in: "), "{template} {status}: {said}");
        }
        assert_eq!(checked(&[(template, &word("never"))]), (Some(0), String::new()), "{template}");
    }
}

#[test]
fn a_folder_of_links_to_itself_is_told_in_one_line() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    for number in 0..30 {
        symlink(".", folder.path().join(format!("images/{number}"))).unwrap();
        symlink(".", folder.path().join(number.to_string())).unwrap();
    }
    let assets = format!("\n[assets]\npath = {:?}\n", folder.path());
    let vigil = quiet(&assets);
    let log = vigil.log().text();
    assert_eq!(log.lines().filter(|line| line.contains(" WARN ")).count(), 1, "{log}");
    assert!(log.contains("has more than 1000 files and folders; the rest is not used"), "{log}");
    assert_eq!(vigil.get("/").status, 200);
}
