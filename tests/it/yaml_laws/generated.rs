//! The laws on generated documents.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree as _;

use super::choices::{Choices, cases, check, choices, runner};
use super::document::{Features, document};
use super::laws::{agrees_with_itself, edit, only_adds_lines, read};
use super::patch::{Operations, patched};
use crate::support::judge;

/// Counts what a law was tried on.
#[derive(Default)]
struct Tally {
    edited: usize,
    unread: usize,
    refused: BTreeMap<String, usize>,
}

impl Tally {
    /// The share of readable documents that were refused, in percent, after printing it.
    fn report(&self, what: &str) -> f64 {
        let refused: usize = self.refused.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let share = 100.0 * refused as f64 / (refused + self.edited).max(1) as f64;
        let Self { edited, unread, .. } = self;
        eprintln!("{what}: {edited} edited, {refused} refused ({share:.2} %), {unread} without a value");
        for (reason, count) in &self.refused {
            eprintln!("  {count} {reason}");
        }
        share
    }
}

fn check_edits(base: u32, features: Features) -> Tally {
    let tally = RefCell::new(Tally::default());
    check(base, &choices(), |(first, second)| {
        let text = document(&mut Choices::new(&first), features);
        let mut tally = tally.borrow_mut();
        let Ok(value) = read(&text) else {
            tally.unread += 1;
            return Ok(());
        };
        let (patch, target) = patched(&mut Choices::new(&second), Operations::All, &value);
        match edit(&text, &target).map_err(|error| format!("{error}--- patch\n{patch}\n"))? {
            Ok(_) => tally.edited += 1,
            Err(refusal) => *tally.refused.entry(refusal.reason).or_default() += 1,
        }
        Ok(())
    });
    tally.into_inner()
}

#[test]
fn edits_of_plain_documents_give_the_patched_value() {
    let tally = check_edits(20_000, Features::Plain);
    assert!(tally.report("plain documents") < 0.5);
    assert!(tally.unread * 200 < tally.edited);
}

#[test]
fn edits_of_documents_with_anchors_give_the_patched_value() {
    let tally = check_edits(20_000, Features::Everything);
    assert!(tally.report("documents with anchors, merges and tags") < 2.0);
    assert!(tally.unread * 20 < tally.edited);
}

#[test]
fn additions_are_whole_lines() {
    let refused = RefCell::new(Tally::default());
    check(10_000, &choices(), |(first, second)| {
        let text = document(&mut Choices::new(&first), Features::Tame);
        let value = read(&text).map_err(|error| format!("{error}\n{text}"))?;
        let (_, target) = patched(&mut Choices::new(&second), Operations::AddOnly, &value);
        match edit(&text, &target)? {
            Ok(edited) => {
                refused.borrow_mut().edited += 1;
                only_adds_lines(&text, &edited)
            }
            Err(refusal) => {
                *refused.borrow_mut().refused.entry(refusal.reason).or_default() += 1;
                Ok(())
            }
        }
    });
    assert!(refused.into_inner().report("additions to block collections") < 0.5);
}

#[test]
fn reading_comparing_and_editing_agree() {
    for features in [Features::Plain, Features::Everything] {
        check(5_000, &choices(), |(first, _)| agrees_with_itself(&document(&mut Choices::new(&first), features)));
    }
}

/// Documents and what editing makes of them, read by floe and by the judge.
#[test]
fn kubernetes_reads_generated_documents_alike() {
    let mut runner = runner(1);
    let strategy = choices();
    let mut texts = Vec::new();
    for position in 0..cases(6_000) {
        let features = if position % 2 == 0 { Features::Plain } else { Features::Everything };
        let (first, second) = strategy.new_tree(&mut runner).unwrap().current();
        let text = document(&mut Choices::new(&first), features);
        if let Ok(value) = read(&text) {
            let (_, target) = patched(&mut Choices::new(&second), Operations::All, &value);
            if let Ok(Ok(edited)) = edit(&text, &target) {
                texts.push(edited.text);
            }
        }
        texts.push(text);
    }
    let Some(verdicts) = judge(&texts) else { return };
    let mut counts = [0, 0, 0];
    for (text, verdict) in texts.iter().zip(verdicts) {
        match (read(text), verdict) {
            (Ok(ours), Ok(theirs)) if ours == theirs => counts[0] += 1,
            (Err(_), Err(_)) => counts[1] += 1,
            (Ok(_), Err(error)) if error.contains("cannot start any token") && has_tab_behind_indicator(text) => {
                counts[2] += 1;
            }
            (ours, theirs) => panic!("floe: {ours:?}\njudge: {theirs:?}\n{text}"),
        }
    }
    eprintln!(
        "{} texts read alike, {} refused alike, {} with a tab only by Kubernetes",
        counts[0], counts[1], counts[2]
    );
}

/// Whether a tab follows a dash or colon, with nothing but spaces between: an error only for go-yaml.
fn has_tab_behind_indicator(text: &str) -> bool {
    let is_indicator = |before: &str| before.trim_end_matches(' ').ends_with(['-', ':']);
    text.match_indices('\t').any(|(at, _)| is_indicator(&text[..at]))
}
