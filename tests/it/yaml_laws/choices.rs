//! Random choices that proptest can shrink: a list of bytes that drives a generator.

use std::env;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Hands out bytes; when they are used up, every choice is the first and simplest one.
pub(super) struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Choices<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// A number below `bound`, which is at most 256.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(*self.bytes.next().unwrap_or(&0)) % bound.max(1)
    }

    /// Yes once in `of` times; never when the bytes are used up.
    pub(super) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    pub(super) fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

/// The choices for one case: half of the bytes make the document, half the patch.
pub(super) fn choices() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (vec(any::<u8>(), 20..300), vec(any::<u8>(), 40))
}

pub(super) fn cases(base: u32) -> u32 {
    let factor = env::var("FLOE_FUZZ_CASES").map_or(1, |factor| factor.parse::<u32>().unwrap());
    base.saturating_mul(factor)
}

/// A runner whose cases are the same in every run: a failure can be found again.
pub(super) fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Checks a law on `base` times `FLOE_FUZZ_CASES` cases and shows the smallest that breaks it.
pub(super) fn check<S: Strategy>(base: u32, strategy: &S, law: impl Fn(S::Value) -> Result<(), String>) {
    let law = |value| law(value).map_err(TestCaseError::fail);
    match runner(cases(base)).run(strategy, law) {
        Ok(()) => {}
        // The bytes that made the case say nothing to people.
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(error) => panic!("{error}"),
    }
}
