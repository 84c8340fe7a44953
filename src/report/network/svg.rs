//! A drawing without tools: namespaces as boxes in a grid, their workloads as rows, connections as curves from the
//! right side of a row to the left side of another.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::dot::{label, nodes};
use crate::report::escape::markup;
use crate::snapshot::{ConnectionList, Endpoint};

/// Sizes in pixels.
const ROW: usize = 26;
const GAP: usize = 14;
const HEAD: usize = 30;
const BETWEEN: usize = 170;
const CHARACTER: usize = 8;
/// How far a curve leaves a row before it turns.
const BEND: usize = 80;

/// The box of a namespace.
struct Group<'l> {
    title: &'l str,
    members: Vec<&'l Endpoint>,
    color: &'static str,
}

/// Left edge, upper edge and width of a row.
#[derive(Clone, Copy)]
struct Row {
    x: usize,
    y: usize,
    width: usize,
}

/// Writes an SVG document that needs nothing else. A curve is dashed where it depends on the CNI.
pub fn write_svg(list: &ConnectionList, out: &mut dyn Write) -> io::Result<()> {
    let (clusters, others) = nodes(list);
    let mut groups: Vec<Group<'_>> =
        clusters.into_iter().map(|(title, members)| Group { title, members, color: "#1f4fa8" }).collect();
    if !others.is_empty() {
        groups.push(Group { title: "outside", members: others, color: "#b22222" });
    }
    let widest = groups.iter().flat_map(|group| {
        group.members.iter().map(|it| label(it).chars().count()).chain([group.title.chars().count()])
    });
    let width = widest.max().unwrap_or(10) * CHARACTER + 2 * GAP;
    let root = groups.len().isqrt();
    let columns = if root * root < groups.len() { root + 1 } else { root.max(1) };

    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut boxes = Vec::new();
    let mut top = GAP;
    for line in groups.chunks(columns) {
        let tallest = line.iter().map(|group| HEAD + group.members.len() * (ROW + GAP)).max().unwrap_or(0);
        for (column, group) in line.iter().enumerate() {
            let left = BETWEEN / 2 + column * (width + 2 * GAP + BETWEEN);
            boxes.push((group, left, top, HEAD + group.members.len() * (ROW + GAP)));
            for (position, member) in group.members.iter().enumerate() {
                let y = top + HEAD + position * (ROW + GAP);
                rows.insert(&member.name, Row { x: left + GAP, y, width });
            }
        }
        top += tallest + 2 * HEAD;
    }
    let total = columns * (width + 2 * GAP + BETWEEN);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"{top}\" viewBox=\"0 0 {total} {top}\" \
         font-family=\"monospace\" font-size=\"12\">\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" \
         refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" \
         fill=\"#8a6d00\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    )?;
    for (group, x, y, height) in boxes {
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\" fill=\"#f7f7f7\" stroke=\"black\"/>\n\
             <text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>",
            width + 2 * GAP,
            x + GAP,
            y + 20,
            markup(group.title)
        )?;
        for member in &group.members {
            let Some(Row { x, y, width }) = rows.get(member.name.as_str()).copied() else { continue };
            writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" rx=\"4\" fill=\"white\" stroke=\"{0}\"/>\
                 <text x=\"{1}\" y=\"{2}\" fill=\"{0}\">{3}</text>",
                group.color,
                x + GAP,
                y + 17,
                markup(&label(member))
            )?;
        }
    }
    list.write_lines(out, &|connection, line| {
        let end = |endpoint: &Endpoint| rows.get(endpoint.name.as_str()).copied();
        let (Some(from), Some(to)) = (end(connection.source), end(connection.destination)) else { return };
        let (words, style) = match connection.with_pods {
            None => (connection.passing.text.clone(), ""),
            Some(more) => (format!("{} / {}", connection.passing.text, more.text), " stroke-dasharray=\"5 3\""),
        };
        line.extend_from_slice(curve(from, to, &words, style).as_bytes());
    })?;
    writeln!(out, "</svg>")
}

/// A cubic curve with its words at three tenths of its way, where those of the way back are not.
fn curve(from: Row, to: Row, words: &str, style: &str) -> String {
    let (x1, y1) = (from.x + from.width, from.y + ROW / 2);
    let (x2, y2) = (to.x, to.y + ROW / 2);
    let (bend1, bend2) = (x1 + BEND, x2.saturating_sub(BEND));
    let at = |a: usize, b: usize, c: usize, d: usize| (343 * a + 441 * b + 189 * c + 27 * d) / 1000;
    let (x, y) = (at(x1, bend1, bend2, x2), at(y1, y1, y2, y2));
    format!(
        "<path d=\"M{x1} {y1}C{bend1} {y1} {bend2} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#8a6d00\"{style} \
         marker-end=\"url(#arrow)\"/><text x=\"{x}\" y=\"{}\" fill=\"#1b5e20\" font-size=\"10\">{}</text>\n",
        y.saturating_sub(3),
        markup(words)
    )
}
