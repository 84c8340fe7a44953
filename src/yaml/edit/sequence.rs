use serde_json::Value;

use super::lines::Comments;
use super::{Context, Editor, Refusal};
use crate::text::{Span, TextEdit};
use crate::yaml::emit;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NodeId};
use crate::yaml::value::ValueError;

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
        if items.len() < nodes.len() {
            return match self.removed(&nodes, items)? {
                Some(removed) => removed.into_iter().try_for_each(|position| self.remove_item(id, position)),
                None => self.replace(id, target, context),
            };
        }
        let tree = self.tree;
        let matches = match self.matched(&nodes, items, |node, item| tree.equals(node, item))? {
            Some(equal) => equal,
            None => self
                .matched(&nodes, items, |node, item| self.is_alike(node, item))?
                .unwrap_or_else(|| (0..nodes.len()).collect()),
        };
        let mut next = 0;
        for (position, (node, index)) in nodes.iter().zip(matches).enumerate() {
            self.insert_items(id, position, items.get(next..index).unwrap_or_default())?;
            if let Some(item) = items.get(index) {
                self.visit(*node, item, inner)?;
            }
            next = index + 1;
        }
        self.insert_items(id, nodes.len(), items.get(next..).unwrap_or_default())
    }

    /// For each node the first item that matches it, all in order; absent unless every node has one.
    fn matched(
        &self,
        nodes: &[NodeId],
        items: &[Value],
        is_match: impl Fn(NodeId, &Value) -> Result<bool, ValueError>,
    ) -> Result<Option<Vec<usize>>, ValueError> {
        let mut matches = Vec::with_capacity(nodes.len());
        let mut items = items.iter().enumerate();
        for node in nodes {
            loop {
                let Some((index, item)) = items.next() else { return Ok(None) };
                if is_match(*node, item)? {
                    matches.push(index);
                    break;
                }
            }
        }
        Ok(Some(matches))
    }

    /// Whether an item is what the node may have become: a list item keeps its `name`, or at least some other key.
    fn is_alike(&self, node: NodeId, item: &Value) -> Result<bool, ValueError> {
        let resolved = self.tree.resolve(node);
        match (self.tree.kind(resolved), item) {
            (Kind::Mapping { .. }, Value::Object(map)) => match (self.tree.get(resolved, "name"), map.get("name")) {
                (Some(name), Some(value)) => self.tree.equals(name, value),
                _ => {
                    for (key, _) in self.tree.entries(resolved) {
                        if !self.tree.is_merge(key) && map.contains_key(&*self.tree.key(key)?) {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                }
            },
            (Kind::Sequence { .. }, Value::Array(_)) => Ok(true),
            _ => self.tree.equals(node, item),
        }
    }

    /// The positions of the nodes that go, if all items are there unchanged and in order.
    fn removed(&self, nodes: &[NodeId], items: &[Value]) -> Result<Option<Vec<usize>>, Refusal> {
        let mut removed = Vec::new();
        let mut items = items.iter().peekable();
        for (position, node) in nodes.iter().enumerate() {
            match items.peek() {
                Some(item) if self.tree.equals(*node, item)? => drop(items.next()),
                _ => removed.push(position),
            }
        }
        Ok(items.next().is_none().then_some(removed))
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
        let lines = |style| {
            let mut lines = String::new();
            for item in items {
                emit::pad(&mut lines, column);
                emit::item(item, column, style, &mut lines);
            }
            lines
        };
        let above = position.checked_sub(1).and_then(|position| nodes.get(position)).copied();
        let place = match (above, before) {
            (Some(above), Some(_)) => self.below_with(above, Comments::LeaveBelow)?,
            (Some(above), None) => self.below_with(above, Comments::KeepAbove(column))?,
            (None, Some(first)) => {
                let dash = self.tree.node(first).separator as usize;
                let mut text = lines(self.style).trim_start_matches(' ').to_owned();
                emit::pad(&mut text, column);
                self.edits.push(TextEdit::insert(dash, text));
                return Ok(());
            }
            (None, None) => return self.refuse(id, "an empty block sequence has no place for an item"),
        };
        self.insert_lines(place, &lines(self.style_before(place.offset, column)));
        Ok(())
    }

    /// Removes an item with its lines. At least one item must stay.
    pub fn remove_item(&mut self, id: NodeId, position: usize) -> Result<(), Refusal> {
        let nodes: Vec<NodeId> = self.tree.items(id).collect();
        let Some(node) = nodes.get(position).copied() else { return self.refuse(id, "no such item") };
        self.check_no_anchor(self.tree.subtree(node))?;
        if self.tree.kind(id) != (Kind::Sequence { flow: false }) {
            return self.remove_flow_item(&nodes, position);
        }
        let dash = self.tree.node(node).separator as usize;
        let line = scan::line_start(self.bytes(), dash);
        let alone = self.bytes().get(line..dash).is_some_and(|part| part.iter().all(|byte| *byte == b' '));
        if !alone {
            return self.refuse(node, "this item does not begin a line");
        }
        self.remove_lines(line, node, node)
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
