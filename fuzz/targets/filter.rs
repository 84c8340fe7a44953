//! A run of the filter ends in a result or in an error of the input, never in an internal one; a second run changes nothing.
#![no_main]

use floe::config::{Config, Conflicts};
use floe::document::Error;
use floe::plan::{Detail, Parts, Request, plan};
use floe::stream::frame;
use libfuzzer_sys::fuzz_target;

fn secure(text: &str) -> Option<String> {
    let mut config = Config::default();
    config.pod_security.conflicts = Conflicts::Warn;
    let request = Request { namespace: Some("floe-jobs".to_owned()), parts: Parts::ALL, detail: Detail::Everything };
    match plan(&frame(text), &config, &request) {
        Ok(outcome) => Some(outcome.output.to_string()),
        Err(Error::Internal(message)) => panic!("{message}"),
        Err(_) => None,
    }
}

fuzz_target!(|text: &str| {
    let Some(once) = secure(text) else { return };
    assert_eq!(secure(&once).as_ref(), Some(&once), "a second run changes something");
});
