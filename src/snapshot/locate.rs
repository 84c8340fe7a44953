//! Places of many objects at once: a document that holds thousands is parsed once.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::document::ParsedDocument;
use crate::finding::Location;
use crate::snapshot::Origin;
use crate::stream::Stream;
use crate::yaml::FieldPath;

/// Where fields of objects are, in the order asked for; `streams` are those that the snapshot was taken of. Absent for
/// an object that stands in none of them.
pub fn locate_all(streams: &[Stream<'_>], wanted: &[(&Origin, &FieldPath)]) -> Vec<Option<Location>> {
    let mut by_document: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (position, (origin, _)) in wanted.iter().enumerate() {
        by_document.entry((origin.stream, origin.document)).or_default().push(position);
    }
    let documents: Vec<_> = by_document.into_iter().collect();
    let found = documents.par_iter().flat_map_iter(|((number, index), positions)| {
        let parsed = streams.get(*number).and_then(|stream| ParsedDocument::read(stream, *index).ok());
        let locate = move |&position: &usize| {
            let (origin, path) = wanted.get(position)?;
            let parsed = parsed.as_ref()?;
            let object = parsed.objects.get(origin.object)?;
            Some((position, parsed.location(origin.object, object, path)))
        };
        positions.iter().filter_map(locate).collect::<Vec<_>>()
    });
    let mut found: BTreeMap<usize, Location> = found.collect();
    (0..wanted.len()).map(|position| found.remove(&position)).collect()
}
