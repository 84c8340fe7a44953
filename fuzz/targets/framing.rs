//! Documents are stretches of the text without gaps, whatever the text is: joined they give it back.
#![no_main]

use floe::stream::{classify, frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let stream = frame(text);
    let mut end = 0;
    for document in &stream.documents {
        assert_eq!(document.span.start, end, "a gap, or an overlap");
        end = document.span.end;
        for part in [document.content, document.body, document.unmarked()] {
            assert!(part.start >= document.span.start && part.end <= document.span.end, "{part:?} leaves {document:?}");
            assert!(text.get(part.range()).is_some(), "{part:?} cuts a character");
        }
        classify(&text[document.content.range()]);
    }
    assert_eq!(end, text.len(), "the end of the text belongs to no document");
});
