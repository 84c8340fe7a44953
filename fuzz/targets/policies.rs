//! Any input is read as a snapshot or refused; its connections are worked out, and where `ipBlock` matches pods too nothing
//! that passed is closed.
#![no_main]

use floe::config::Config;
use floe::object::Workloads;
use floe::reachability::validate;
use floe::snapshot::{ConnectionList, Readings, Snapshot};
use floe::stream::frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let stream = frame(text);
    let Ok(snapshot) = Snapshot::take(&[stream], &Workloads::new(&[]), None) else { return };
    for policy in &snapshot.policies {
        // What has been read as a policy has been found right by the rules of the API server, or differs in what they add.
        let _ = validate(&policy.facts.value);
    }
    if snapshot.pods.len() > 50 || snapshot.policies.len() > 50 {
        return;
    }
    let list = ConnectionList::new(&snapshot, &Config::default(), Readings::Both);
    let mut lines = Vec::new();
    let write = |connection: &floe::snapshot::Connection<'_>, out: &mut Vec<u8>| {
        if let Some(wider) = connection.with_pods {
            assert!(
                connection.passing.ports.is_empty() || wider.ports.covers(&connection.passing.ports),
                "{connection:?}"
            );
        }
        out.extend_from_slice(connection.source.name.as_bytes());
    };
    list.write_lines(&mut lines, &write).expect("a vector takes everything");
});
