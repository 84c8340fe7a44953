//! Pods that admission would reject: they run on until they are restarted, and then do not come back.

use super::draft::{Draft, Place};
use crate::config::Config;
use crate::document::Error;
use crate::finding::{CheckId, Location, Severity};
use crate::plan::INPUT;
use crate::pod_security::Evaluator;
use crate::stream::Stream;
use crate::verdict::{CheckRequest, Mode, PodVerdict, check as check_pods};
use crate::yaml::FieldPath;

/// A pod violates the level that its namespace enforces.
pub(in crate::audit) const POD_REJECTED: CheckId = CheckId("pod-rejected");

pub(super) fn check(
    streams: &[Stream<'_>],
    config: &Config,
    home: Option<&str>,
    evaluator: Evaluator,
) -> Result<Vec<Draft>, Error> {
    let request = CheckRequest { namespace: home.map(str::to_owned), evaluator, ..CheckRequest::default() };
    let report = check_pods(streams, config, &request)?;
    let mut found: Vec<Draft> = report.pods.iter().filter_map(rejected).collect();
    let notices = report.notices.into_iter().filter(|finding| finding.severity != Severity::Info);
    found.extend(notices.map(|finding| {
        // Those of Namespaces, and what cannot be read, which may be anywhere.
        let object = finding.object.as_ref().filter(|_| finding.check != INPUT);
        let namespace = object.map(|object| object.name.clone());
        Draft::known(finding, namespace)
    }));
    Ok(found)
}

fn rejected(pod: &PodVerdict) -> Option<Draft> {
    let message = pod.enforce.message.as_ref()?;
    let enforced = pod.violations.iter().filter(|violation| violation.mode == Mode::Enforce);
    let field = enforced.flat_map(|violation| &violation.fields).next();
    let location = Location {
        stream: pod.stream,
        document: pod.document,
        span: field.map(|field| field.span),
        path: FieldPath::root(),
    };
    let kind = &pod.object.gvk.kind;
    let name = format!("{kind} {}/{}", pod.namespace, pod.object.name);
    let who = if kind == "Pod" { name } else { format!("pods of {name}") };
    Some(Draft {
        namespace: Some(pod.namespace.clone()),
        severity: Severity::Error,
        check: POD_REJECTED,
        message: format!("admission rejects {who}: {message}"),
        help: "`floe pods check` shows every field; the filter fills in what is missing".to_owned(),
        place: Place::Known(Some(pod.object.clone()), location),
    })
}
