//! Templates of the configuration, in Handlebars (<https://handlebarsjs.com/guide/>): compiled and tried when the file is
//! read, so that a bad one is an error with its place rather than a notice that is lost.
//!
//! A template is strict while it is tried, with a notice in which nothing is empty: a misspelled variable is refused. It
//! is lenient while it is used: what a notice has not is empty.

mod sample;

use std::fmt;
use std::io;
use std::io::Write;
use std::sync::Arc;

use handlebars::Context;
use handlebars::Handlebars;
use handlebars::Helper;
use handlebars::HelperResult;
use handlebars::Output;
use handlebars::RenderContext;
use handlebars::RenderError;
use handlebars::RenderErrorReason;
use handlebars::TemplateError;
use handlebars::TemplateErrorReason;
use handlebars::template::HelperTemplate;
use handlebars::template::Parameter;
use handlebars::template::Template as Parsed;
use handlebars::template::TemplateElement;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

/// The longest template, in bytes: what people write by hand is far shorter.
const TEXT_MAX: usize = 64 * 1024;

/// The longest text that a template may make, in bytes: no provider takes more.
const MADE_MAX: usize = 256 * 1024;

/// How many blocks a template may have, and how deep its brackets may be: it is read by recursion.
const BLOCKS_MAX: usize = 100;
const BRACKETS_DEEPEST: usize = 32;

/// How deep loops may be in loops: changes, their replicas, and one to spare.
const LOOPS_DEEPEST: usize = 3;

/// The name by which the one template of a registry is known.
const NAME: &str = "template";

/// What stays as it is in a URL and in a form (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A template that works. `Debug` does not show it, since it may hold a token.
#[derive(Clone)]
pub struct Template(Arc<Handlebars<'static>>);

/// How `{{variable}}` is escaped; `{{{variable}}}` never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As the inside of a JSON string.
    Json,
    /// As a value of a form: percent-encoded.
    Form,
    /// As a text of HTML and XML.
    Markup,
    /// Not at all.
    None,
}

impl Template {
    /// A template that was tried with notices of every kind.
    ///
    /// # Errors
    /// What is wrong with it, as it reads after its name and "is not a template".
    pub fn new(text: &str, escape: Escape) -> Result<Self, String> {
        check_size(text)?;
        let parsed = Parsed::compile(text).map_err(|error| told_syntax(&error))?;
        check_elements(&parsed, 0)?;
        let mut registry = Handlebars::new();
        registry.register_escape_fn(escape_fn(escape));
        registry.register_helper("json", Box::new(json));
        registry.register_helper("urlencode", Box::new(urlencode));
        // It would write into the log of the program.
        registry.unregister_helper("log");
        registry.register_template(NAME, parsed);
        registry.set_strict_mode(true);
        for full in sample::full() {
            make(&registry, &full)?;
        }
        registry.set_strict_mode(false);
        for bare in sample::bare() {
            make(&registry, &bare)?;
        }
        Ok(Self(Arc::new(registry)))
    }

    /// The text of a notice.
    ///
    /// # Errors
    /// Why there is none: it would be too long.
    pub fn render(&self, notice: &Value) -> Result<String, String> {
        make(&self.0, notice)
    }

    /// Whether what it makes is JSON, whatever stands in a notice.
    ///
    /// # Errors
    /// Where it is not, in the first text that is not.
    pub(super) fn check_json(&self) -> Result<(), String> {
        for notice in sample::full().into_iter().chain(sample::bare()) {
            let made = self.render(&notice)?;
            if let Err(error) = serde_json::from_str::<Value>(&made) {
                let kind = notice["kind"].as_str().unwrap_or_default();
                let place = format!("line {}, column {}", error.line(), error.column());
                return Err(format!("of a notice of the kind `{kind}` it breaks at {place}"));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[template]")
    }
}

/// A notice in which nothing is empty, as templates see it.
#[must_use]
pub fn sample() -> Value {
    sample::full().swap_remove(0)
}

fn make(registry: &Handlebars<'_>, notice: &Value) -> Result<String, String> {
    let mut made = Limited(Vec::new());
    registry.render_to_write(NAME, notice, &mut made).map_err(|error| told(&error))?;
    String::from_utf8(made.0).map_err(|_| "makes a text that is not UTF-8".to_owned())
}

/// A buffer that takes no more than [`MADE_MAX`] bytes.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MADE_MAX {
            return Err(io::Error::other(format!("more than {MADE_MAX} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is too much to be read by recursion is not read at all.
fn check_size(text: &str) -> Result<(), String> {
    if text.len() > TEXT_MAX {
        return Err(format!("it is longer than {TEXT_MAX} bytes"));
    }
    let blocks = ["{{#", "{{~#", "{{{{"].iter().map(|start| text.matches(start).count()).sum::<usize>();
    if blocks > BLOCKS_MAX {
        return Err(format!("it has more than {BLOCKS_MAX} blocks"));
    }
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > BRACKETS_DEEPEST {
            return Err(format!("its brackets are deeper than {BRACKETS_DEEPEST}"));
        }
    }
    Ok(())
}

/// Refuses what a template of its own has no use for, or what would take very long.
fn check_elements(template: &Parsed, loops: usize) -> Result<(), String> {
    for element in &template.elements {
        match element {
            TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => {
                return Err("it includes another one by `{{>`, of which there is none".to_owned());
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                return Err("it has a decorator, `{{*`, of which there is none".to_owned());
            }
            TemplateElement::HelperBlock(block) => check_block(block, loops)?,
            TemplateElement::RawString(_)
            | TemplateElement::Expression(_)
            | TemplateElement::HtmlExpression(_)
            | TemplateElement::Comment(_) => {}
            _ => return Err("it has something that this version does not know".to_owned()),
        }
    }
    Ok(())
}

fn check_block(block: &HelperTemplate, loops: usize) -> Result<(), String> {
    let is_loop = matches!(&block.name, Parameter::Name(name) if name == "each");
    let loops = loops + usize::from(is_loop);
    if loops > LOOPS_DEEPEST {
        return Err(format!("it has more than {LOOPS_DEEPEST} loops in one another"));
    }
    [&block.template, &block.inverse].into_iter().flatten().try_for_each(|inner| check_elements(inner, loops))
}

/// Why it cannot be read. The text itself is not shown.
fn told_syntax(error: &TemplateError) -> String {
    let what = match error.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close) => format!("{open} is closed by {close}"),
        TemplateErrorReason::InvalidSyntax(_) => {
            "the syntax is wrong here; is a block or a brace not closed?".to_owned()
        }
        other => other.to_string(),
    };
    error.pos().map_or(what.clone(), |(line, column)| format!("line {line}, column {column}: {what}"))
}

/// Why nothing comes of it.
fn told(error: &RenderError) -> String {
    let what = match error.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => format!("there is no variable `{name}` here"),
        RenderErrorReason::MissingVariable(None) => "there is no such variable here".to_owned(),
        RenderErrorReason::ParamNotFoundForIndex(name, at) => {
            format!("`{name}` lacks its value {}, or that is no variable", at + 1)
        }
        RenderErrorReason::HelperNotFound(name) => format!("there is no helper `{name}`"),
        RenderErrorReason::IOError(error) => format!("it makes {error}"),
        other => other.to_string(),
    };
    match (error.line_no, error.column_no) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: {what}"),
        _ => what,
    }
}

fn escape_fn(escape: Escape) -> fn(&str) -> String {
    match escape {
        Escape::Json => |text| {
            let quoted = Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        },
        Escape::Form => |text| utf8_percent_encode(text, UNRESERVED).to_string(),
        Escape::Markup => handlebars::html_escape,
        Escape::None => handlebars::no_escape,
    }
}

/// `{{json x}}`: the value as JSON, with quotes if it is a text.
fn json(
    helper: &Helper<'_>,
    registry: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&parameter(helper, registry, "json")?.to_string())?;
    Ok(())
}

/// `{{urlencode x}}`: the value as a part of a URL.
fn urlencode(
    helper: &Helper<'_>,
    registry: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = match parameter(helper, registry, "urlencode")? {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    out.write(&utf8_percent_encode(&text, UNRESERVED).to_string())?;
    Ok(())
}

/// The one parameter of a helper.
fn parameter(helper: &Helper<'_>, registry: &Handlebars<'_>, name: &'static str) -> Result<Value, RenderError> {
    let parameter = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex(name, 0))?;
    if parameter.is_value_missing() && registry.strict_mode() {
        return Err(RenderErrorReason::MissingVariable(parameter.relative_path().cloned()).into());
    }
    Ok(parameter.value().clone())
}

#[cfg(test)]
mod tests;
