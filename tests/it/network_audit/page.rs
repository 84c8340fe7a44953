//! The HTML page: well formed, and without anything that a browser would fetch.

use std::fs;

use floe::audit::{Audit, AuditRequest, audit};
use floe::report::{Input, write_audit_html};
use floe::stream::frame;

use super::{audited, fixtures};

/// Elements without an end.
const VOID: [&str; 3] = ["meta", "input", "!DOCTYPE"];

/// Elements and attributes by which pages fetch things, or run what a name says.
const FORBIDDEN: [&str; 8] = ["link", "img", "iframe", "object", "embed", "base", "form", "a"];

/// A start tag: its name, and its attributes with their values.
type Tag = (String, Vec<(String, String)>);

/// All start tags of a page; panics where tags are not nested, or a character stands where only an entity may.
fn parse(page: &str) -> Vec<Tag> {
    let (mut tags, mut open) = (Vec::new(), Vec::new());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        let raw = open.last().is_some_and(|name: &String| name == "script" || name == "style");
        assert!(raw || !before.contains('>'), "a lone > in {before}");
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "in order");
            continue;
        }
        assert!(!raw, "a tag inside of raw text: {tag}");
        let is_closed = tag.ends_with('/');
        let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
        if !is_closed && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
        tags.push((name.to_owned(), attributes_of(attributes)));
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    tags
}

fn attributes_of(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = after.strip_prefix('"').unwrap().split_once('"').unwrap();
        found.push((name.trim().to_owned(), value.to_owned()));
        rest = after.trim();
    }
    found
}

/// Panics if the page of an audit is not one that stands for itself.
pub(super) fn check(audit: &Audit, text: &str) {
    let mut out = Vec::new();
    write_audit_html(audit, &[Input::file("input.yaml", text)], &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    let tags = parse(&page);
    for (name, attributes) in &tags {
        assert!(!FORBIDDEN.contains(&name.as_str()), "<{name}>");
        for (attribute, value) in attributes {
            let fetches = matches!(
                attribute.as_str(),
                "src" | "href" | "xlink:href" | "action" | "data" | "poster" | "srcset" | "style"
            );
            assert!(!fetches && !attribute.starts_with("on"), "{name} {attribute}={value}");
        }
    }
    let policy = tags.iter().flat_map(|(_, attributes)| attributes).find(|(_, value)| value.contains("default-src"));
    assert!(policy.unwrap().1.starts_with("default-src 'none'"));
    for (start, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let (_, code) = page.split_once(start).unwrap();
        let (code, _) = code.split_once(end).unwrap();
        for word in ["//", "url(", "@import", "fetch", "XMLHttpRequest", "WebSocket", "import(", "eval"] {
            assert!(!code.contains(word), "{word} in {start}");
        }
    }
    let rows = page.matches("<tr>").count();
    let expected = audit.findings.len()
        + audit.namespaces.len()
        + audit.traffic.len()
        + audit.exposures.len()
        + audit.policies.len();
    assert_eq!(rows, expected + 5, "a row for each thing, and a head for each table");
}

#[test]
fn every_page_stands_for_itself() {
    for rule in super::rules() {
        let (text, audit) = audited(&fixtures().join(rule.0).join("fail.yaml"));
        check(&audit, &text);
    }
}

#[test]
fn a_page_of_hostile_names_is_still_one_page() {
    let file = fixtures().join("ingress-from-internet/fail.yaml");
    let text = fs::read_to_string(file).unwrap();
    for name in ["\"\\\"><img src=x onerror=alert(1)>\"", "'</script><script>alert(1)'", "\"a&b<c>'d\"", "'--><!--'"] {
        let hostile = text
            .replace("name: web", &format!("name: {name}"))
            .replace("namespace: shop", &format!("namespace: {name}"));
        let found = audit(&[frame(&hostile)], None, &AuditRequest::default()).unwrap();
        assert!(!found.exposures.is_empty());
        check(&found, &hostile);
    }
}

#[test]
#[should_panic(expected = "<img>")]
fn the_check_sees_what_a_browser_would_fetch() {
    let tags =
        parse("<!DOCTYPE html><html><body><p>1 &lt; 2</p><img src=\"https://example.com/x.png\"/></body></html>");
    assert_eq!(tags.len(), 5);
    let forbidden = tags.iter().find(|(name, _)| FORBIDDEN.contains(&name.as_str())).unwrap();
    panic!("<{}>", forbidden.0);
}
