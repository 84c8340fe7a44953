//! Streams in which objects are disguised: in the framing, in keys and kinds, in lists, merges, tags, escapes and line
//! breaks that readers disagree on.

use std::fmt::Write as _;

use crate::dice::Dice;

/// What a privileged pod asks for.
const SPEC: &str = "{hostNetwork: true, containers: [{name: c, image: c, securityContext: {privileged: true}}]}";

/// Types that matter, and those that do not.
const TYPES: [(&str, &str); 9] = [
    ("v1", "Pod"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"),
    ("v1", "Namespace"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("example.com/v1", "Thing"),
];

/// Line breaks and blanks that readers disagree on.
const ODD: [&str; 10] =
    ["\u{85}", "\u{2028}", "\u{2029}", "\r", "\u{a0}", "\u{2003}", "\u{feff}", "\u{b}", "\t", "\u{3000}"];

/// Separators, among them some that are none.
const SEPARATORS: [&str; 22] = [
    "---\n",
    "---\n",
    "---\n",
    "---\n",
    "---\n",
    "---\n",
    "--- \n",
    "---\t\n",
    "--- # c\n",
    "---\r\n",
    "---#c\n",
    "---\u{a0}\n",
    "---\u{2003}\n",
    "---\u{85}\n",
    "--- \u{2028}\n",
    "---\u{b}\n",
    "...\n",
    "...\n---\n",
    " ---\n",
    "--- ",
    "%YAML 1.1\n---\n",
    "---\n\u{feff}",
];

/// A stream of one to four documents.
pub(super) fn stream(dice: &mut Dice) -> String {
    if dice.percent(8) {
        return json_stream(dice);
    }
    let mut text = String::new();
    if dice.percent(5) {
        text.push('\u{feff}');
    }
    let count = 1 + dice.below(3);
    for position in 0..count {
        if position > 0 || dice.percent(50) {
            text.push_str(dice.pick(&SEPARATORS));
        }
        let document = document(dice, position);
        text.push_str(&document);
        if !text.ends_with('\n') && dice.percent(95) {
            text.push('\n');
        }
    }
    if dice.percent(20) {
        text = mutated(dice, &text);
    }
    text
}

fn json_stream(dice: &mut Dice) -> String {
    let mut text = String::new();
    for position in 0..1 + dice.below(3) {
        let (api_version, kind) = dice.pick(&TYPES);
        text.push_str(&json(dice, api_version, kind, &format!("j{position}")));
        text.push_str(dice.pick(&["", "\n", " ", "\n\n", "\n---\n", "\r\n", ",", " kind: Pod\n", "\n# c\n"]));
    }
    text
}

fn json(dice: &mut Dice, api_version: &str, kind: &str, name: &str) -> String {
    let kind = escaped(dice, kind);
    let blank = dice.pick(&["", " ", "\n ", "\t", "\n\t"]);
    let spec = r#"{"hostNetwork":true,"containers":[{"name":"c","image":"c"}]}"#;
    let spec = wrapped(kind.trim_matches('"'), spec, true);
    format!(
        "{{{blank}\"apiVersion\":{blank}\"{api_version}\",\"kind\":{kind},{blank}\"metadata\":{{\"name\":\"{name}\"}},\"spec\":{spec}}}"
    )
}

/// The specification of a kind around that of a pod.
fn wrapped(kind: &str, pod: &str, json: bool) -> String {
    let template = |pod: &str| match json {
        true => format!(r#"{{"selector":{{}},"template":{{"metadata":{{}},"spec":{pod}}}}}"#),
        false => format!("{{selector: {{}}, template: {{metadata: {{}}, spec: {pod}}}}}"),
    };
    match kind {
        "Deployment" => template(pod),
        "CronJob" if json => format!(r#"{{"jobTemplate":{{"spec":{}}}}}"#, template(pod)),
        "CronJob" => format!("{{jobTemplate: {{spec: {}}}}}", template(pod)),
        "NetworkPolicy" if json => r#"{"podSelector":{}}"#.to_owned(),
        "NetworkPolicy" => "{podSelector: {}}".to_owned(),
        _ => pod.to_owned(),
    }
}

/// A word in double quotes, some of its letters as escapes.
fn escaped(dice: &mut Dice, word: &str) -> String {
    let mut text = String::from("\"");
    for letter in word.chars() {
        match dice.below(8) {
            0 => write!(text, "\\u{:04x}", u32::from(letter)).unwrap(),
            _ => text.push(letter),
        }
    }
    text.push('"');
    text
}

/// A word as a scalar that may be read as that word.
fn scalar(dice: &mut Dice, word: &str) -> String {
    match dice.below(60) {
        0 => format!("\"{word}\""),
        1 => format!("'{word}'"),
        2 => escaped(dice, word),
        3 => format!("!!str {word}"),
        4 => format!("!!binary {}", base64(word)),
        5 => format!("&a{} {word}", dice.below(100)),
        6 => format!("! {word}"),
        7 => format!("\n  {word}"),
        8 => format!("|-\n  {word}"),
        9 => format!(">-\n  {word}"),
        10 => format!("{word} # {}", dice.pick(&ODD)),
        11 => format!("{word}{}", dice.pick(&ODD)),
        12 => format!("{word}\t"),
        13 => format!("!<tag:yaml.org,2002:str> {word}"),
        14 => format!("\"\\x{:02x}{}\"", word.as_bytes()[0], &word[1..]),
        _ => word.to_owned(),
    }
}

fn base64(word: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in word.as_bytes().chunks(3) {
        let bits = group.iter().enumerate().fold(0_u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// A key and its colon.
fn key(dice: &mut Dice, word: &str) -> String {
    match dice.below(60) {
        0 => format!("\"{word}\":"),
        1 => format!("'{word}' :"),
        2 => format!("{}:", escaped(dice, word)),
        3 => format!("!!str {word}:"),
        4 => format!("!!binary {}:", base64(word)),
        5 => format!("? {word}\n:"),
        6 => format!("{word} :"),
        7 => format!("&k{} {word}:", dice.below(100)),
        8 => format!("? |-\n  {word}\n:"),
        9 => format!("\"\\x{:02x}{}\":", word.as_bytes()[0], &word[1..]),
        _ => format!("{word}:"),
    }
}

fn namespace(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => ", namespace: ~".to_owned(),
        1 => ", namespace: null".to_owned(),
        2 => ", namespace:".to_owned(),
        3 => ", namespace: \"\"".to_owned(),
        4 => format!(", namespace: !!binary {}", base64("shop")),
        5 => ", namespace: !!str shop".to_owned(),
        6 => ", namespace: other, namespace: shop".to_owned(),
        7 | 8 => String::new(),
        _ => ", namespace: shop".to_owned(),
    }
}

/// The entries of an object, one in a line or more.
fn entries(dice: &mut Dice, api_version: &str, kind: &str, name: &str) -> Vec<String> {
    let spec = wrapped(kind, SPEC, false);
    let annotations = match dice.below(12) {
        0 => ", annotations: {config.kubernetes.io/local-config: \"true\"}",
        1 => ", annotations: {argocd.argoproj.io/hook: PreSync}",
        2 => ", labels: {floe.dev/component: network-security}",
        _ => "",
    };
    let metadata = format!("{{name: {name}{}{annotations}}}", namespace(dice));
    let mut entries = vec![
        format!("{} {}", key(dice, "apiVersion"), scalar(dice, api_version)),
        format!("{} {}", key(dice, "kind"), scalar(dice, kind)),
        format!("{} {metadata}", key(dice, "metadata")),
        format!("{} {spec}", key(dice, "spec")),
    ];
    let decoy = match dice.below(50) {
        0 => "kind: ConfigMap".to_owned(),
        1 => "x: \"\nkind: ConfigMap\n\"".to_owned(),
        2 => "x: {\nkind: ConfigMap\n}".to_owned(),
        3 => "x: '\nkind: ConfigMap\n'".to_owned(),
        4 => format!("# {}kind: {kind}", dice.pick(&ODD)),
        5 => format!("x: y{}kind: {kind}", dice.pick(&ODD)),
        6 => "x: {kind: ConfigMap, kind:}".to_owned(),
        7 => "<<: {kind: Pod, spec: {}}".to_owned(),
        8 => format!("b: &base {{apiVersion: {api_version}, kind: {kind}}}\n<<: *base"),
        9 => "items: []".to_owned(),
        10 => "items: ~".to_owned(),
        11 => "x: |\n  kind: Secret".to_owned(),
        12 => "x: [a,\nkind: ConfigMap]".to_owned(),
        13 => format!("kind: &v {kind}\nw: *v"),
        14 => format!("v: &v {kind}\nkind: *v"),
        15 => "<<: [{kind: ConfigMap}, {kind: Pod}]".to_owned(),
        _ => return entries,
    };
    entries.insert(dice.below(entries.len() + 1), decoy);
    if dice.percent(30) {
        let at = dice.below(entries.len());
        let moved = entries.remove(at);
        entries.push(moved);
    }
    entries
}

fn document(dice: &mut Dice, position: usize) -> String {
    let (api_version, kind) = dice.pick(&TYPES);
    let name = format!("n{position}");
    if dice.percent(18) {
        return list(dice, &name);
    }
    if dice.percent(8) {
        return json(dice, api_version, kind, &name);
    }
    let entries = entries(dice, api_version, kind, &name);
    match dice.below(12) {
        0 => format!("{{{}}}\n", entries.join(", ").replace('\n', " ")),
        1 => format!("{{\n{}\n}}\n", entries.join(",\n")),
        2 => format!("{{\n\t{}\n}}\n", entries.join(",\n\t")),
        3 => format!(" {}\n", entries.join("\n").replace('\n', "\n ")),
        4 => format!("# c\n\n  {}\n", entries.join("\n").replace('\n', "\n  ")),
        5 => format!("&root\n{}\n", entries.join("\n")),
        6 => format!("!!map\n{}\n", entries.join("\n")),
        7 => format!("{}\n", entries.join("\r\n").replace('\n', dice.pick(&["\n", "\r\n"]))),
        _ => format!("{}\n", entries.join("\n")),
    }
}

fn list(dice: &mut Dice, name: &str) -> String {
    let (api_version, kind) = dice.pick(&TYPES);
    let bare = dice.percent(30);
    let typed = if bare { String::new() } else { format!("apiVersion: {api_version}, kind: {kind}, ") };
    let item =
        format!("{{{typed}metadata: {{name: {name}{}}}, spec: {}}}", namespace(dice), wrapped(kind, SPEC, false));
    let item = match dice.below(6) {
        0 => format!("{{apiVersion: v1, kind: List, items: [{item}]}}"),
        1 => format!("{{apiVersion: v1, kind: PodList, items: [{item}]}}"),
        _ => item,
    };
    let of = dice.pick(&[
        "List",
        "List",
        "PodList",
        "ConfigMap",
        "DeploymentList",
        "Pod",
        "ResourceList",
        "ThingList",
        "Service",
    ]);
    let version = if of == "ResourceList" { "config.kubernetes.io/v1" } else { api_version };
    let items = key(dice, "items");
    let items = match dice.below(8) {
        0 => format!("x: &x [{item}]\n{items} *x"),
        1 => format!("<<: {{items: [{item}]}}"),
        2 => format!("x: &i {item}\n{items}\n- *i"),
        3 => format!("{items} [{item}]\nitems: []"),
        4 => format!("items: []\n{items} [{item}]"),
        _ => format!("{items}\n- {item}"),
    };
    format!("apiVersion: {version}\nkind: {}\nmetadata: {{name: {name}}}\n{items}\n", scalar(dice, of))
}

/// A few small changes anywhere.
fn mutated(dice: &mut Dice, text: &str) -> String {
    const TOKENS: [&str; 30] = [
        ":", ": ", "-", "- ", "? ", "#", " #", "\n", "\r", "\t", " ", "  ", "&a ", "*a", "!!str ", "|", ">", "\"", "'",
        "{", "}", "[", "]", ",", "<<: ", "---\n", "...\n", "\u{85}", "\u{2028}", "\u{feff}",
    ];
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(characters.len() + 1);
        match dice.below(4) {
            0 if at < characters.len() => drop(characters.remove(at)),
            1 => {
                let starts: Vec<usize> = std::iter::once(0)
                    .chain(characters.iter().enumerate().filter(|(_, it)| **it == '\n').map(|(at, _)| at + 1))
                    .collect();
                let from = dice.pick(&starts);
                let line: Vec<char> = characters[from..].iter().take_while(|it| **it != '\n').copied().collect();
                let to = dice.pick(&starts);
                characters.splice(to..to, line.into_iter().chain(['\n']));
            }
            _ => {
                let token: Vec<char> = dice.pick(&TOKENS).chars().collect();
                characters.splice(at..at, token);
            }
        }
    }
    characters.into_iter().collect()
}
