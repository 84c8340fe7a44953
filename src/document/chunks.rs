//! Documents are independent of each other: one pass over all of them, on all cores where that pays.

use std::ops::Range;

use rayon::prelude::*;

use super::{Error, check_framing};
use crate::stream::Stream;

/// Texts below this size are not worth a second thread.
const PARALLEL_BYTES: usize = 256 << 10;
/// Documents that one task takes: enough that results are merged rarely, few enough that threads share the work.
const CHUNK: usize = 64;

/// Maps runs of documents, in parallel where that pays; the results are in the order of the documents. Fails where it is not
/// certain what the documents are.
pub(crate) fn map_chunks<R: Send>(
    stream: &Stream<'_>,
    map: impl Fn(Range<usize>) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    check_framing(stream)?;
    let count = stream.documents.len();
    let range = |chunk: usize| chunk * CHUNK..count.min((chunk + 1) * CHUNK);
    let chunks = 0..count.div_ceil(CHUNK);
    if stream.text.len() < PARALLEL_BYTES || chunks.len() < 2 {
        return chunks.map(|chunk| map(range(chunk))).collect();
    }
    // Collected whole and only then searched for an error, so that it is the first in the text and not in time.
    let mapped: Vec<Result<R, Error>> = chunks.into_par_iter().map(|chunk| map(range(chunk))).collect();
    mapped.into_iter().collect()
}
