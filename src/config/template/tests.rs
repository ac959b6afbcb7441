use serde_json::json;

use super::*;

/// What a template makes of the first sample, or why not.
fn made(text: &str, escape: Escape) -> Result<String, String> {
    Template::new(text, escape)?.render(&sample())
}

#[test]
fn variables_are_escaped_as_their_place_needs_it() {
    let text = "{{page.title}}";
    for (escape, wanted) in [
        (Escape::Json, "\\\"A\\\" \\\\ <b>&</b> 'ö'\\n\u{1f4a5}"),
        (Escape::Form, "%22A%22%20%5C%20%3Cb%3E%26%3C%2Fb%3E%20%27%C3%B6%27%0A%F0%9F%92%A5"),
        (Escape::Markup, "&quot;A&quot; \\ &lt;b&gt;&amp;&lt;/b&gt; &#x27;ö&#x27;\n\u{1f4a5}"),
        (Escape::None, "\"A\" \\ <b>&</b> 'ö'\n\u{1f4a5}"),
    ] {
        assert_eq!(made(text, escape).as_deref(), Ok(wanted), "{escape:?}");
    }
    let raw = made("{{{page.title}}}", Escape::Json);
    assert_eq!(raw, made(text, Escape::None));
}

#[test]
fn helpers_and_blocks_work() {
    for (text, wanted) in [
        ("{{json changed}} {{json dead}}", r#"true [{"node":"api","replica":"tcp://10.0.0.1:80","service":"web"}]"#),
        ("{{#if changed}}{{status}}{{else}}same{{/if}}", "dead"),
        (
            "{{#each changes}}{{service}}:{{node}} {{status}}{{#unless @last}}, {{/unless}}{{/each}}",
            "web:api dead, web:api sick, web:api healthy, web:api unknown",
        ),
        ("{{#if (eq status \"dead\")}}critical{{else}}info{{/if}}", "critical"),
        (
            "{{#each changes}}{{#each replicas}}{{urlencode replica}} {{/each}}{{/each}}",
            "tcp%3A%2F%2F10.0.0.1%3A80 tcp%3A%2F%2F10.0.0.1%3A80 tcp%3A%2F%2F10.0.0.1%3A80 tcp%3A%2F%2F10.0.0.1%3A80 ",
        ),
        ("{{len changes}} {{changes.0.status}} {{lookup page \"url\"}}", "4 dead https://status.example.com/?a=1&b=2"),
        ("no variables {", "no variables {"),
    ] {
        assert_eq!(made(text, Escape::None).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn what_a_notice_has_not_is_empty() {
    let template = Template::new("[{{changes.0.cause}}{{reminder}}{{json changes.0.was}}]", Escape::None).unwrap();
    assert_eq!(template.render(&json!({ "changes": [], "reminder": null })).as_deref(), Ok("[null]"));
}

#[test]
fn a_bad_template_is_refused_with_its_place() {
    let blocks = "{{#if changed}}".repeat(101);
    let deep = "{{#each changes}}".repeat(4) + &"{{/each}}".repeat(4);
    for (text, wanted) in [
        ("a\n{{stauts}}", "line 2, column 1: there is no variable `stauts` here"),
        ("{{#each changes}}{{lable}}{{/each}}", "there is no variable `lable` here"),
        ("{{#if (eq stauts 1)}}{{/if}}", "line 1, column 1: `eq` lacks its value 1, or that is no variable"),
        ("{{#each chnages}}x{{/each}}", "there is no variable `chnages` here"),
        ("{{json stauts}}", "there is no variable `stauts` here"),
        ("{{upper status}}", "there is no helper `upper`"),
        ("{{log status}}", "there is no helper `log`"),
        ("{{json}}", "line 1, column 1: `json` lacks its value 1, or that is no variable"),
        ("{{#if changed}}", "line 1, column 16: the syntax is wrong here; is a block or a brace not closed?"),
        ("{{#if changed}}{{/each}}", "is closed by"),
        ("{{status", "the syntax is wrong here"),
        ("{{> status}}", "it includes another one by `{{>`, of which there is none"),
        ("{{#*inline \"x\"}}{{> x}}{{/inline}}", "it has a decorator"),
        (&blocks, "it has more than 100 blocks"),
        (&deep, "it has more than 3 loops in one another"),
        (&"(".repeat(33), "its brackets are deeper than 32"),
        (&"x".repeat(TEXT_MAX + 1), "it is longer than 65536 bytes"),
    ] {
        let why = made(text, Escape::Json).unwrap_err();
        let shown = &text[..text.len().min(80)];
        assert!(why.contains(wanted), "{shown}: {why}");
    }
}

#[test]
fn what_is_nested_as_deep_as_may_be_is_read() {
    let blocks = "{{#if changed}}".repeat(BLOCKS_MAX) + "x" + &"{{/if}}".repeat(BLOCKS_MAX);
    assert_eq!(made(&blocks, Escape::None).as_deref(), Ok("x"));
    let literal = format!("{{{{json {}1{}}}}}", "[".repeat(BRACKETS_DEEPEST - 2), "]".repeat(BRACKETS_DEEPEST - 2));
    assert!(made(&literal, Escape::None).is_ok());
}

#[test]
fn no_template_makes_too_much() {
    let long = format!("{{{{#each changes}}}}{}{{{{/each}}}}", "x".repeat(60_000));
    let template = Template::new(&long, Escape::None).unwrap();
    let many = json!({ "changes": vec![1; 100] });
    assert_eq!(template.render(&many), Err("line 1, column 18: it makes more than 262144 bytes".to_owned()));
}

#[test]
fn json_is_json_whatever_stands_in_a_notice() {
    let check = |text: &str, escape| Template::new(text, escape).unwrap().check_json();
    for good in [
        "{\"text\":\"{{text}}\"}",
        "{{json this}}",
        "{\"a\":{{json dead}}}",
        "[{{#each changes}}{{json text}}{{#unless @last}},{{/unless}}{{/each}}]",
    ] {
        assert_eq!(check(good, Escape::Json), Ok(()), "{good}");
    }
    for bad in ["{\"text\":\"{{{text}}}\"}", "{{status}}", "[{{#each changes}}{{json text}},{{/each}}]"] {
        let why = check(bad, Escape::Json).unwrap_err();
        assert!(why.starts_with("of a notice of the kind `changed` it breaks at line 1, column "), "{bad}: {why}");
    }
}

#[test]
fn a_template_is_never_printed() {
    assert_eq!(format!("{:?}", Template::new("hunter2", Escape::None).unwrap()), "[template]");
}
