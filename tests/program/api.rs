//! docs/openapi.yaml has every route of the server with its methods, and no other; docs/API.md tells of each. What they
//! answer is looked at by schemathesis, see tests/api.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::Vigil;
use crate::support::config;

/// The methods of each path of docs/openapi.yaml, which has paths at the second level and methods at the third.
fn described() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string("docs/openapi.yaml").unwrap();
    let (_, paths) = text.split_once("\npaths:\n").unwrap();
    let (paths, _) = paths.split_once("\ncomponents:\n").unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut path = String::new();
    for line in paths.lines() {
        let name = line.trim().trim_end_matches(':');
        match line.len() - line.trim_start().len() {
            2 => {
                name.clone_into(&mut path);
                found.entry(path.clone()).or_default();
            }
            4 if ["get", "post", "put", "patch", "delete"].contains(&name) => {
                found.get_mut(&path).unwrap().push(name.to_uppercase());
            }
            _ => {}
        }
    }
    assert!(found.len() > 10 && found.values().all(|methods| !methods.is_empty()), "{found:?}");
    found
}

/// The paths that the server is told of: the texts that begin with a slash where its services are named.
fn served() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new("src/web").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = fs::read_to_string(&entry).unwrap_or_default();
            for service in [".service(", ".route("].into_iter().flat_map(|what| text.split(what).skip(1)) {
                let named =
                    service.split_once('"').filter(|(before, _)| before.trim().len() < 20 && !before.contains(')'));
                let path = named.and_then(|(_, after)| after.split_once('"')).map(|(path, _)| path);
                found.extend(path.filter(|path| path.starts_with('/')).map(|path| path.replace(":.*}", "}")));
            }
        }
    }
    found
}

#[test]
fn every_route_is_described_and_no_other() {
    let described: BTreeSet<String> = described().into_keys().collect();
    assert_eq!(described, served());
}

#[test]
fn every_described_path_takes_its_methods_and_no_others() {
    let text = config("").replace("[server]\n", "[server]\nmcp_server = true\nmanager_token = \"m4nager\"\n");
    let vigil = Vigil::start(&text);
    for (path, methods) in described() {
        let answer = vigil.request("BREW", &path.replace(['{', '}'], "x"), &[], b"");
        let wanted = methods.iter().map(|method| if method == "GET" { "GET, HEAD" } else { method });
        let wanted = wanted.collect::<Vec<_>>().join(", ");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(wanted.as_str())), "{path}");
    }
}

#[test]
fn the_documentation_has_a_line_for_every_path() {
    let text = fs::read_to_string("docs/API.md").unwrap();
    for (path, methods) in described() {
        let listed = text.lines().find(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            cells.get(1).is_some_and(|cell| cell.contains(&format!("`{path}`")))
                && cells.get(2).is_some_and(|cell| *cell == methods.join(", "))
        });
        assert!(listed.is_some(), "docs/API.md has no line for {methods:?} {path}");
    }
}
