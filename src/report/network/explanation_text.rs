use std::io::{self, Write};

use crate::finding::{Location, Severity};
use crate::reachability::Direction;
use crate::report::escape::one_line;
use crate::report::{NamedText, Painter, WithSource};
use crate::snapshot::{ConnectionQuery, RuleTrace, SideTrace, Trace};

/// Rules that are shown of those that allow nothing; the nearest come first.
const MOST_MISSES: usize = 5;

/// Writes for people why connections are made or not: for each a line that says it all, then each side with the rules
/// that decide, in their source.
///
/// `inputs` are the texts of the streams.
pub fn write_explanation_text(
    traces: &[Trace],
    inputs: &[NamedText<'_>],
    painter: &Painter,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (position, trace) in traces.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", one_line(&headline(trace)))?;
        if let Some(via) = &trace.via {
            let sent = match via.port {
                Some(port) => format!("port {port} of the Service leads to {} of the pods", trace.question),
                None => format!("a headless Service: clients connect to {} of the pods", trace.question),
            };
            writeln!(
                out,
                "  = note: through the Service {}: {sent}; policy sees the port of the pod",
                one_line(&via.service)
            )?;
        }
        for caveat in &trace.caveats {
            writeln!(out, "  = note: {}", one_line(caveat))?;
        }
        if trace.depends_on_cni() {
            writeln!(
                out,
                "  = note: depends on the CNI: {} where ipBlock matches no pods (Cilium), {} where it does (Calico and \
                 most others)",
                trace.passing.text, trace.with_pods.text
            )?;
        }
        let paint = Paint { trace, inputs, painter };
        paint.side(Direction::Egress, out)?;
        paint.side(Direction::Ingress, out)?;
    }
    Ok(())
}

fn headline(trace: &Trace) -> String {
    let verdict = match (trace.is_allowed(), trace.depends_on_cni()) {
        (true, _) => "allowed",
        (false, true) => "denied on some CNIs",
        (false, false) => "denied",
    };
    let what = match trace.question {
        ConnectionQuery::Everything => trace.passing.text.clone(),
        port @ ConnectionQuery::Port(..) => port.to_string(),
    };
    format!("{verdict}: {} => {} : {what}", trace.source, trace.destination)
}

struct Paint<'r> {
    trace: &'r Trace,
    inputs: &'r [NamedText<'r>],
    painter: &'r Painter,
}

impl Paint<'_> {
    fn side(&self, direction: Direction, out: &mut dyn Write) -> io::Result<()> {
        let (near, far, side) = match direction {
            Direction::Egress => (&self.trace.source, &self.trace.destination, &self.trace.egress),
            Direction::Ingress => (&self.trace.destination, &self.trace.source, &self.trace.ingress),
        };
        let of = format!("{direction} of {near}");
        let policies = match side {
            SideTrace::Outside => {
                return self.message(out, Severity::Info, &format!("{of}: no pod, so no policy applies"), None, "");
            }
            SideTrace::NotIsolated => {
                let message = format!("{of}: no policy isolates it in this direction, so everything passes here");
                return self.message(out, Severity::Info, &message, None, "");
            }
            SideTrace::Isolated(policies) => policies,
        };
        let rules = || policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
        let is_allowed = rules().any(|(_, rule)| rule.allows());
        if is_allowed {
            for (policy, rule) in rules().filter(|(_, rule)| rule.allows()) {
                let adds = match self.trace.question {
                    ConnectionQuery::Everything => format!("allows {}", rule.ports.text),
                    port @ ConnectionQuery::Port(..) => format!("allows {port}"),
                };
                let message = format!("{of}: a rule of NetworkPolicy {} {adds}", policy.name);
                self.message(out, Severity::Info, &message, rule.location.as_ref(), &rule.path.to_string())?;
            }
        } else {
            for policy in policies {
                let message =
                    format!("{of}: denied: NetworkPolicy {} isolates it, and no rule allows this", policy.name);
                let label = format!("selects {near}; {}", count(policy.rules.len(), direction));
                self.message(out, Severity::Error, &message, policy.location.as_ref(), &label)?;
            }
        }
        // What allows nothing matters only where nothing else does; what allows more on some plugins adds to
        // everything.
        let adds = self.trace.question == ConnectionQuery::Everything;
        let is_shown = |rule: &RuleTrace| !rule.allows() && (!is_allowed || (adds && rule.allows_on_some()));
        let mut misses: Vec<_> = rules().filter(|(_, rule)| is_shown(rule)).collect();
        misses.sort_by_key(|(_, rule)| (!rule.allows_on_some(), std::cmp::Reverse(rule.nearness())));
        for (policy, rule) in misses.iter().take(MOST_MISSES) {
            let message = format!("{of}: a rule of {} {}", policy.name, self.miss(rule, far));
            let severity = if rule.allows_on_some() { Severity::Warning } else { Severity::Info };
            self.message(out, severity, &message, rule.location.as_ref(), &rule.path.to_string())?;
        }
        if misses.len() > MOST_MISSES {
            writeln!(out, "  = note: and {} more rules that allow nothing of this", misses.len() - MOST_MISSES)?;
        }
        Ok(())
    }

    /// Why a rule does not let it pass.
    fn miss(&self, rule: &RuleTrace, far: &str) -> String {
        if rule.allows_on_some() {
            return format!("allows {} only where ipBlock matches pods: it depends on the CNI", rule.ports.text);
        }
        let no_port = match self.trace.question {
            ConnectionQuery::Everything => "none of its named ports is a port of the destination".to_owned(),
            port @ ConnectionQuery::Port(..) if rule.ports.ports.is_empty() => {
                format!("{port} is not among its ports: the destination has none of the names")
            }
            port @ ConnectionQuery::Port(..) => format!("{port} is not among its ports: {}", rule.ports.text),
        };
        match (rule.peer_matches, rule.port_matches) {
            (true, _) => format!("matches {far}, but {no_port}"),
            (false, true) => format!("has the port, but {far} is not among its peers"),
            (false, false) => format!("does not match: {far} is not among its peers, and {no_port}"),
        }
    }

    fn message(
        &self,
        out: &mut dyn Write,
        severity: Severity,
        message: &str,
        place: Option<&Location>,
        label: &str,
    ) -> io::Result<()> {
        let place = place.and_then(|it| Some((*self.inputs.get(it.stream)?, it.span?)));
        let painted = self.painter.paint(&WithSource { severity, id: None, message, place, label, help: None });
        writeln!(out, "{painted}")
    }
}

fn count(rules: usize, direction: Direction) -> String {
    match rules {
        0 => format!("no {direction} rules"),
        1 => format!("1 {direction} rule"),
        more => format!("{more} {direction} rules"),
    }
}
