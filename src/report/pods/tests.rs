use super::*;
use crate::config::Config;
use crate::object::{Level, Version};
use crate::pod_security::{LevelVersion, check_pages};
use crate::report::Painter;
use crate::stream::frame;
use crate::verdict::{CheckRequest, Report, check};

const TEXT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      hostNetwork: true
      containers:
      - name: a
        securityContext:
          capabilities: {drop: [all]}
      - name: b
        securityContext:
          capabilities:
            drop: [ALL]
";

fn report() -> Report {
    let request = CheckRequest {
        enforce: Some(LevelVersion { level: Level::Baseline, version: Version::Minor(34) }),
        warn: Some(LevelVersion { level: Level::Restricted, version: Version::Latest }),
        ..CheckRequest::default()
    };
    check(&[frame(TEXT)], &Config::default(), &request).unwrap()
}

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_points_at_every_field() {
    let inputs = [Input::file("web.yaml", TEXT)];
    insta::assert_snapshot!(written(|out| write_text(&report(), &inputs, &Painter::plain(), out)));
}

#[test]
fn json_is_the_contract() {
    let inputs = [Input::stream("<stdin>", TEXT)];
    insta::assert_snapshot!(written(|out| write_json(&report(), &inputs, out)));
}

#[test]
fn sarif_has_a_result_for_each_field() {
    let inputs = [Input::file("web.yaml", TEXT)];
    let text = written(|out| write_sarif(&report(), &inputs, &check_pages().collect::<Vec<_>>(), out));
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), check_pages().count());
    insta::assert_snapshot!(serde_json::to_string_pretty(&run["results"][0]).unwrap());
    let fields = report().pods[0].violations.iter().map(|violation| violation.fields.len()).sum::<usize>();
    assert_eq!(run["results"].as_array().unwrap().len(), fields);
}

#[test]
fn nothing_to_say_is_one_line() {
    let text = written(|out| write_text(&Report::default(), &[], &Painter::plain(), out));
    assert_eq!(text, "floe: all of 0 pods admitted\n");
}
