//! `floe network validate` where it could cost the square of what it reads: many policies in one document, and many that
//! are not as configured.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::Bench;
use super::measure::{Job, Sink, alternate, median, output};
use super::support::floe_path;
use super::table::{Table, Target, milliseconds};

pub(crate) fn rows(bench: &Bench, table: &mut Table, quick: bool) {
    list(bench, table, if quick { 40 } else { 4_000 });
    domains(bench, table, if quick { 3 } else { 100 });
}

/// The same policies as one List and as documents: each command may take twice as long for the List.
fn list(bench: &Bench, table: &mut Table, count: usize) {
    let objects: Vec<String> = ["web", "a"].map(pod).into_iter().chain((0..count).map(policy)).collect();
    let documents = bench.input(&format!("policies-{count}.yaml"), |file| {
        objects.iter().try_for_each(|object| write!(file, "---\n{object}"))
    });
    let list = bench.input(&format!("policies-{count}-list.yaml"), |file| {
        write!(file, "apiVersion: v1\nkind: List\nitems:\n")?;
        objects.iter().try_for_each(|object| {
            let indented = object.trim_end().replace('\n', "\n  ");
            writeln!(file, "- {indented}")
        })
    });
    let of = |arguments: &[&str]| arguments.iter().fold(Job::new(floe_path()).arg("network"), Job::arg);
    let jobs = [
        ("validate", of(&["validate", "-f", "-"])),
        ("audit", of(&["audit", "-f", "-"])),
        ("explain", of(&["explain", "-f", "-", "ns0/a", "ns0/web"])),
    ];
    for (name, job) in jobs {
        let time = |input: &Path| -> Duration { median(&job, output(&job, input).1, input, &Sink::Pipe) };
        let (as_list, as_documents) = (time(&list), time(&documents));
        table.row(
            &format!("{name}: List of {count} policies, against the same as documents"),
            &list,
            &milliseconds(as_list),
            &milliseconds(as_documents),
            as_list.as_secs_f64() / as_documents.as_secs_f64(),
            Some(Target::AtMost { ratio: 2.0, aim: 1.2 }),
        );
    }
}

fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: ns0\n  labels:\n    app: {name}\nspec:\n  \
         containers:\n  - name: c\n    image: i\n"
    )
}

fn policy(number: usize) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p{number}\n  namespace: ns{}\nspec:\n  \
         podSelector:\n    matchLabels:\n      app: web\n  policyTypes:\n  - Ingress\n  ingress:\n  - from:\n    - \
         podSelector:\n        matchLabels:\n          app: a\n    ports:\n    - port: 8080\n      protocol: TCP\n",
        number % 40
    )
}

/// A configuration of which nothing is there, against the filter that writes it all.
fn domains(bench: &Bench, table: &mut Table, count: usize) {
    let mut manifest = "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: bench}\ndomains:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(manifest, "- {{name: d{number:03}, namespace: floe-d{number:03}-domain}}");
    }
    let config = bench.dir.join(format!("domains-{count}.yaml"));
    fs::write(&config, manifest).unwrap();
    let input = bench.input("no-policies.yaml", |file| {
        write!(file, "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: floe-d000-domain}}\nspec: {{containers: [{{name: c, image: i}}]}}\n")
    });
    let filter = Job::new(floe_path()).arg("--config").arg(&config).arg("--conflicts").arg("warn");
    let validate = ["network", "validate", "-f", "-"].into_iter().fold(Job::new(floe_path()), Job::arg);
    let validate = validate.arg("--config").arg(&config).exits_with(1);
    let first = (output(&validate, &input).1, output(&filter, &input).1);
    let (ours, theirs) = alternate((&validate, &filter), first, &input, &Sink::Pipe);
    table.row(
        &format!("validate: {count} domains of which nothing is there, against the filter on the same"),
        &input,
        &milliseconds(ours),
        &milliseconds(theirs),
        ours.as_secs_f64() / theirs.as_secs_f64(),
        Some(Target::AtMost { ratio: 20.0, aim: 5.0 }),
    );
}
