use std::io::{self, Write};

use super::svg::graph;
use super::{Input, openers, place, ports, rules, summary, yes_or_no};
use crate::audit::Audit;
use crate::report::escape::markup;

/// The page asks nobody for anything, and its policy says so to the browser.
const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src \
'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Network audit</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: left; vertical-align: top; white-space: \
pre-line; overflow-wrap: anywhere; }
th { position: sticky; top: 0; background: Canvas; }
.error { color: #c62828; font-weight: 600; }
.warning { color: #b26a00; font-weight: 600; }
#filter { font: inherit; padding: .4rem .6rem; width: 24rem; max-width: 100%; }
svg { width: 100%; height: auto; max-height: 48rem; }
svg text { fill: currentColor; font-size: 12px; }
svg line { stroke: #607d8b; stroke-opacity: .5; }
svg line:hover { stroke: #c62828; stroke-opacity: 1; stroke-width: 3; }
svg circle { fill: #90a4ae; }
svg circle.managed { fill: #43a047; }
svg circle.open { fill: #e53935; }
</style>
</head>
<body>
";

/// Shows the rows that hold what is typed.
const FOOT: &str = "<script>
document.getElementById('filter').addEventListener('input', function (event) {
  var wanted = event.target.value.toLowerCase();
  document.querySelectorAll('tbody tr').forEach(function (row) {
    row.hidden = row.textContent.toLowerCase().indexOf(wanted) === -1;
  });
});
</script>
</body>
</html>
";

/// Writes an audit as one page that needs nothing else: tables, a graph of namespaces, and a box that filters the rows.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_audit_html(audit: &Audit, inputs: &[Input<'_>], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{HEAD}<h1>Network audit</h1>\n<p>{}</p>\n", markup(&summary(audit)))?;
    writeln!(
        out,
        "<p><input id=\"filter\" type=\"search\" placeholder=\"Filter the tables\" aria-label=\"Filter the \
         tables\"></p>"
    )?;
    let findings = audit.findings.iter().map(|it| {
        let severity = it.finding.severity.as_str();
        let help = it.finding.help.clone().unwrap_or_default();
        let cells = vec![
            severity.to_owned(),
            it.finding.check.to_string(),
            place(it, inputs),
            it.finding.message.clone(),
            help,
        ];
        (severity, cells)
    });
    table(out, "Findings", &["Severity", "Check", "Place", "Finding", "What to do"], findings)?;
    let namespaces = audit.namespaces.iter().map(|it| {
        let class = if it.ingress.default_deny && it.egress.default_deny { "" } else { "warning" };
        let cells = vec![
            it.name.clone(),
            yes_or_no(it.is_managed).to_owned(),
            it.workloads.to_string(),
            it.policies.to_string(),
            yes_or_no(it.ingress.default_deny).to_owned(),
            yes_or_no(it.egress.default_deny).to_owned(),
            it.ingress.open.join("\n"),
            it.egress.open.join("\n"),
            it.enforce.clone().unwrap_or_default(),
        ];
        (class, cells)
    });
    let heads = [
        "Namespace",
        "Managed",
        "Workloads",
        "Policies",
        "Denies ingress",
        "Denies egress",
        "Open to ingress",
        "Open to egress",
        "Enforces",
    ];
    table(out, "Namespaces", &heads, namespaces)?;
    writeln!(out, "<h2>Who reaches whom</h2>")?;
    graph(audit, out)?;
    let traffic =
        audit.traffic.iter().map(|it| ("", vec![it.source.to_string(), it.destination.to_string(), ports(&it.ports)]));
    table(out, "Traffic between namespaces", &["Source", "Destination", "Ports"], traffic)?;
    let exposures = audit
        .exposures
        .iter()
        .map(|it| ("", vec![it.workload.clone(), it.opening.as_str().to_owned(), ports(&it.ports), openers(it)]));
    table(out, "What is open", &["Workload", "Open", "Ports", "By"], exposures)?;
    let policies = audit.policies.iter().map(|it| {
        let name = format!("{}/{}", it.namespace, it.name);
        ("", vec![name, it.selects.clone(), it.workloads.join("\n"), rules(it).join("\n")])
    });
    table(out, "Policies", &["Policy", "Selects", "Workloads", "Allows"], policies)?;
    out.write_all(FOOT.as_bytes())
}

fn table(
    out: &mut dyn Write,
    title: &str,
    heads: &[&str],
    rows: impl Iterator<Item = (&'static str, Vec<String>)>,
) -> io::Result<()> {
    writeln!(out, "<h2>{title}</h2>\n<table>\n<thead><tr>")?;
    heads.iter().try_for_each(|head| write!(out, "<th>{head}</th>"))?;
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for (class, row) in rows {
        write!(out, "<tr>")?;
        for (number, cell) in row.iter().enumerate() {
            let class = if number == 0 { class } else { "" };
            let attribute = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
            write!(out, "<td{attribute}>{}</td>", markup(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>")
}
