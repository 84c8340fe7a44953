//! Who decides whether network policies allow a connection: independent judges, on worlds made to be hard.

mod blocks;
mod engine;
mod generated;
mod judge;
mod merge;
mod nca;
mod nca_worlds;
mod queries;
mod random_worlds;
mod tail;
mod world;

use std::env;
use std::fmt::Write as _;
use std::thread;

use floe::reachability::IpBlockReach;
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

/// `base` times `FLOE_FUZZ_CASES`.
fn cases(base: u64) -> u64 {
    base * env::var("FLOE_FUZZ_CASES").map_or(1, |factor| factor.parse::<u64>().unwrap())
}

/// Fails unless floe, asked for all connections and for each one, says of a world what a judge says.
fn compare_with_floe(world: &World, ip_blocks: IpBlockReach, judge: &str, verdicts: &str) {
    let read = engine::read(world, ip_blocks, &[]);
    compare(world, [judge, "floe by class"], [verdicts, &engine::by_class(world, &read)]);
    compare(world, [judge, "floe one by one"], [verdicts, &engine::one_by_one(world, &read)]);
}

/// The two judges share no policy code with each other or with floe; what all agree on is what Kubernetes means.
/// Cilium's code never lets an `ipBlock` match a pod, so that reading is cyclonus's alone.
#[test]
fn floe_cyclonus_and_cilium_agree_on_random_worlds() {
    let (Some(mut cyclonus), Some(mut cilium)) = (Judge::start("cyclonusjudge"), Judge::start("ciliumjudge")) else {
        return;
    };
    let (mut queries, mut allowed, mut policies, mut differ) = (0, 0, 0, 0);
    let worlds = cases(2000);
    for first in (0..worlds).step_by(usize::try_from(BATCH).unwrap()) {
        let batch: Vec<_> = (first..worlds.min(first + BATCH)).map(random_world).collect();
        let (outside, pods_too, others) = thread::scope(|scope| {
            let cilium = scope.spawn(|| cilium.verdicts(&batch, false));
            let cyclonus = scope.spawn(|| (cyclonus.verdicts(&batch, false), cyclonus.verdicts(&batch, true)));
            let (outside, pods_too) = cyclonus.join().unwrap();
            (outside, pods_too, cilium.join().unwrap())
        });
        for (at, world) in batch.iter().enumerate() {
            compare(world, ["cyclonus", "cilium"], [&outside[at], &others[at]]);
            compare_with_floe(world, IpBlockReach::OutsideOnly, "cyclonus and cilium", &outside[at]);
            compare_with_floe(world, IpBlockReach::PodsToo, "cyclonus, ipBlock of pods", &pods_too[at]);
            queries += world.queries.len();
            allowed += outside[at].bytes().filter(|&digit| digit == b'1').count();
            differ += outside[at].bytes().zip(pods_too[at].bytes()).filter(|(one, other)| one != other).count();
            policies += world.policies.len();
        }
    }
    eprintln!(
        "{worlds} random worlds with {policies} policies: floe, cyclonus and cilium agree on {queries} connections, \
         {allowed} of them allowed; floe and cyclonus agree on them with ipBlock for pods too, which changes {differ}"
    );
    // Worlds in which all is allowed, or nothing, would prove little.
    assert!(allowed * 10 > queries * 2 && allowed * 10 < queries * 8, "{allowed} of {queries} are allowed");
    assert!(differ * 200 > queries, "ipBlock for pods changes {differ} of {queries}");
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
