use std::io::{self, Write};

use super::*;
use crate::config::Config;
use crate::object::Workloads;
use crate::report::{NamedText, Painter};
use crate::snapshot::{ConnectionList, ConnectionQuery, Readings, Snapshot, trace};
use crate::stream::frame;

/// Names that every form has to quote, a workload that nobody reaches, and a pair that depends on the CNI.
const INPUT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: 'w|"<&b', namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{namespaceSelector: {}}]
    ports: [{port: 5432}, {port: 53, protocol: UDP}]
  - from: [{ipBlock: {cidr: 10.0.0.0/8}}]
    ports: [{port: 9000}]
"#;

fn list(readings: Readings) -> ConnectionList {
    let snapshot = Snapshot::take(&[frame(INPUT)], &Workloads::new(&[]), None).unwrap();
    ConnectionList::new(&snapshot, &Config::default(), readings)
}

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_form() {
    let list = list(Readings::Both);
    insta::assert_snapshot!("text", written(|out| write_connections_text(&list, out)));
    insta::assert_snapshot!("json", written(|out| write_connections_json(&list, out)));
    insta::assert_snapshot!("csv", written(|out| write_csv(&list, out)).replace("\r\n", "\n"));
    insta::assert_snapshot!("markdown", written(|out| write_markdown(&list, out)));
    insta::assert_snapshot!("dot", written(|out| write_dot(&list, out)));
    insta::assert_snapshot!("svg", written(|out| write_svg(&list, out)));
}

#[test]
fn one_reading_has_no_further_column() {
    let list = list(Readings::One(crate::reachability::IpBlockReach::PodsToo));
    assert!(written(|out| write_csv(&list, out)).starts_with("src,dst,conn\r\n"));
    assert!(written(|out| write_markdown(&list, out)).starts_with("| src | dst | conn |\n"));
    assert!(!written(|out| write_connections_text(&list, out)).contains('#'));
}

#[test]
fn a_drawing_is_well_formed() {
    let drawing = written(|out| write_svg(&list(Readings::Both), out));
    let mut open: Vec<&str> = Vec::new();
    for tag in drawing.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap();
        assert!(
            !text
                .replace("&amp;", "")
                .replace("&lt;", "")
                .replace("&gt;", "")
                .replace("&quot;", "")
                .replace("&#39;", "")
                .contains('&')
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert_eq!(open, [""; 0]);
}

/// Nothing is written after the reader has gone.
#[test]
fn failures_of_the_writer_are_passed_on() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let list = list(Readings::Both);
    let forms = [write_connections_text, write_connections_json, write_csv, write_markdown, write_dot, write_svg];
    assert!(forms.iter().all(|write| write(&list, &mut Full).is_err()));
}

#[test]
fn explanations() {
    let streams = [frame(INPUT)];
    let snapshot = Snapshot::take(&streams, &Workloads::new(&[]), None).unwrap();
    let explain = |from: &str, to: &str, port| {
        let question = ConnectionQuery::Port(crate::object::Protocol::Tcp, port);
        let traces = trace(&streams, &snapshot, &Config::default(), (from, to), question).unwrap();
        let inputs = [NamedText { name: "shop.yaml", text: INPUT }];
        written(|out| write_explanation_text(&traces, &inputs, &Painter::plain(), out))
    };
    insta::assert_snapshot!("allowed", explain("shop/w|\"<&b", "data/db", 5432));
    insta::assert_snapshot!("denied", explain("data/db", "192.0.2.1", 443));
    insta::assert_snapshot!("depends", explain("shop/w|\"<&b", "data/db", 9000));
}
