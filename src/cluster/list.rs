//! Whole collections, page by page.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::{Value, json};

use super::collection::Collection;
use super::error::ClusterError;
use super::kept;
use super::request::{ApiRequest, Connection};

/// Objects of a page, as kubectl asks for them.
const PAGE: usize = 500;

/// How often a list is begun again, whose snapshot the server no longer has, before it is asked for in one piece.
const RESTARTS: usize = 2;

/// Objects without their content.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

impl Connection {
    /// The pages of a collection: the lists that the server sent, without what floe does not read.
    ///
    /// The server keeps what it shows in pages for minutes only; after that the next page is HTTP 410, and the list
    /// begins again: pages of two times would show objects twice or not at all.
    pub(super) async fn list(
        &self,
        collection: Collection,
        version: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<String>, ClusterError> {
        for _ in 0..RESTARTS {
            if let Some(pages) = self.pages(collection, version, namespace, Some(PAGE)).await? {
                return Ok(pages);
            }
        }
        let whole = self.pages(collection, version, namespace, None).await?;
        whole.ok_or_else(|| ClusterError::Refused {
            what: what(collection, namespace),
            status: 410,
            message: "the list expires before it is read".to_owned(),
            causes: Vec::new(),
        })
    }

    /// Absent if the list has expired.
    async fn pages(
        &self,
        collection: Collection,
        version: &str,
        namespace: Option<&str>,
        limit: Option<usize>,
    ) -> Result<Option<Vec<String>>, ClusterError> {
        let path = collection.path(version, namespace);
        let mut pages = Vec::new();
        let mut next = String::new();
        loop {
            let mut query = Vec::new();
            query.extend(limit.map(|limit| format!("limit={limit}")));
            query.extend(collection.selector.map(|selector| format!("labelSelector={}", encoded(selector))));
            query.extend(
                collection.name.map(|name| format!("fieldSelector={}", encoded(&format!("metadata.name={name}")))),
            );
            query.extend(Some(&next).filter(|next| !next.is_empty()).map(|next| format!("continue={}", encoded(next))));
            let query = query.join("&");
            let path = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
            let mut question = ApiRequest::get(path, what(collection, namespace));
            if collection.owned.is_some() {
                question.accept = METADATA;
            }
            let answer = self.ask(&question).await?;
            match answer.status {
                200 => {}
                410 => return Ok(None),
                status => return Err(ClusterError::of_answer(&self.server, &question.what, status, &answer.text)),
            }
            let mut list = kept::read(&answer.text, collection.keep())
                .map_err(|error| ClusterError::Garbled { what: question.what.clone(), reason: error.to_string() })?;
            drop(answer);
            if let (Some(kind), Some(fields)) = (collection.owned, list.as_object_mut()) {
                // One without an owner says nothing.
                if let Some(items) = fields.get_mut("items").and_then(Value::as_array_mut) {
                    items.retain(|item| item.pointer("/metadata/ownerReferences").is_some());
                }
                fields.insert("kind".to_owned(), json!(format!("{kind}List")));
                fields.insert("apiVersion".to_owned(), json!(format!("{}/{version}", collection.group)));
            }
            list.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().clone_into(&mut next);
            pages.push(if collection.is_bulk() { kept::written(&list) } else { list.to_string() });
            if next.is_empty() {
                return Ok(Some(pages));
            }
        }
    }
}

/// What messages call the list.
fn what(collection: Collection, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("list {} in namespace {namespace}", collection.plural),
        None => format!("list {}", collection.plural),
    }
}

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value of a query, or a segment of a path.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        assert_eq!(encoded("a/b=c d").to_string(), "a%2Fb%3Dc%20d");
        assert_eq!(encoded("eyJ2Ij.x_~-").to_string(), "eyJ2Ij.x_~-");
    }
}
