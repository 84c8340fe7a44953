use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::flow::FlowChild;
use super::{Context, Editor, Refusal, TwinKey};
use crate::text::{Span, TextEdit};
use crate::yaml::emit;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NodeId, link};

/// One written entry.
struct Entry<'n> {
    name: Cow<'n, str>,
    key: NodeId,
    value: NodeId,
}

impl<'n, 'v> Editor<'n, '_, 'v> {
    /// Sets one entry of a mapping, which must not be empty.
    pub fn set_entry(&mut self, mapping: NodeId, name: &'v str, value: &'v Value) -> Result<(), Refusal> {
        // The entry itself and not what an alias stands for: other places may use that too.
        match self.tree.entries(mapping).filter(|(key, _)| self.tree.text(*key) == name).last() {
            Some((_, node)) => self.reconcile(node, value),
            None => self.add_entries(mapping, [(name, value)].into_iter()),
        }
    }

    pub(super) fn mapping(
        &mut self,
        id: NodeId,
        map: &'v Map<String, Value>,
        target: &'v Value,
        context: Context,
    ) -> Result<(), Refusal> {
        let tree = self.tree;
        if tree.entries(id).any(|(key, _)| tree.is_merge(key)) {
            return self.merged_mapping(id, map, target, context);
        }
        let entries = self.entries(id)?;
        if entries.is_empty() {
            return match (map.is_empty(), context) {
                (true, _) => Ok(()),
                (false, Context::Flow) => self.add_entries(id, named(map)),
                (false, Context::Block) if tree.parent(id).is_none() => self.add_entries(id, named(map)),
                (false, Context::Block) => self.replace(id, target, context),
            };
        }
        if !entries.iter().any(|entry| map.contains_key(&*entry.name)) {
            return self.replace(id, target, context);
        }
        let inner = context.inside(tree.kind(id));
        // The last of several entries with one name counts.
        let by_name: BTreeMap<&str, usize> =
            entries.iter().enumerate().map(|(position, entry)| (&*entry.name, position)).collect();
        let mut seen = BTreeSet::new();
        let twins: BTreeSet<&str> =
            entries.iter().map(|entry| &*entry.name).filter(|name| !seen.insert(*name)).collect();
        let mut known = 0;
        let mut removed = Vec::new();
        let mut next = 0;
        for (position, entry) in entries.iter().enumerate() {
            match map.get(&*entry.name) {
                None if inner == Context::Flow => removed.push(position),
                None if position < next => {}
                None => next = self.remove_entry(id, &entries, position, map)?,
                // An earlier one of several counts for nothing, whatever it says.
                Some(_) if by_name.get(&*entry.name) != Some(&position) => {}
                Some(value) => {
                    if twins.contains(&*entry.name)
                        && (!tree.equals(entry.value, value)? || !self.aliases_are_unchanged(entry.value)?)
                    {
                        let first = entries.iter().find(|it| it.name == entry.name).map_or(entry.key, |it| it.key);
                        self.twins.push(TwinKey {
                            name: entry.name.clone().into_owned(),
                            first: tree.span(first).start,
                            last: tree.span(entry.key).start,
                        });
                    }
                    self.visit(entry.value, value, inner)?;
                    known += 1;
                }
            }
        }
        if !removed.is_empty() {
            let children: Vec<FlowChild> =
                entries.iter().map(|entry| FlowChild { first: entry.key, last: entry.value }).collect();
            self.remove_flow_children(id, &children, &removed)?;
        }
        if known == map.len() {
            return Ok(());
        }
        self.add_entries(id, named(map).filter(|(name, _)| !by_name.contains_key(name)))
    }

    fn entries(&self, id: NodeId) -> Result<Vec<Entry<'n>>, Refusal> {
        let tree = self.tree;
        tree.entries(id).map(|(key, value)| Ok(Entry { name: tree.key(key)?, key, value })).collect()
    }

    /// A mapping with `<<`: what it takes from elsewhere may already have changed with its anchor.
    fn merged_mapping(
        &mut self,
        id: NodeId,
        map: &'v Map<String, Value>,
        target: &'v Value,
        context: Context,
    ) -> Result<(), Refusal> {
        let tree = self.tree;
        if tree.equals(id, target)? && self.aliases_are_unchanged(id)? {
            return Ok(());
        }
        let inner = context.inside(tree.kind(id));
        let mut merges = Vec::new();
        for (key, value) in tree.entries(id).filter(|(key, _)| tree.is_merge(*key)) {
            merges.push((key, self.merged(id, value)?));
        }
        let mut now = Map::new();
        let mut written = BTreeSet::new();
        let mut written_at = BTreeMap::new();
        for (key, value) in tree.entries(id) {
            if let Some((_, merged)) = merges.iter().find(|(merge, _)| *merge == key) {
                now.extend(merged.clone());
                continue;
            }
            let name = tree.key(key)?;
            if let Some(first) = written_at.insert(name.clone(), key) {
                let line = tree.line(first);
                return self.refuse(
                    key,
                    &format!("`{name}` is written twice beside a merge, first in line {line} of the document"),
                );
            }
            let Some(target) = map.get(&*name) else {
                return self.refuse(key, "an entry beside a merge key cannot be removed");
            };
            // A merge that follows overrides what is written here.
            if !merges.iter().any(|(merge, merged)| *merge > key && merged.contains_key(&*name)) {
                self.visit(value, target, inner)?;
                now.insert(name.clone().into_owned(), target.clone());
            }
            written.insert(name);
        }
        if let Some(name) = now.keys().find(|name| !map.contains_key(*name)) {
            return self.refuse(id, &format!("`{name}` comes from a merge and cannot be removed here"));
        }
        let missing = |(name, value): &(&str, &Value)| now.get(*name) != Some(value);
        if let Some((name, _)) = named(map).filter(missing).find(|(name, _)| written.contains(*name)) {
            return self.refuse(id, &format!("`{name}` is overridden by a merge that follows it"));
        }
        if named(map).any(|entry| missing(&entry)) {
            self.add_entries(id, named(map).filter(missing))?;
        }
        Ok(())
    }

    /// What `<<: from` brings into a mapping, with the new values of anchors that have been edited.
    fn merged(&self, into: NodeId, from: NodeId) -> Result<Map<String, Value>, Refusal> {
        let takes_from_itself = |node: NodeId| {
            let anchor = self.tree.resolve(node);
            anchor != node && self.tree.subtree(into).any(|inner| inner == anchor)
        };
        if let Some(alias) = self.tree.subtree(from).find(|node| takes_from_itself(*node)) {
            return self.refuse(alias, "this merge takes from the mapping that it stands in");
        }
        let sources: Vec<NodeId> = match self.tree.kind(from) {
            Kind::Sequence { .. } => self.tree.items(from).collect(),
            _ => vec![from],
        };
        let mut merged = Map::new();
        for source in sources.into_iter().rev() {
            let anchor = self.tree.resolve(source);
            let value = match self.anchored.get(&anchor) {
                Some(value) => (*value).clone(),
                None if self.anchor_is_unchanged(anchor) && self.aliases_are_unchanged(anchor)? => {
                    self.tree.value(anchor)?
                }
                None => return self.refuse(source, "the source of this merge has been edited"),
            };
            if let Value::Object(map) = value {
                merged.extend(map);
            }
        }
        Ok(merged)
    }

    /// Removes the entry at `position`, which the target lacks, and any behind it that go with it; gives the position
    /// of the next entry that was not looked at.
    fn remove_entry(
        &mut self,
        mapping: NodeId,
        entries: &[Entry<'_>],
        position: usize,
        map: &Map<String, Value>,
    ) -> Result<usize, Refusal> {
        let Some(entry) = entries.get(position) else { return Ok(position) };
        let start = self.entry_start(mapping, entry.key);
        let line = scan::line_start(self.bytes(), start);
        let alone = self.bytes().get(line..start).is_some_and(|part| part.iter().all(|byte| *byte == b' '));
        let behind = position + 1;
        if alone {
            self.check_no_anchor(self.tree.subtree(entry.key).chain(self.tree.subtree(entry.value)))?;
            self.remove_lines(line, entry.key, entry.value)?;
            return Ok(behind);
        }
        // The first entry stands behind the dash of a sequence item: the first that stays takes its place.
        let kept = entries.iter().skip(behind).position(|entry| map.contains_key(&*entry.name));
        let Some(kept) = kept.map(|kept| kept + behind) else {
            return self.refuse(entry.key, "the only entry of this mapping cannot be removed");
        };
        let removed = entries.get(position..kept).unwrap_or_default();
        self.check_no_anchor(
            removed.iter().flat_map(|entry| self.tree.subtree(entry.key).chain(self.tree.subtree(entry.value))),
        )?;
        let end = entries.get(kept).map_or(start, |entry| self.entry_start(mapping, entry.key));
        self.edits.push(TextEdit::delete(Span::new(start, end)));
        Ok(kept)
    }

    /// Adds entries behind the last one.
    fn add_entries<'e>(
        &mut self,
        id: NodeId,
        entries: impl Iterator<Item = (&'e str, &'e Value)>,
    ) -> Result<(), Refusal> {
        let holder = *self.tree.node(id);
        if holder.kind == (Kind::Mapping { flow: true }) {
            let texts: Vec<String> = entries
                .map(|(key, value)| {
                    let mut text = String::new();
                    emit::flow_entry(key, value, &mut text);
                    text
                })
                .collect();
            return self.add_to_flow(id, &texts);
        }
        let Some(last) = link(holder.last) else {
            return self.refuse(id, "an empty block mapping has no place for an entry");
        };
        let map: Map<String, Value> = entries.map(|(key, value)| (key.to_owned(), value.clone())).collect();
        let mut lines = String::new();
        let column = holder.column as usize;
        if self.ends_in_open_block_scalar(id) {
            // Appending would change that scalar, so the new entries go before the last one.
            let last_key = self.tree.entries(id).last().map_or(last, |(key, _)| key);
            let at = self.entry_start(id, last_key);
            emit::block(&Value::Object(map), column, self.style, &mut lines);
            let mut text = lines.trim_start_matches(' ').to_owned();
            emit::pad(&mut text, column);
            self.edits.push(TextEdit::insert(at, text));
            return Ok(());
        }
        let place = self.below_comments(last, column)?;
        emit::block(&Value::Object(map), column, self.style_before(place.offset, column), &mut lines);
        self.insert_lines(place, &lines);
        Ok(())
    }

    /// Whether a node's last leaf is a block scalar that ends with the text, without a line break.
    pub(super) fn ends_in_open_block_scalar(&self, id: NodeId) -> bool {
        let leaf = self.last_leaf(id);
        let is_block = matches!(self.tree.kind(leaf), Kind::Scalar(style) if style.is_block());
        is_block && self.tree.span(leaf).end == self.bytes().len() && !self.bytes().ends_with(b"\n")
    }
}

fn named(map: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    map.iter().map(|(name, value)| (name.as_str(), value))
}
