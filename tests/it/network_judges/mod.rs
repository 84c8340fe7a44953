//! Who decides whether network policies allow a connection: independent judges, on worlds made to be hard.

mod blocks;
mod judge;
mod queries;
mod random_worlds;
mod world;

use std::fmt::Write as _;
use std::thread;

use judge::Judge;
use random_worlds::random_world;
use world::World;

/// How many worlds are held at a time.
const BATCH: u64 = 100;

/// Fails with the world and its first differences if two judges do not say the same of it.
fn compare(world: &World, names: [&str; 2], verdicts: [&str; 2]) {
    if verdicts[0] == verdicts[1] {
        return;
    }
    let mut message = world.to_yaml();
    let pairs = verdicts[0].bytes().zip(verdicts[1].bytes());
    let different = world.queries.iter().zip(pairs).filter(|(_, (one, other))| one != other);
    for (query, (one, other)) in different.take(20) {
        let outcome = |digit| if digit == b'1' { "allowed" } else { "denied" };
        let query = world.describe(query);
        writeln!(message, "# {query}: {} says {}, {} says {}", names[0], outcome(one), names[1], outcome(other))
            .unwrap();
    }
    panic!("judges differ\n{message}");
}

/// The two judges share no policy code; what they agree on is what Kubernetes means.
#[test]
fn cyclonus_and_cilium_agree_on_random_worlds() {
    let (Some(mut cyclonus), Some(mut cilium)) = (Judge::start("cyclonusjudge"), Judge::start("ciliumjudge")) else {
        return;
    };
    let (mut queries, mut allowed, mut policies) = (0, 0, 0);
    let worlds = 3000;
    for first in (0..worlds).step_by(usize::try_from(BATCH).unwrap()) {
        let batch: Vec<_> = (first..worlds.min(first + BATCH)).map(random_world).collect();
        let (ones, others) = thread::scope(|scope| {
            let cilium = scope.spawn(|| cilium.verdicts(&batch, false));
            (cyclonus.verdicts(&batch, false), cilium.join().unwrap())
        });
        for (world, (one, other)) in batch.iter().zip(ones.iter().zip(&others)) {
            compare(world, ["cyclonus", "cilium"], [one, other]);
            queries += one.len();
            allowed += one.bytes().filter(|&digit| digit == b'1').count();
            policies += world.policies.len();
        }
    }
    eprintln!(
        "{worlds} random worlds with {policies} policies: cyclonus and cilium agree on {queries} connections, \
         {allowed} of them allowed"
    );
    // Worlds in which all is allowed, or nothing, would prove little.
    assert!(allowed * 10 > queries * 2 && allowed * 10 < queries * 8, "{allowed} of {queries} are allowed");
}

/// Equal seeds are equal worlds, and the generator makes every form that policies have.
#[test]
fn random_worlds_are_repeatable_and_hold_every_form() {
    let mut text = String::new();
    for seed in 0..300 {
        let world = random_world(seed);
        assert_eq!(world.to_line(false), random_world(seed).to_line(false));
        assert!(!world.to_yaml().is_empty());
        text.push_str(&world.to_line(true));
    }
    for form in [
        "\"podSelector\":{}",
        "\"spec\":{\"ingress\"",
        "\"matchLabels\":{\"app\":\"\"}",
        "\"operator\":\"In\"",
        "\"operator\":\"NotIn\"",
        "\"operator\":\"Exists\"",
        "\"operator\":\"DoesNotExist\"",
        "\"namespaceSelector\":{}",
        "\"from\":[]",
        "\"from\":null",
        "\"to\":[]",
        "\"ports\":[]",
        "\"ingress\":[]",
        "\"egress\":[]",
        "\"ingress\":[{}]",
        "\"policyTypes\":[]",
        "\"policyTypes\":[\"Ingress\",\"Ingress\"]",
        "\"policyTypes\":[\"Egress\"]",
        "\"endPort\":",
        "\"port\":\"http\"",
        "{\"protocol\":\"SCTP\"}",
        "\"except\":[",
        "\"cidr\":\"::/0\"",
        "\"cidr\":\"0.0.0.0/0\"",
        "\"source\":{\"ip\":\"",
        "\"destination\":{\"ip\":\"",
    ] {
        assert!(text.contains(form), "no {form}");
    }
}
