use serde_json::Value;

use super::flow::FlowChild;
use super::{Context, Editor, Refusal};
use crate::text::TextEdit;
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
            return match self.kept(&nodes, items)? {
                Some(kept) => self.keep_items(id, &nodes, items, &kept, inner),
                None => self.replace(id, target, context),
            };
        }
        let matches = match matched(&nodes, items, |node, item| self.tree.equals(*node, item))? {
            Some(equal) => equal,
            None => matched(&nodes, items, |node, item| self.is_alike(*node, item))?
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

    /// The positions of the nodes that stay as the items, changed or not.
    fn kept(&self, nodes: &[NodeId], items: &[Value]) -> Result<Option<Vec<usize>>, ValueError> {
        match matched(items, nodes, |item, node| self.tree.equals(*node, item))? {
            Some(equal) => Ok(Some(equal)),
            None => matched(items, nodes, |item, node| self.is_alike(*node, item)),
        }
    }

    fn keep_items(
        &mut self,
        id: NodeId,
        nodes: &[NodeId],
        items: &'v [Value],
        kept: &[usize],
        context: Context,
    ) -> Result<(), Refusal> {
        let mut items = kept.iter().zip(items).peekable();
        let mut removed = Vec::new();
        for (position, node) in nodes.iter().enumerate() {
            match items.next_if(|(kept, _)| **kept == position) {
                Some((_, item)) => self.visit(*node, item, context)?,
                None => removed.push(position),
            }
        }
        self.remove_items(id, &removed)
    }

    /// Whether an item is what the node may have become: a list item keeps its `name`, or at least some other key.
    fn is_alike(&self, node: NodeId, item: &Value) -> Result<bool, ValueError> {
        let resolved = self.tree.resolve(node);
        match (self.tree.kind(resolved), item) {
            (Kind::Mapping { .. }, Value::Object(map)) => {
                if let (Some(name), Some(value)) = (self.tree.get(resolved, "name"), map.get("name")) {
                    return self.tree.equals(name, value);
                }
                for (key, _) in self.tree.entries(resolved) {
                    if !self.tree.is_merge(key) && map.contains_key(&*self.tree.key(key)?) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Kind::Sequence { .. }, Value::Array(_)) => Ok(true),
            _ => self.tree.equals(node, item),
        }
    }

    /// Inserts items before the item at `position`, or behind the last one. The sequence must not be empty.
    pub fn insert_items(&mut self, id: NodeId, position: usize, items: &[Value]) -> Result<(), Refusal> {
        if items.is_empty() {
            return Ok(());
        }
        let nodes: Vec<NodeId> = self.tree.items(id).collect();
        let column = self.tree.node(id).column as usize;
        let above = position.checked_sub(1).and_then(|position| nodes.get(position)).copied();
        let before = nodes.get(position).copied();
        if self.context_of(id).inside(self.tree.kind(id)) == Context::Flow {
            let texts: Vec<String> = items.iter().map(flow_text).collect();
            if before.is_none() {
                return self.add_to_flow(id, &texts);
            }
            let start = self.flow_child_start(id, above);
            let text = texts.join(", ");
            self.edits.push(TextEdit::insert(start, format!("{text}, ")));
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
        let place = match (above, before) {
            (Some(above), Some(_)) => self.below_comments(above, column + 1)?,
            (Some(above), None) => self.below_comments(above, column)?,
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

    /// Removes items, in ascending order, with their lines. At least one item must stay.
    pub fn remove_items(&mut self, id: NodeId, positions: &[usize]) -> Result<(), Refusal> {
        let nodes: Vec<NodeId> = self.tree.items(id).collect();
        if self.tree.kind(id) != (Kind::Sequence { flow: false }) {
            let children: Vec<FlowChild> = nodes.iter().map(|node| FlowChild { first: *node, last: *node }).collect();
            return self.remove_flow_children(id, &children, positions);
        }
        for position in positions {
            let Some(node) = nodes.get(*position).copied() else { return self.refuse(id, "no such item") };
            self.check_no_anchor(self.tree.subtree(node))?;
            let dash = self.tree.node(node).separator as usize;
            let line = scan::line_start(self.bytes(), dash);
            let alone = self.bytes().get(line..dash).is_some_and(|part| part.iter().all(|byte| *byte == b' '));
            if !alone {
                return self.refuse(node, "this item does not begin a line");
            }
            self.remove_lines(line, node, node)?;
        }
        Ok(())
    }

    /// Replaces an item of a sequence as a whole.
    pub fn replace_item(&mut self, id: NodeId, position: usize, item: &'v Value) -> Result<(), Refusal> {
        let Some(node) = self.tree.items(id).nth(position) else { return self.refuse(id, "no such item") };
        let context = self.context_of(node);
        self.replace(node, item, context)
    }
}

/// For each of `few` the first of `many` that matches it, all in order; absent unless everyone has a match.
fn matched<F, M>(
    few: &[F],
    many: &[M],
    is_match: impl Fn(&F, &M) -> Result<bool, ValueError>,
) -> Result<Option<Vec<usize>>, ValueError> {
    let mut matches = Vec::with_capacity(few.len());
    let mut many = many.iter().enumerate();
    for one in few {
        loop {
            let Some((index, other)) = many.next() else { return Ok(None) };
            if is_match(one, other)? {
                matches.push(index);
                break;
            }
        }
    }
    Ok(Some(matches))
}

fn flow_text(item: &Value) -> String {
    let mut text = String::new();
    emit::flow(item, &mut text);
    text
}
