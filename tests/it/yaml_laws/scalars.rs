//! Scalars, value by value: floe reads what Kubernetes reads.

use super::laws::read;
use crate::support::judge;

/// Plain scalars around every rule of the resolver.
const PLAIN: &str = "
    ~ null Null NULL nULL nul y Y yes Yes YES yEs n N no No NO nO true True TRUE tRue false False FALSE on On ON oN \
    off Off OFF
    oFF t f T F o O << = . .. ... - -- -. +. + +- _ __ -_ +_ 0 00 000 -0 +0 0.0 -0.0 +0.0 .0 -.0 0. -0. 0e0 0e 1 -1 +1 \
    01 -01 +01 07
    08 09 010 0644 0755 0777 0o 0o7 0o17 0O17 -0o17 +0o17 0o8 0o-1 0b 0b0 0b11 0B11 -0b11 +0b11 0b2 0b-11 0b+11 -0b-11 \
    0b_1 0b1_1
    0x 0x1F 0X1f -0x1F +0x1F 0xG 0x_1 0x1_F 0x-1 0x1p4 0x1.8p1 x1F 1_000 1__0 1_ _1 -_1 -1_0 1_000.5 1_e3 1e_3 ._5 .5_ \
    .5 -.5 +.5
    .5e1 .e5 5. -5. +5. 5.e1 1.5 1.50 1.0 30.0 1.5.5 1e3 1E3 1e+3 1e-3 -1e3 +1e3 1e 1e+ 1e3.5 1e03 1e20 1e21 1e22 \
    -1e21 1e300 1e308
    1e309 1e400 -1e400 1e-400 .1e400 1e-7 1e-6 123456789 1234567.5 0.1 0.30000000000000004 100000 1000000 1e5 1e6 \
    123456.5
    2147483647 2147483648 4294967296 9007199254740992 9007199254740993 9007199254740993.0 1152921504606846976.0
    9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 +9223372036854775807 \
    +9223372036854775808
    18446744073709551615 18446744073709551616 -18446744073709551616 0x7fffffffffffffff 0x8000000000000000 \
    0xffffffffffffffff
    0x10000000000000000 -0x8000000000000000 -0x8000000000000001 0777777777777777777777 01777777777777777777777 \
    02777777777777777777777
    99999999999999999999 12345678901234567890123 .inf .Inf .INF .iNF +.inf +.Inf +.INF -.inf -.Inf -.INF .nan .NaN \
    .NAN .Nan
    +.nan inf Inf nan NaN Infinity -inf 12:30 12:30:45 190:20:30 1:2 2024-01-01 2024-1-1 2024-13-01 2024-01-01T00:00:00Z
    2001-12-14t21:59:43.10-05:00 2024-01 20240101 1.2.3 1.2.3.4 10.0.0.0/8 v1 1m 100Mi 1k 0.5Gi 1% $1 a a.b a/b a-b -a \
    --a -1a 1a 0a
    0xa-b 08a 1,000 1e3e3 1-1 1+1 +-1 -+1 é Ünicode 日本 １ yes. no! null0 ~a true1 1.e+1 00x1 000b1 0_0 0_7 0_8 0_x1F \
    -0_7 ---1
";
/// Scalars with a tag, and quoted ones.
const TAGGED: [&str; 78] = [
    "''",
    "\"\"",
    "'null'",
    "'1'",
    "\"0644\"",
    "! 12",
    "! \"12\"",
    "! ~",
    "!",
    "! yes",
    "!!str",
    "!!str 12",
    "!!str ~",
    "!!str yes",
    "!!str '12'",
    "!!str \"\"",
    "!!null",
    "!!null ~",
    "!!null ''",
    "!!null x",
    "!!null 0",
    "!!bool yes",
    "!!bool 'on'",
    "!!bool 1",
    "!!bool x",
    "!!bool",
    "!!int 3",
    "!!int '3'",
    "!!int 0644",
    "!!int 3.0",
    "!!int x",
    "!!int",
    "!!int 18446744073709551615",
    "!!int 1e3",
    "!!int 0b-11",
    "!!int 99999999999999999999",
    "!!float 3",
    "!!float '3'",
    "!!float 3.5",
    "!!float .5",
    "!!float x",
    "!!float",
    "!!float .inf",
    "!!float 9007199254740993",
    "!!float 18446744073709551615",
    "!!float 9223372036854775807",
    "!!float 0644",
    "!!float 1e400",
    "!!float -0",
    "!!binary aGVsbG8=",
    "!!binary 'aGVsbG8='",
    "!!binary aGVsbG8",
    "!!binary a",
    "!!binary",
    "!!binary /w==",
    "!!binary 4oI=",
    "!!binary 4oKs",
    "!!binary 8J+Y",
    "!!binary 7aCA",
    "!!binary aGVsbG9=",
    "!!binary ====",
    "!!binary \"aGVs\\nbG8=\"",
    "!!seq x",
    "!!map x",
    "!!set x",
    "!!merge <<",
    "!!merge x",
    "!!omap 1",
    "!!unknown 1",
    "!local 1",
    "!local",
    "!<int> 3",
    "!<tag:yaml.org,2002:int> \"3\"",
    "!<tag:yaml.org,2002:str> 3",
    "!<!local> 3",
    "!!str |\n  12",
    "!!int |-\n  12",
    "! |-\n  12",
];
/// Where floe knowingly refuses what Kubernetes reads.
const NOT_SUPPORTED: [&str; 3] =
    ["!!timestamp 2024-01-01", "!!timestamp 2001-12-14t21:59:43.10-05:00", "!!timestamp '2024-1-1'"];

/// Asserts that floe and the judge read each document alike; floats bit by bit.
fn compare(texts: &[String]) {
    let Some(verdicts) = judge(texts) else { return };
    let mut different = Vec::new();
    for (text, verdict) in texts.iter().zip(verdicts) {
        match (read(text), verdict) {
            // `-0.0` equals `0.0`, its text does not; with one entry at most there is no order to care for.
            (Ok(ours), Ok(theirs)) if ours == theirs && format!("{ours}") == format!("{theirs}") => {}
            (Err(_), Err(_)) => {}
            (ours, theirs) => different.push(format!("{text:?}: floe {ours:?}, Kubernetes {theirs:?}")),
        }
    }
    assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), texts.len(), different.join("\n"));
    eprintln!("{} scalars are read alike", texts.len());
}

#[test]
fn plain_scalars_are_read_as_kubernetes_reads_them() {
    let scalars: Vec<&str> = PLAIN.split_whitespace().collect();
    compare(&scalars.iter().map(|scalar| format!("- {scalar}\n")).collect::<Vec<_>>());
    // `[-]` is a string for go-yaml and an error for floe, as for YAML 1.2.
    let in_flow = scalars.iter().filter(|scalar| **scalar != "-");
    compare(&in_flow.map(|scalar| format!("k: [{scalar}]")).collect::<Vec<_>>());
}

#[test]
fn plain_keys_are_read_as_kubernetes_reads_them() {
    let scalars: Vec<&str> = PLAIN.split_whitespace().collect();
    compare(&scalars.iter().map(|scalar| format!("{scalar}: {{a: 1}}\n")).collect::<Vec<_>>());
    compare(&scalars.iter().map(|scalar| format!("? {scalar}\n: 1\n")).collect::<Vec<_>>());
}

#[test]
fn tagged_scalars_are_read_as_kubernetes_reads_them() {
    compare(&TAGGED.iter().map(|scalar| format!("- {scalar}\n")).collect::<Vec<_>>());
    compare(&TAGGED.iter().map(|scalar| format!("k: {scalar}\n")).collect::<Vec<_>>());
    compare(&TAGGED.iter().map(|scalar| format!("? {scalar}\n: {{a: 1}}\n")).collect::<Vec<_>>());
    let merges = ["<<", "'<<'", "! <<", "! '<<'", "!!merge <<", "!!merge '<<'", "!!str <<", "!local <<"];
    compare(&merges.iter().map(|key| format!("{key} : {{a: 1}}\n")).collect::<Vec<_>>());
}

#[test]
fn timestamps_with_a_tag_are_the_known_exception() {
    let texts: Vec<String> = NOT_SUPPORTED.iter().map(|scalar| format!("- {scalar}\n")).collect();
    for text in &texts {
        assert!(read(text).unwrap_err().contains("!!timestamp"), "{text}");
    }
    let Some(verdicts) = judge(&texts) else { return };
    assert!(verdicts.iter().all(Result::is_ok));
}
