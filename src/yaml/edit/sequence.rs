use serde_json::Value;

use super::lines::Comments;
use super::{Context, Editor, Refusal};
use crate::text::{Span, TextEdit};
use crate::yaml::emit;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NodeId};

impl<'v> Editor<'_, '_, 'v> {
    pub(super) fn sequence(
        &mut self,
        id: NodeId,
        items: &'v [Value],
        target: &'v Value,
        context: Context,
    ) -> Result<(), Refusal> {
        let nodes: Vec<NodeId> = self.tree.items(id).collect();
        if nodes.is_empty() || items.is_empty() {
            return if nodes.is_empty() && items.is_empty() { Ok(()) } else { self.replace(id, target, context) };
        }
        let inner = context.inside(self.tree.kind(id));
        if nodes.len() == items.len() {
            return nodes.into_iter().zip(items).try_for_each(|(node, item)| self.visit(node, item, inner));
        }
        let head = self.common(nodes.iter().copied(), items.iter())?;
        let tail = self.common(nodes.iter().rev().copied(), items.iter().rev())?;
        let grown = items.len().checked_sub(nodes.len());
        match grown {
            Some(grown) if head + tail >= nodes.len() && head < nodes.len() => {
                self.insert_items(id, head, items.get(head..head + grown).unwrap_or_default())
            }
            Some(_) => {
                for (node, item) in nodes.iter().zip(items) {
                    self.visit(*node, item, inner)?;
                }
                self.insert_items(id, nodes.len(), items.get(nodes.len()..).unwrap_or_default())
            }
            None if head + tail >= items.len() => {
                let removed = nodes.len() - items.len();
                (head..head + removed).try_for_each(|position| self.remove_item(id, position))
            }
            None => self.replace(id, target, context),
        }
    }

    /// Number of leading pairs that are equal.
    fn common<'i>(
        &self,
        nodes: impl Iterator<Item = NodeId>,
        items: impl Iterator<Item = &'i Value>,
    ) -> Result<usize, Refusal> {
        let mut count = 0;
        for (node, item) in nodes.zip(items) {
            if !self.tree.equals(node, item)? {
                break;
            }
            count += 1;
        }
        Ok(count)
    }

    /// Inserts items before the item at `position`, or behind the last one. The sequence must not be empty.
    pub fn insert_items(&mut self, id: NodeId, position: usize, items: &[Value]) -> Result<(), Refusal> {
        if items.is_empty() {
            return Ok(());
        }
        let nodes: Vec<NodeId> = self.tree.items(id).collect();
        let column = self.tree.node(id).column as usize;
        let before = nodes.get(position).copied();
        if self.context_of(id).inside(self.tree.kind(id)) == Context::Flow {
            let texts: Vec<String> = items.iter().map(flow_text).collect();
            let Some(node) = before else { return self.add_to_flow(id, &texts) };
            if self.tree.node(node).anchored || self.tree.node(node).tagged {
                return self.refuse(node, "an item with an anchor or tag has no certain start");
            }
            let text = texts.join(", ");
            self.edits.push(TextEdit::insert(self.tree.span(node).start, format!("{text}, ")));
            return Ok(());
        }
        let mut lines = String::new();
        for item in items {
            emit::pad(&mut lines, column);
            emit::item(item, column, self.style, &mut lines);
        }
        let above = position.checked_sub(1).and_then(|position| nodes.get(position)).copied();
        match (above, before) {
            (Some(above), Some(_)) => self.insert_below(above, Comments::LeaveBelow, &lines),
            (Some(above), None) => self.insert_below(above, Comments::KeepAbove(column), &lines),
            (None, Some(first)) => {
                let dash = self.tree.node(first).separator as usize;
                let mut text = lines.trim_start_matches(' ').to_owned();
                emit::pad(&mut text, column);
                self.edits.push(TextEdit::insert(dash, text));
                Ok(())
            }
            (None, None) => self.refuse(id, "an empty block sequence has no place for an item"),
        }
    }

    /// Removes an item with its lines. At least one item must stay.
    pub fn remove_item(&mut self, id: NodeId, position: usize) -> Result<(), Refusal> {
        let nodes: Vec<NodeId> = self.tree.items(id).collect();
        let Some(node) = nodes.get(position).copied() else { return self.refuse(id, "no such item") };
        self.check_no_anchor_inside(node)?;
        if self.tree.kind(id) != (Kind::Sequence { flow: false }) {
            return self.remove_flow_item(&nodes, position);
        }
        let dash = self.tree.node(node).separator as usize;
        let line = scan::line_start(self.bytes(), dash);
        let alone = self.bytes().get(line..dash).is_some_and(|part| part.iter().all(|byte| *byte == b' '));
        if !alone {
            return self.refuse(node, "this item does not begin a line");
        }
        let place = self.below(node)?;
        self.edits.push(TextEdit::delete(Span::new(line, place.offset)));
        Ok(())
    }

    fn remove_flow_item(&mut self, nodes: &[NodeId], position: usize) -> Result<(), Refusal> {
        let at = |position: usize| nodes.get(position).map(|node| self.tree.span(*node));
        let previous = position.checked_sub(1).and_then(at);
        let span = match (previous, at(position), at(position + 1)) {
            (_, Some(this), Some(next)) => Span::new(this.start, next.start),
            (Some(previous), Some(this), None) => Span::new(previous.end, this.end),
            _ => return Err(Refusal::new("the only item of a sequence in brackets cannot be removed", 0)),
        };
        self.edits.push(TextEdit::delete(span));
        Ok(())
    }

    /// Replaces an item of a sequence as a whole.
    pub fn replace_item(&mut self, id: NodeId, position: usize, item: &'v Value) -> Result<(), Refusal> {
        let Some(node) = self.tree.items(id).nth(position) else { return self.refuse(id, "no such item") };
        let context = self.context_of(node);
        self.replace(node, item, context)
    }
}

fn flow_text(item: &Value) -> String {
    let mut text = String::new();
    emit::flow(item, &mut text);
    text
}
