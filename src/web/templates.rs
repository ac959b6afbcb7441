//! The templates: parsed once at start, and looked through for what could not be filled in without end.
//!
//! The library parses and fills in by recursion, without a limit of its own, and a stack that overflows ends the
//! program. So partials that include themselves and blocks that nest too deep are refused before anything is made.

use std::collections::BTreeMap;
use std::collections::HashMap;

use handlebars::Handlebars;
use handlebars::RenderError;
use handlebars::template::Parameter;
use handlebars::template::Template;
use handlebars::template::TemplateElement;
use serde::Serialize;

use super::assets::Assets;

/// How deep blocks and partials may nest in all: far more than a page needs, and far less than a stack holds.
const LEVELS_MAX: usize = 64;

/// How many blocks a template may have, and parentheses an expression: what the parser's recursion is bounded by.
const BLOCKS_MAX: usize = 1_000;
const PARENTHESES_MAX: usize = 64;

/// What stands in a partial for the block it was given; it is no template.
const GIVEN_BLOCK: &str = "@partial-block";

/// The templates of the pages, and the parts that they share.
pub(super) struct Templates(Handlebars<'static>);

/// Why a template of the operator cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("template `{name}`: {why}")]
pub struct TemplateError {
    name: String,
    why: String,
}

impl TemplateError {
    fn new(name: &str, why: impl Into<String>) -> Self {
        Self { name: name.to_owned(), why: why.into() }
    }
}

impl Templates {
    /// Parses every template.
    pub(super) fn load(assets: &Assets) -> Result<Self, TemplateError> {
        Self::parse(assets.templates())
    }

    /// Parses these templates, each a name and a text.
    fn parse<'a>(texts: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Self, TemplateError> {
        let mut registry = Handlebars::new();
        for (name, bytes) in texts {
            let text = std::str::from_utf8(bytes).map_err(|error| TemplateError::new(name, error.to_string()))?;
            bounded(text).map_err(|why| TemplateError::new(name, why))?;
            let parsed = registry.register_template_string(name, text);
            parsed.map_err(|error| TemplateError::new(name, on_one_line(&error)))?;
        }
        finite(registry.get_templates())?;
        Ok(Self(registry))
    }

    /// The template of that name, filled in.
    pub(super) fn render(&self, name: &str, facts: &impl Serialize) -> Result<String, RenderError> {
        self.0.render(name, facts)
    }
}

/// The library draws the place over several lines; a line number says as much.
fn on_one_line(error: &handlebars::TemplateError) -> String {
    match error.pos() {
        Some((line, _)) => format!("line {line}: {}", error.reason()),
        None => error.reason().to_string(),
    }
}

/// Refuses a text on which the parser could run out of stack. It counts rather too much than too little: what merely
/// looks like a block is one.
fn bounded(text: &str) -> Result<(), String> {
    let mut blocks = 0;
    for tag in text.split("{{").skip(1) {
        let start = tag.trim_start_matches(|c: char| c == '~' || c.is_whitespace());
        blocks += usize::from(["#", "^", "else"].iter().any(|block| start.starts_with(block)));
        if blocks > BLOCKS_MAX {
            return Err(format!("has more than {BLOCKS_MAX} blocks"));
        }
        // A `}}` within a text value does not end the expression, so the last one counts.
        let inside = tag.rfind("}}").and_then(|end| tag.get(..end)).unwrap_or_default();
        if inside.matches('(').count() > PARENTHESES_MAX {
            return Err(format!("has more than {PARENTHESES_MAX} parentheses in one expression"));
        }
    }
    Ok(())
}

/// Refuses templates that include themselves, or nest too deep with all that they include.
fn finite(templates: &HashMap<String, Template>) -> Result<(), TemplateError> {
    let mut parts = BTreeMap::new();
    // In order, so that of several faults the same one is always told.
    for (name, template) in templates.iter().collect::<BTreeMap<_, _>>() {
        let mut part = Part::default();
        part.add(template, 1).map_err(|why| TemplateError::new(name, why))?;
        parts.insert(name.as_str(), part);
    }
    let mut walk = Walk { parts: &parts, path: Vec::new(), depths: HashMap::new() };
    parts.keys().try_for_each(|name| walk.depth(name).map(|_| ()))
}

/// What matters of a template.
#[derive(Default)]
struct Part<'a> {
    /// How deep its own blocks nest.
    depth: usize,
    /// The partials that it includes, each with the level at which it does.
    includes: Vec<(&'a str, usize)>,
}

impl<'a> Part<'a> {
    /// Adds a template, or the inside of a block, which is one too.
    fn add(&mut self, template: &'a Template, level: usize) -> Result<(), String> {
        if level > LEVELS_MAX {
            return Err(too_deep());
        }
        self.depth = self.depth.max(level);
        template.elements.iter().try_for_each(|element| self.add_element(element, level))
    }

    fn add_element(&mut self, element: &'a TemplateElement, level: usize) -> Result<(), String> {
        let inside = match element {
            TemplateElement::HelperBlock(block) => [block.template.as_ref(), block.inverse.as_ref()],
            TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                self.include(&partial.name, level)?;
                [partial.template.as_ref(), None]
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                return Err("has an inline partial (`{{#*inline}}`); put it into a file of its own".to_owned());
            }
            _ => [None, None],
        };
        inside.into_iter().flatten().try_for_each(|template| self.add(template, level + 1))
    }

    fn include(&mut self, name: &'a Parameter, level: usize) -> Result<(), String> {
        match name.as_name() {
            Some(GIVEN_BLOCK) => {}
            Some(name) => self.includes.push((name, level)),
            None => return Err("includes a partial by a name that is computed; write the name itself".to_owned()),
        }
        Ok(())
    }
}

/// A walk along the partials.
struct Walk<'a> {
    parts: &'a BTreeMap<&'a str, Part<'a>>,
    /// The templates under way, each included by the one before.
    path: Vec<&'a str>,
    /// How deep those nest that are done, with all that they include.
    depths: HashMap<&'a str, usize>,
}

impl<'a> Walk<'a> {
    /// How deep a template nests; one that does not exist is told when the page is made, or has a block in its place.
    fn depth(&mut self, name: &'a str) -> Result<usize, TemplateError> {
        if let Some(depth) = self.depths.get(name) {
            return Ok(*depth);
        }
        if let Some(at) = self.path.iter().position(|other| *other == name) {
            return Err(TemplateError::new(name, circle(self.path.get(at + 1..).unwrap_or_default())));
        }
        let parts = self.parts;
        let Some(part) = parts.get(name) else { return Ok(0) };
        // Every template on the way is a level.
        if self.path.len() >= LEVELS_MAX {
            return Err(TemplateError::new(name, too_deep()));
        }
        self.path.push(name);
        let mut depth = part.depth;
        for (included, level) in &part.includes {
            depth = depth.max(level + self.depth(included)?);
        }
        self.path.pop();
        if depth > LEVELS_MAX {
            return Err(TemplateError::new(name, too_deep()));
        }
        self.depths.insert(name, depth);
        Ok(depth)
    }
}

fn circle(between: &[&str]) -> String {
    let names: Vec<String> = between.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "includes itself".to_owned()
    } else {
        format!("includes itself by way of {}", names.join(", "))
    }
}

fn too_deep() -> String {
    format!("nests deeper than {LEVELS_MAX} levels, with what it includes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[(&str, &str)]) -> Result<Templates, String> {
        let texts = texts.iter().map(|(name, text)| (*name, text.as_bytes()));
        Templates::parse(texts).map_err(|error| error.to_string())
    }

    fn refused(texts: &[(&str, &str)]) -> String {
        parse(texts).err().unwrap_or_default()
    }

    fn nested(open: &str, close: &str, levels: usize) -> String {
        format!("{}x{}", open.repeat(levels), close.repeat(levels))
    }

    #[test]
    fn partials_that_include_themselves_are_refused() {
        let itself = "template `a`: includes itself";
        for (a, b, wanted) in [
            ("{{> a}}", "", itself.to_owned()),
            ("{{#if no}}{{> a}}{{/if}}", "", itself.to_owned()),
            ("{{> b}}", "{{> a}}", format!("{itself} by way of `b`")),
            ("{{#if no}}{{> b}}{{/if}}", "{{#each no}}{{else}}{{> a}}{{/each}}", format!("{itself} by way of `b`")),
            ("{{#> b}}{{/b}}", "{{#> c}}{{> a}}{{/c}}", format!("{itself} by way of `b`")),
            ("{{#if x}}{{else if y}}{{> b}}{{/if}}", "{{> c}}{{#> a}}{{/a}}", format!("{itself} by way of `b`")),
        ] {
            assert_eq!(refused(&[("a", a), ("b", b), ("c", "c")]), wanted, "{a} {b}");
        }
        let far = refused(&[("a", "{{> b}}"), ("b", "{{> c}}"), ("c", "{{> d}}"), ("d", "{{> b}}")]);
        assert_eq!(far, "template `b`: includes itself by way of `c`, `d`");
    }

    #[test]
    fn partials_that_cannot_be_followed_are_refused() {
        let computed = refused(&[("a", "{{#if no}}{{> (lookup this \"b\")}}{{/if}}")]);
        assert!(computed.starts_with("template `a`: includes a partial by a name that is computed"), "{computed}");
        let inline = refused(&[("a", "{{#*inline \"b\"}}{{> b}}{{/inline}}{{> b}}")]);
        assert!(inline.starts_with("template `a`: has an inline partial"), "{inline}");
    }

    #[test]
    fn what_ends_is_taken_however_often_it_is_included() {
        let layout = ("layout", "<{{> @partial-block}}>{{> leaf}}");
        let page = ("page", "{{#> layout}}{{> leaf}}{{/layout}}{{> leaf}}{{#> missing}}{{> leaf}}{{/missing}}");
        let templates = parse(&[layout, page, ("leaf", "x")]).ok().unwrap();
        assert_eq!(templates.render("page", &()).unwrap(), "<x>xxx");
    }

    #[test]
    fn as_many_levels_as_are_taken_can_be_filled_in() {
        let blocks = nested("{{#if true}}", "{{/if}}", LEVELS_MAX - 1);
        let templates = parse(&[("a", &blocks)]).ok().unwrap();
        assert_eq!(templates.render("a", &()).unwrap(), "x");
        let names: Vec<String> = (0..=LEVELS_MAX).map(|number| format!("p{number:02}")).collect();
        let texts: Vec<String> = names.iter().skip(1).map(|next| format!("{{{{> {next}}}}}")).collect();
        let mut chain: Vec<(&str, &str)> = names.iter().zip(&texts).map(|(name, text)| (&**name, &**text)).collect();
        let last = format!("p{LEVELS_MAX}");
        assert!(refused(&[chain.as_slice(), &[(&last, "x")]].concat()).contains("nests deeper than 64 levels"));
        chain.pop();
        let end = chain.len();
        chain.push((&names[end], "x"));
        assert_eq!(parse(&chain).ok().unwrap().render("p00", &()).unwrap(), "x");
    }

    #[test]
    fn what_nests_too_deep_is_refused_before_the_stack_is_full() {
        let half = nested("{{#if true}}", "{{/if}}", LEVELS_MAX / 2).replace('x', "{{> b}}");
        let chain = format!("{{{{#if x}}}}{}{{{{/if}}}}", "{{else if y}}".repeat(LEVELS_MAX));
        let calls = format!("{{{{lookup {}a{} b}}}}", "(lookup ".repeat(65), " b)".repeat(65));
        for (text, wanted) in [
            (nested("{{#if true}}", "{{/if}}", LEVELS_MAX), "nests deeper than 64 levels"),
            (half.clone(), "nests deeper than 64 levels"),
            (chain, "nests deeper than 64 levels"),
            (nested("{{#if true}}", "{{/if}}", 500_000), "has more than 1000 blocks"),
            (nested("{{ ~ #if true}}", "{{/if}}", 500_000), "has more than 1000 blocks"),
            ("{{#if x}}".to_owned() + &"{{else if y}}".repeat(500_000), "has more than 1000 blocks"),
            (calls, "has more than 64 parentheses in one expression"),
            ("{{> ".to_owned() + &"(".repeat(500_000) + "}}", "has more than 64 parentheses in one expression"),
        ] {
            let said = refused(&[("a", &text), ("b", &half.replace("{{> b}}", "x"))]);
            assert!(said.starts_with(&format!("template `a`: {wanted}")), "{said:.200}");
        }
        // What the parser guards itself: values that nest.
        let values = format!("{{{{lookup {} b}}}}", "[".repeat(500_000));
        assert!(refused(&[("a", &values)]).starts_with("template `a`: line 1: "));
    }
}
