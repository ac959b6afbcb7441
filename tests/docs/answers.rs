//! docs/API.md asks every address in its table, by every method, and what it shows as the answer is what a program with the
//! sample configuration answers.
#![expect(clippy::disallowed_methods, reason = "these tests wait for what a real program does in real time")]

use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use super::Block;
use super::Sample;
use super::all_blocks;
use super::commands;

/// How long a status that is to come is waited for: the machine may be busy.
const SOON: Duration = Duration::from_secs(30);

/// The commands of docs/API.md in their order, each with the answer that is shown below it.
fn examples() -> Vec<(String, String, Option<String>)> {
    let mut found: Vec<(String, String, Option<String>)> = Vec::new();
    for Block { place, language, text } in all_blocks() {
        match (place.starts_with("docs/API.md:"), language.as_str()) {
            (true, "sh") => found.extend(commands(&text).into_iter().map(|command| (place.clone(), command, None))),
            (true, "json") => {
                let (_, _, answer) = found.last_mut().expect("an answer without a command");
                assert!(answer.is_none(), "{place}: a second answer");
                *answer = Some(text);
            }
            _ => {}
        }
    }
    assert!(found.len() > 10, "{} examples", found.len());
    found
}

#[test]
fn answers_are_what_the_program_answers() {
    let sample = Sample::start();
    for (place, command, shown) in examples() {
        let asks = |command: &str| sample.run(&place, command).replace(&sample.address, "[::1]:8080");
        let mut answer = asks(&command);
        let Some(shown) = shown else { continue };
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let alike = |answer: &str| serde_json::from_str(answer).is_ok_and(|answer| is_alike(&shown, &answer));
        let begun = Instant::now();
        // What is asked for may be known a moment later; what was done is done.
        while !alike(&answer) && !command.contains(" -d ") && begun.elapsed() < SOON {
            thread::sleep(Duration::from_millis(100));
            answer = asks(&command);
        }
        assert!(alike(&answer), "{place}: `{command}` answers {answer}");
    }
}

/// Whether the answer has the fields and the texts that are shown. Ids, moments, statuses and numbers are others each time, and
/// a list may hold more.
fn is_alike(shown: &Value, answer: &Value) -> bool {
    match (shown, answer) {
        (Value::Object(shown), Value::Object(answer)) => {
            shown.len() == answer.len()
                && shown.iter().all(|(name, value)| answer.get(name).is_some_and(|other| is_alike(value, other)))
        }
        (Value::Array(shown), Value::Array(answer)) => {
            shown.iter().all(|one| answer.iter().any(|other| is_alike(one, other)))
        }
        (Value::String(shown), Value::String(answer)) => shown == answer || kind(shown) == kind(answer),
        (Value::Number(_), Value::Number(_)) => true,
        _ => shown == answer,
    }
}

/// What a text is of which there are others.
fn kind(text: &str) -> &str {
    match text {
        "healthy" | "sick" | "dead" => "status",
        text if text.parse::<jiff::Timestamp>().is_ok() => "moment",
        text if text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) => "id",
        text => text,
    }
}

#[test]
fn every_address_of_the_table_has_an_example() {
    let text = std::fs::read_to_string("docs/API.md").unwrap();
    let examples = examples();
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with("| `/")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, addresses, methods, ..] = cells[..] else { panic!("{row}") };
        for address in addresses.split('`').skip(1).step_by(2) {
            for method in methods.split(", ") {
                let has = examples.iter().any(|(_, command, _)| asks(command, method, address));
                assert!(has, "docs/API.md has no example of {method} {address}");
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} of them");
}

/// Whether a command asks that address, `/manager/maintenance/{id}`, by that method.
fn asks(command: &str, method: &str, address: &str) -> bool {
    let by = match command.split_once(" -X ") {
        Some((_, by)) => by.split(' ').next().unwrap(),
        None if command.contains(" -d ") => "POST",
        None => "GET",
    };
    let Some((_, path)) = command.split_once("[::1]:8080/") else { return false };
    let path: Vec<&str> = path.split(['"', ' ', '?']).next().unwrap().trim_end_matches('/').split('/').collect();
    let parts: Vec<&str> = address.trim_start_matches('/').split('/').collect();
    let fits = |(part, asked): (&&str, &&str)| part == asked || part.starts_with('{') && !asked.is_empty();
    // The names of assets have slashes in them.
    let is_long_enough = parts.len() == path.len() || address == "/assets/{name}" && path.len() >= parts.len();
    by == method && is_long_enough && parts.iter().zip(&path).all(fits)
}
