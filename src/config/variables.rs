//! `${NAME}`: values from the environment. They go into string values after parsing, or stand for a whole value, so
//! that what a variable holds can never change the structure of the file.

use std::collections::BTreeSet;
use std::env::VarError;

use toml::de::DeValue;

use super::document::Kind;

/// Asks the environment for a variable, as [`std::env::var`] does.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<String, VarError>;

/// A text in which each bare `${NAME}` is in quotes, so that it is TOML.
pub(super) struct Prepared {
    /// The text, line by line as it was.
    pub(super) text: String,
    /// Where in it those quotes open.
    pub(super) bare: BTreeSet<usize>,
}

/// A `${` in a place where it cannot stand.
pub(super) struct Misplaced {
    /// Where in the text it is.
    pub(super) at: usize,
    /// What is wrong and what would be right.
    pub(super) what: &'static str,
}

const NAME: &str =
    "`${` is not followed by the name of a variable and `}`; write `${NAME}`, or `$${` for a literal `${`";
const WHOLE: &str = "`${NAME}` without quotes stands only for a whole value, `key = ${NAME}`; write it in quotes";

/// Puts quotes around each `${NAME}` that stands outside strings and comments.
pub(super) fn prepare(text: &str) -> Result<Prepared, Misplaced> {
    let mut out = Prepared { text: String::with_capacity(text.len()), bare: BTreeSet::new() };
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let length = if let Some(after) = rest.strip_prefix("${") {
            let name = name_of(after).ok_or(Misplaced { at, what: NAME })?;
            if !text[..at].trim_end_matches([' ', '\t']).ends_with('=') {
                return Err(Misplaced { at, what: WHOLE });
            }
            let length = name.len() + "${}".len();
            out.bare.insert(out.text.len());
            out.text.extend(["'", &rest[..length], "'"]);
            length
        } else {
            let length = token(rest);
            out.text.push_str(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
    Ok(out)
}

/// The length of the comment, the string or the one character that `rest` begins with.
fn token(rest: &str) -> usize {
    match rest.as_bytes()[0] {
        b'#' => rest.find('\n').unwrap_or(rest.len()),
        quote @ (b'"' | b'\'') => {
            let delimiter = if quote == b'"' { "\"\"\"" } else { "'''" };
            if rest.starts_with(delimiter) { long_string(rest, delimiter) } else { short_string(rest, quote) }
        }
        _ => rest.chars().next().map_or(1, char::len_utf8),
    }
}

/// The length of a string of one line; one that does not end ends with its line.
fn short_string(rest: &str, quote: u8) -> usize {
    let mut bytes = rest.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\n' => return at,
            b'\\' if quote == b'"' && rest.as_bytes().get(at + 1) != Some(&b'\n') => {
                bytes.next();
            }
            _ if byte == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a string of many lines; up to two quotes may stand right before the ones that end it.
fn long_string(rest: &str, delimiter: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = delimiter.len();
    while at < bytes.len() {
        if bytes[at] == b'\\' && delimiter.starts_with('"') {
            at += 2;
        } else if bytes[at..].starts_with(delimiter.as_bytes()) {
            let quotes = bytes[at..].iter().take(5).take_while(|byte| **byte == delimiter.as_bytes()[0]).count();
            return at + quotes;
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Puts the values of the variables into a string value; none when it names none.
pub(super) fn fill(text: &str, lookup: Lookup<'_>) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            out.extend([before, "${"]);
            rest = after;
            continue;
        }
        let name = name_of(after).ok_or(NAME)?;
        out.extend([before, &look_up(name, lookup)?]);
        rest = &after[name.len() + 1..];
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// The value that a bare `${NAME}` stands for: an integer, a float or a boolean if that is what it holds, else a
/// string; and what it holds, for a key that wants a string and is given a token that happens to be all digits.
pub(super) fn whole(reference: &str, lookup: Lookup<'_>) -> Result<(Kind, String), String> {
    let name = reference.strip_prefix("${").and_then(name_of).ok_or(NAME)?;
    let text = look_up(name, lookup)?;
    let kind = match DeValue::parse(&text).map(toml::Spanned::into_inner) {
        Ok(DeValue::Integer(number)) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Kind::Integer),
        Ok(DeValue::Float(number)) => number.as_str().parse().ok().map(Kind::Float),
        Ok(DeValue::Boolean(flag)) => Some(Kind::Boolean(flag)),
        // A value that brings its own quotes, as the public Vigil needed.
        Ok(DeValue::String(inner)) => return Ok((Kind::String(inner.to_string()), inner.into_owned())),
        _ => None,
    };
    Ok((kind.unwrap_or_else(|| Kind::String(text.clone())), text))
}

fn look_up(name: &str, lookup: Lookup<'_>) -> Result<String, String> {
    lookup(name).map_err(|error| match error {
        VarError::NotPresent => {
            format!("`${{{name}}}` is not in the environment; define the variable, or write `$${{` for a literal `${{`")
        }
        VarError::NotUnicode(_) => format!("the variable of `${{{name}}}` is not UTF-8; define it as UTF-8"),
    })
}

/// The name of a variable that stands before the next `}`.
fn name_of(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('}')?;
    let first = name.bytes().next()?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (plain && !first.is_ascii_digit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Result<String, VarError> {
        match name {
            "A" => Ok("1".to_owned()),
            "B" => Ok("${A} \" ' \n [x]".to_owned()),
            "EMPTY" => Ok(String::new()),
            "BAD" => Err(VarError::NotUnicode("x".into())),
            _ => Err(VarError::NotPresent),
        }
    }

    #[test]
    fn variables_are_put_into_strings_once() {
        for (text, wanted) in [
            ("plain $A {A} $", None),
            ("<${A}>", Some("<1>")),
            ("${A}${EMPTY}${A}", Some("11")),
            ("${B}", Some("${A} \" ' \n [x]")),
            ("$${A}", Some("${A}")),
            ("$$${A}", Some("$${A}")),
            ("$${ ${A} $${", Some("${ 1 ${")),
        ] {
            assert_eq!(fill(text, &lookup).unwrap().as_deref(), wanted, "{text}");
        }
        for text in ["${", "${}", "${a-b}", "${1A}", "${A", "${ A }", "${NONE}", "${BAD}", "${É}"] {
            assert!(fill(text, &lookup).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_whole_value_may_stand_bare() {
        for (text, wanted) in [
            ("a = ${A} # ${B", "a = '${A}' # ${B"),
            ("a=${A}", "a='${A}'"),
            ("a = \"${B\" # x", "a = \"${B\" # x"),
            ("a = \"\\\"${\"\nb = ${A}", "a = \"\\\"${\"\nb = '${A}'"),
            ("a = '${\\'\nb = ${A}", "a = '${\\'\nb = '${A}'"),
            ("a = \"\"\"\n${ \\\"\"\" ${ \"\"\"\"\"\nb = ${A}", "a = \"\"\"\n${ \\\"\"\" ${ \"\"\"\"\"\nb = '${A}'"),
            ("a = '''${ ''\n'''''\nb = ${A}", "a = '''${ ''\n'''''\nb = '${A}'"),
            ("a = \"open ${\nb = ${A}", "a = \"open ${\nb = '${A}'"),
            ("é = \"日本\"\nb = ${A}", "é = \"日本\"\nb = '${A}'"),
        ] {
            assert_eq!(prepare(text).ok().map(|it| it.text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["${A} = 1", "[${A}]", "a = [${A}]", "a = ${A}${A}", "a = ${", "a = $${A}", "a =\n${A}"] {
            assert!(prepare(text).is_err(), "{text}");
        }
    }
}
