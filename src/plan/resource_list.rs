//! The input of a KRM function: a `ResourceList` with its configuration, its items and its results.

use serde_json::Value;

use super::apply::{Changes, apply};
use super::output::Output;
use super::results;
use crate::document::{Error, ParsedDocument, Problem};
use crate::finding::{Finding, Location};
use crate::stream::{Format, Stream};
use crate::yaml::{FieldPath, Kind, NodeId, ParseError, Tree};

/// Whether the input is a `ResourceList`, parsed; anything else is a stream. What Helm renders is one, even where a chart
/// brings an object of that kind: it must not bring its own configuration.
pub fn resource_list<'t>(stream: &Stream<'t>) -> Option<Result<ResourceList<'t>, ParseError>> {
    if stream.format != Format::Plain {
        return None;
    }
    let mut filled = stream.documents.iter().enumerate().filter(|(_, document)| {
        let body = stream.text.get(document.body.range()).unwrap_or_default();
        !body.trim().is_empty()
    });
    let (index, document) = filled.next()?;
    let content = stream.text.get(document.content.range()).unwrap_or_default();
    if filled.next().is_some() || !content.contains("ResourceList") {
        return None;
    }
    match ParsedDocument::parse(stream, index, *document) {
        Ok(parsed) if parsed.is_resource_list => Some(Ok(ResourceList { parsed })),
        Ok(_) => None,
        Err(error) => Some(Err(ParseError { offset: error.offset + document.content.start, ..error })),
    }
}

/// A parsed `ResourceList`.
#[derive(Debug)]
pub struct ResourceList<'t> {
    parsed: ParsedDocument<'t>,
}

impl<'t> ResourceList<'t> {
    /// The parsed document.
    pub fn tree(&self) -> &Tree<'t> {
        &self.parsed.tree
    }

    /// Where the document begins in the input.
    pub fn offset(&self) -> usize {
        self.parsed.offset
    }

    /// Its `functionConfig`, where there is one.
    pub fn function_config(&self) -> Option<NodeId> {
        let node = self.parsed.tree.get(self.parsed.tree.root()?, "functionConfig")?;
        // Null is how a host may say that there is none.
        (!self.parsed.tree.value(node).is_ok_and(|value| value.is_null())).then_some(node)
    }

    /// What is wrong with `items` that are no list: hosts would find nothing in them, and floe can add nothing.
    pub fn items_problem(&self) -> Option<Problem> {
        let tree = &self.parsed.tree;
        let items = tree.get(tree.root()?, "items")?;
        let is_list = matches!(tree.kind(tree.resolve(items)), Kind::Sequence { .. });
        if is_list || tree.value(items).is_ok_and(|value| value.is_null()) {
            return None;
        }
        Some(Problem {
            message: "the `items` of the ResourceList are no list".to_owned(),
            object: None,
            location: Location {
                path: FieldPath::of_keys(["items"]),
                span: Some(tree.span(items).shifted(self.parsed.offset)),
                ..Location::default()
            },
            help: "write a sequence of objects, or nothing".to_owned(),
        })
    }

    /// The list as it came, with what prevented a result among its `results`: hosts show those, and lose no item.
    /// In a document that cannot be edited the result is left out.
    pub fn with_problem(&self, text: &'t str, problem: &Problem) -> Result<Output<'t>, Error> {
        self.with_results(text, vec![results::of_problem(problem)])
    }

    /// The list as it came, with findings as its `results`, errors first: kpt shows four lines and cuts the rest.
    pub fn with_findings(&self, text: &'t str, findings: &[Finding]) -> Result<Output<'t>, Error> {
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        self.with_results(text, findings.into_iter().map(results::of_finding).collect())
    }

    fn with_results(&self, text: &'t str, own: Vec<Value>) -> Result<Output<'t>, Error> {
        let changes = Changes { results: merged_results(&self.parsed, own, false), ..Changes::default() };
        let applied =
            if changes.is_empty() { Ok(Vec::new()) } else { apply(&self.parsed, &changes).map(|it| it.edits) };
        let edits = match applied {
            // The items count for more than the reason, which is on standard error too.
            Err(Error::Input(_)) => Vec::new(),
            applied => applied?,
        };
        Output::new(text, edits).map_err(|error| Error::Internal(error.to_string()))
    }
}

pub(super) fn merged_results(parsed: &ParsedDocument<'_>, own: Vec<Value>, keeps_told: bool) -> Option<Value> {
    let present = parsed.tree.root().and_then(|root| parsed.tree.get(root, "results"));
    let present = present.and_then(|node| parsed.tree.value(node).ok());
    results::merged(present.as_ref(), own, keeps_told)
}
