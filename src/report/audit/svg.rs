//! Namespaces on a circle, and a line for each pair that may talk; which ports, a title says.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::io::{self, Write};

use super::ports;
use crate::audit::{Audit, Zone};
use crate::report::escape::markup;

/// Space around the circle, for names.
const MARGIN: f64 = 150.0;

/// Writes the drawing as an element of a page.
pub(super) fn graph(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let mut classes: BTreeMap<Zone, &str> = BTreeMap::new();
    for it in audit.traffic.iter().flat_map(|it| [&it.source, &it.destination]) {
        classes.insert(it.clone(), "");
    }
    for it in &audit.namespaces {
        let class = match (it.ingress.default_deny && it.egress.default_deny, it.is_managed) {
            (false, _) => "open",
            (true, true) => "managed",
            (true, false) => "",
        };
        classes.insert(Zone::Namespace(it.name.clone()), class);
    }
    let count = f64::from(u32::try_from(classes.len()).unwrap_or(u32::MAX));
    let radius = (count * 6.0).max(120.0);
    let middle = radius + MARGIN;
    let places: BTreeMap<&Zone, (f64, f64)> = classes
        .keys()
        .zip(0_u32..)
        .map(|(zone, number)| {
            let angle = TAU * f64::from(number) / count;
            (zone, (middle + radius * angle.cos(), middle + radius * angle.sin()))
        })
        .collect();
    let size = 2.0 * middle;
    writeln!(out, "<svg viewBox=\"0 0 {size:.0} {size:.0}\" role=\"img\" aria-label=\"Traffic between namespaces\">")?;
    for it in audit.traffic.iter().filter(|it| it.source != it.destination) {
        let (Some((x1, y1)), Some((x2, y2))) = (places.get(&it.source), places.get(&it.destination)) else { continue };
        let words = format!("{} to {} on {}", it.source, it.destination, ports(&it.ports));
        writeln!(
            out,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"><title>{}</title></line>",
            markup(&words)
        )?;
        // Lines lie on each other where traffic goes both ways; a dot shows the end that accepts.
        let (x, y) = (x2 + (x1 - x2) * 0.08, y2 + (y1 - y2) * 0.08);
        writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>")?;
    }
    for (zone, class) in &classes {
        let Some((x, y)) = places.get(zone) else { continue };
        let (anchor, shift) = if *x < middle { ("end", -10.0) } else { ("start", 10.0) };
        writeln!(
            out,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"{anchor}\">{}</text>",
            x + shift,
            y + 4.0,
            markup(&zone.to_string())
        )?;
    }
    writeln!(
        out,
        "</svg>\n<p>A dot marks the end that accepts. Green: managed and denied by default; red: not denied by \
         default.</p>"
    )
}
