//! Power cuts at random moments, while targets flip and the channel fails every other time: every notice arrives, in
//! order, and twice only where the cut fell between its delivery and its strike-off.
//!
//! `VIGIL_CRASH_ROUNDS` says how many cuts there are.

use std::collections::HashMap;
use std::env;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::hook::Hook;
use crate::hook::Reply;
use crate::hook::Request;
use crate::restart::wait_until_nothing_is_owed;
use crate::slack::target;
use crate::slack::telling;
use crate::slack::watching;
use crate::support::SOON;
use crate::support::Vigil;
use crate::support::config;
use crate::support::wait_until;

const ROUNDS: usize = 10;

const TARGETS: [&str; 3] = ["api", "site", "shop"];

/// A number from 0 to below that.
fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

/// What is owed by that database, which must be whole: the moments since when a node is dead, as messages have them.
fn owed(folder: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(folder.join("vigil.db")).unwrap();
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let mut query = database.prepare("SELECT body FROM notices JOIN owed ON notice_id = id ORDER BY id").unwrap();
    let bodies: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut moments = Vec::new();
    for body in bodies {
        let notice: serde_json::Value = serde_json::from_str(&body).unwrap();
        for change in notice["changes"].as_array().unwrap() {
            if change["to"] == "dead" {
                let since: jiff::Timestamp = change["since"].as_str().unwrap().parse().unwrap();
                moments.push(format!("since {}", since.strftime("%-d %b %Y, %H:%M:%S UTC")));
            }
        }
    }
    moments
}

/// Which nodes a message tells of, and whether each is dead.
fn told(request: &Request) -> Vec<(&'static str, bool)> {
    let text = request.text();
    let lines = text.lines().filter_map(|line| line.strip_prefix("• "));
    let node = |line: &str| *TARGETS.iter().find(|id| line.contains(&format!("({id}:node)"))).unwrap();
    lines.map(|line| (node(line), !line.contains(" is healthy again"))).collect()
}

/// When the message says that it was made.
fn made(request: &Request) -> String {
    let fields = request.json()["attachments"][0]["fields"].as_array().unwrap().clone();
    fields.iter().find(|field| field["title"] == "Time").unwrap()["value"].as_str().unwrap().to_owned()
}

#[test]
fn power_cuts_lose_no_notice() {
    let rounds = env::var("VIGIL_CRASH_ROUNDS").ok().map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let hook = Hook::start(Reply::Coin);
    let targets = TARGETS.map(|id| (id, target()));
    let watched: String = targets.iter().map(|(id, target)| watching(id, target)).collect();
    let text = config(&[telling(&hook, "group_wait = 0\ngroup_interval = 0.1"), watched].concat());
    let (mut cuts, mut owing, mut dead) = (Vec::new(), Vec::new(), HashMap::new());
    let mut vigil = Vigil::start(&text);
    vigil.wait_for_status("healthy");
    for round in 0..rounds {
        let end = Instant::now() + Duration::from_millis(random(3_000));
        while Instant::now() < end {
            let (id, target) = &targets[usize::try_from(random(3)).unwrap()];
            let dies = random(2) == 0;
            target.set(Reply::Status(if dies { 503 } else { 200 }));
            dead.insert(*id, dies);
            thread::sleep(Duration::from_millis(random(700)));
        }
        let folder = vigil.kill();
        cuts.push(Instant::now());
        owing.extend(owed(folder.path()).into_iter().map(|moment| (round, moment)));
        vigil = Vigil::start_again(folder, &text);
    }
    hook.set(Reply::Status(200));
    let last = || -> HashMap<&str, bool> {
        hook.requests().iter().filter(|request| request.accepted).flat_map(told).collect()
    };
    let up_to_date = || {
        targets.iter().all(|(id, _)| last().get(id).copied().unwrap_or(false) == dead.get(id).copied().unwrap_or(false))
    };
    assert!(wait_until(SOON, up_to_date), "{dead:?}, told: {:?}\n{}", last(), vigil.log().text());
    wait_until_nothing_is_owed(vigil.folder());

    let accepted: Vec<Request> = hook.requests().into_iter().filter(|request| request.accepted).collect();
    for (round, moment) in &owing {
        let after = |request: &&Request| request.at > cuts[*round] && request.text().contains(moment);
        assert!(accepted.iter().any(|request| after(&request)), "what was owed after cut {round} never came: {moment}");
    }
    let mut doubled = 0;
    let mut level: HashMap<&str, bool> = HashMap::new();
    let mut before: Option<&Request> = None;
    // The link to the page is none of it: its port is another one after each start.
    let mut arrived: HashMap<(String, String), Instant> = HashMap::new();
    for request in &accepted {
        if let Some(first) = arrived.insert((request.text(), made(request)), request.at) {
            // When the disk is slow, a later one may have been delivered before the cut, too.
            let cut = cuts.iter().any(|cut| first < *cut && *cut < request.at);
            assert!(cut, "told twice without a cut between: {}", request.text());
            doubled += 1;
            continue;
        }
        if let Some(before) = before {
            let midnight = made(before).starts_with("23:") && made(request).starts_with("00:");
            assert!(made(before) <= made(request) || midnight, "out of order: {} then {}", made(before), made(request));
        }
        for (node, dies) in told(request) {
            let was = level.insert(node, dies).unwrap_or(false);
            let again = request.text().contains(" again since ");
            assert!(!(dies && was) || again, "{node} is told to be dead twice in a row: {}", request.text());
        }
        before = Some(request);
    }
    assert!(doubled <= rounds, "{doubled} doubled in {rounds} cuts");
    println!("{rounds} cuts, {} accepted of {}, {doubled} told twice", accepted.len(), hook.requests().len());
}
