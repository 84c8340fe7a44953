use serde_json::{Value, json};

use super::*;
use crate::text::{sort_and_check, splice};

/// Applies a JSON Patch to a text through the editor and checks the result against the patched value.
fn patch(text: &str, patch: &Value) -> Result<String, Refusal> {
    let tree = Tree::parse(text).unwrap();
    let root = tree.root().unwrap();
    let mut target = tree.value(root).unwrap();
    json_patch::patch(&mut target, &serde_json::from_value::<json_patch::Patch>(patch.clone()).unwrap()).unwrap();
    let mut editor = Editor::new(&tree)?;
    editor.reconcile(root, &target)?;
    let mut edits = editor.finish();
    sort_and_check(text, &mut edits).unwrap();
    let out = splice(text, &edits).unwrap();
    let again = Tree::parse(&out).unwrap_or_else(|error| panic!("{error}\n{out}"));
    assert_eq!(again.value(again.root().unwrap()).unwrap(), target, "{out}");
    Ok(out)
}

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn add(path: &str, value: Value) -> Value {
    json!([{"op": "add", "path": path, "value": value}])
}

#[track_caller]
fn check(text: &str, path: &str, value: Value, expected: &str) {
    assert_eq!(patch(text, &add(path, value)).unwrap(), expected);
}

#[test]
fn adds_below_the_last_entry() {
    check(
        "a:\n  b: 1 # one\n  # two\n# three\nc: 3\n",
        "/a/d",
        json!(2),
        "a:\n  b: 1 # one\n  # two\n  d: 2\n# three\nc: 3\n",
    );
    check("a: 1", "/b", json!([1]), "a: 1\nb:\n- 1");
    check("a: 1\r\nc:\r\n  - x\r\n", "/b", json!({"d": [1]}), "a: 1\r\nc:\r\n  - x\r\nb:\r\n  d:\r\n    - 1\r\n");
    check("a: 1\n...\n", "/b", json!(2), "a: 1\nb: 2\n...\n");
    check("--- # head\na: 1\n\n\n", "/b", json!(2), "--- # head\na: 1\nb: 2\n\n\n");
    check("- a: 1\n-\n  b: 2\n", "/0/c", json!(3), "- a: 1\n  c: 3\n-\n  b: 2\n");
}

#[test]
fn fills_what_is_empty() {
    check("a: {} # none\nb: 1\n", "/a/c", json!(1), "a: # none\n  c: 1\nb: 1\n");
    check("a: # none\nb: 1\n", "/a", json!({"c": 1}), "a: # none\n  c: 1\nb: 1\n");
    check("a: ~\n", "/a", json!([1]), "a:\n- 1\n");
    check("a: []", "/a/-", json!(1), "a:\n- 1");
    check("- {}\n- 1\n", "/0/x", json!({"w": 1}), "- x:\n    w: 1\n- 1\n");
    let replace = json!([{"op": "replace", "path": "/0", "value": {"w": 1, "z": 2}}]);
    assert_eq!(patch("-\n- 1\n", &replace).unwrap(), "- w: 1\n  z: 2\n- 1\n");
}

#[test]
fn replaces_scalars_in_place() {
    let replace = |text: &str, value: Value, expected: &str| {
        let operation = json!([{"op": "replace", "path": "/a", "value": value}]);
        assert_eq!(patch(text, &operation).unwrap(), expected);
    };
    replace("a: 'x' # c\nb: 1\n", json!("w"), "a: w # c\nb: 1\n");
    replace("a: |\n  x\n\nb: 1\n", json!("w"), "a: w\n\nb: 1\n");
    replace("a:\nb: 1\n", json!("w"), "a: w\nb: 1\n");
    replace("a: &x 1\nb: *x\n", json!(2), "a: &x 2\nb: 1\n");
    replace("a:\n  x: 1\n  y: 2\nb: 1\n", json!("z"), "a: z\nb: 1\n");
    replace("a:\n- x\nb: 1\n", json!({"x": 1}), "a:\n  x: 1\nb: 1\n");
}

#[test]
fn respects_block_scalars() {
    check("a: |+\n  x\n\nb: 1\n", "/c", json!(1), "a: |+\n  x\n\nb: 1\nc: 1\n");
    check("m:\n  a: |+\n    x\n\n\nb: 1\n", "/m/c", json!(1), "m:\n  a: |+\n    x\n\n\n  c: 1\nb: 1\n");
    check("m:\n  a: |\n    x\n\nb: 1\n", "/m/c", json!(1), "m:\n  a: |\n    x\n  c: 1\n\nb: 1\n");
    check("a: 1\nb: |\n  x", "/c", json!(1), "a: 1\nc: 1\nb: |\n  x");
    assert!(patch("- |\n  x", &add("/-", json!(1))).is_err());
}

#[test]
fn edits_flow_style_in_place() {
    check("{\"a\": {\"b\": 1}}", "/a/c", json!([2]), "{\"a\": {\"b\": 1, \"c\": [2]}}");
    check(
        "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
        "/c",
        json!({"d": null}),
        "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": {\"d\": null}\n}\n",
    );
    check("a: {x: 1, } # c\n", "/a/z", json!(2), "a: {x: 1, \"z\": 2 } # c\n");
    check("a: {\n  x: 1 # one\n  }\n", "/a/z", json!(2), "a: {\n  x: 1, # one\n  \"z\": 2\n  }\n");
    check("a: {x, w}\n", "/a/z", json!(2), "a: {x, w: null, \"z\": 2}\n");
    check("a: [1, 2]\n", "/a/0", json!(0), "a: [0, 1, 2]\n");
    check("a: [1, 2]\n", "/a/-", json!("b"), "a: [1, 2, \"b\"]\n");
    check("{}", "/a", json!(1), "{\"a\": 1}");
    let both = json!([{"op": "replace", "path": "/a/w", "value": 1}, {"op": "add", "path": "/a/z", "value": 2}]);
    assert_eq!(patch("a: {x: 1, w: }\n", &both).unwrap(), "a: {x: 1, w: 1, \"z\": 2 }\n");
}

#[test]
fn inserts_and_removes_items() {
    check("a:\n# one\n- 1\n# two\n- 2\n", "/a/1", json!({"x": 1}), "a:\n# one\n- 1\n- x: 1\n# two\n- 2\n");
    check("a:\n  - 1\n", "/a/0", json!([[0]]), "a:\n  - - - 0\n  - 1\n");
    check("- - a\n", "/0/0", json!("b"), "- - b\n  - a\n");
    let remove = |text: &str, path: &str, expected: &str| {
        assert_eq!(patch(text, &json!([{"op": "remove", "path": path}])).unwrap(), expected);
    };
    remove("a:\n- 1\n- x: 1\n  y: 2 # c\n- 3\n", "/a/1", "a:\n- 1\n- 3\n");
    remove("a: [1, 2, 3]\n", "/a/2", "a: [1, 2]\n");
    remove("a:\n  b: 1\n  c:\n    d: 2\ne: 1\n", "/a/c", "a:\n  b: 1\ne: 1\n");
    remove("- b: 1\n  c: 2\n", "/0/b", "- c: 2\n");
}

#[test]
fn keeps_anchors_and_expands_aliases_that_would_change() {
    check("a: &x\n  k: 1\nb: *x\nc: *x\n", "/a/l", json!(2), "a: &x\n  k: 1\n  l: 2\nb:\n  k: 1\nc:\n  k: 1\n");
    check("a: &x {k: 1}\nb: *x # c\n", "/b/l", json!(2), "a: &x {k: 1}\nb: # c\n  k: 1\n  l: 2\n");
    // Both sides change alike: the alias stays.
    let both = json!([{"op": "add", "path": "/a/l", "value": 2}, {"op": "add", "path": "/b/l", "value": 2}]);
    assert_eq!(patch("a: &x\n  k: 1\nb: *x\n", &both).unwrap(), "a: &x\n  k: 1\n  l: 2\nb: *x\n");
    assert!(patch("a: {b: &x 1}\nc: *x\n", &json!([{"op": "replace", "path": "/a", "value": 1}])).is_err());
}

#[test]
fn adds_beside_merge_keys() {
    check("d: &d\n  k: 1\nm:\n  <<: *d\n  n: 2\n", "/m/k", json!(5), "d: &d\n  k: 1\nm:\n  <<: *d\n  n: 2\n  k: 5\n");
    let both = json!([{"op": "add", "path": "/d/l", "value": 2}, {"op": "add", "path": "/m/l", "value": 2}]);
    assert_eq!(
        patch("d: &d\n  k: 1\nm:\n  <<: *d\n  n: 2\n", &both).unwrap(),
        "d: &d\n  k: 1\n  l: 2\nm:\n  <<: *d\n  n: 2\n"
    );
    assert!(patch("d: &d\n  k: 1\nm:\n  <<: *d\n", &add("/d/l", json!(2))).is_err());
}

#[test]
fn refuses_what_is_not_certain() {
    let replace = json!([{"op": "replace", "path": "/a", "value": {"b": 1}}]);
    let cases =
        [("a: 1 # \u{85}\n", "U+0085"), ("a: 1\rb: 2\n", "carriage return"), ("a: &x:y 1\nb: 1\n", "anchor name")];
    for (text, reason) in cases {
        let Ok(tree) = Tree::parse(text) else { continue };
        if tree.value(tree.root().unwrap()).is_err() {
            continue;
        }
        let refusal = patch(text, &replace).unwrap_err();
        assert!(refusal.reason.contains(reason), "{text:?}: {refusal}");
    }
}

/// The last of equal keys is what Kubernetes has.
#[test]
fn of_duplicates_the_last_is_edited() {
    let replace = json!([{"op": "replace", "path": "/a", "value": {"b": 1}}]);
    check_patch("a: 1\nx: 2\na: 3\n", replace.clone(), "a: 1\nx: 2\na:\n  b: 1\n");
    check_patch("a: {b: 2}\nx: 2\na: {b: 3} # c\n", replace.clone(), "a: {b: 2}\nx: 2\na: {b: 1} # c\n");
    check_patch("{a: 1, a: {}}\n", replace, "{a: 1, a: {\"b\": 1}}\n");
    let tree = Tree::parse("a: 1\nx: 2\na: 3\n").unwrap();
    let target = json!({"a": 4, "x": 2});
    let mut editor = Editor::new(&tree).unwrap();
    editor.reconcile(tree.root().unwrap(), &target).unwrap();
    assert_eq!(editor.take_twins(), [TwinKey { name: "a".to_owned(), first: 0, last: 10 }]);
}

#[test]
fn leaves_duplicates_alone_where_nothing_changes() {
    check("a: 1\na: 2\n", "/b", json!(1), "a: 1\na: 2\nb: 1\n");
}

#[test]
fn compares_keys_as_kubernetes_reads_them() {
    check("on: 1\n1: {x: 1}\n", "/1/z", json!(2), "on: 1\n1: {x: 1, \"z\": 2}\n");
    check("'on': 1\n? k\n: v\n", "/on", json!(2), "'on': 2\n? k\n: v\n");
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn check_patch(text: &str, operations: Value, expected: &str) {
    assert_eq!(patch(text, &operations).unwrap(), expected);
}

#[test]
fn writes_literal_blocks_only_where_nothing_can_join_them() {
    let lines = || json!("x\ny\n");
    check("a: 1\n", "/s", lines(), "a: 1\ns: |\n  x\n  y\n");
    check("a: 1", "/s", lines(), "a: 1\ns: \"x\\ny\\n\"");
    check("a: 1\n  \n  # end\n", "/s", lines(), "a: 1\ns: \"x\\ny\\n\"\n  \n  # end\n");
    check("- {} # c\n", "/0/s", lines(), "- s: \"x\\ny\\n\" # c\n");
    check("- {}  \n", "/0/s", lines(), "- s: \"x\\ny\\n\"  \n");
}

#[test]
fn writes_items_in_the_column_of_what_they_replace() {
    let value = json!({"x": 1, "z": [2]});
    let replace = |path: &str| json!([{"op": "replace", "path": path, "value": value}]);
    check_patch("-  a\n- b\n", replace("/0"), "-  x: 1\n   z:\n   - 2\n- b\n");
    check_patch("-\n    a\n", replace("/0"), "-\n    x: 1\n    z:\n    - 2\n");
    check_patch("- &k a\n- *k\n", replace("/0"), "- &k\n  x: 1\n  z:\n  - 2\n- a\n");
    check_patch("- !t a\n", replace("/0"), "- x: 1\n  z:\n  - 2\n");
    check("\u{feff}- - a\n", "/0/0", json!(1), "\u{feff}- - 1\n  - a\n");
}

#[test]
fn keeps_comments_with_the_item_above_them() {
    let both = json!([{"op": "add", "path": "/0/b", "value": 2}, {"op": "add", "path": "/1", "value": 3}]);
    check_patch("- a: 1\n  # c\n# d\n- 4\n", both, "- a: 1\n  # c\n  b: 2\n- 3\n# d\n- 4\n");
}

#[test]
fn inserts_between_items_that_stay() {
    let two = json!([{"op": "add", "path": "/1", "value": 2}, {"op": "add", "path": "/0", "value": 0}]);
    check_patch("- 1\n- 3\n", two, "- 0\n- 1\n- 2\n- 3\n");
    let named =
        json!([{"op": "add", "path": "/0", "value": {"name": "new"}}, {"op": "add", "path": "/1/b", "value": 1}]);
    check_patch("- name: a\n  c: 1\n", named, "- name: new\n- name: a\n  c: 1\n  b: 1\n");
    let shrunk = json!([{"op": "remove", "path": "/0"}, {"op": "add", "path": "/0/b", "value": 1}]);
    check_patch("- name: a\n- name: c\n", shrunk, "- name: c\n  b: 1\n");
}

#[test]
fn removes_without_joining_what_is_left() {
    let remove = |paths: &[&str]| {
        Value::from(paths.iter().map(|path| json!({"op": "remove", "path": path})).collect::<Vec<_>>())
    };
    check_patch("a: |+\n  x\n\nb: 1\n\nc: 2\n", remove(&["/b"]), "a: |+\n  x\n\nc: 2\n");
    check_patch("a: |+\n  x\nb: 1\n\nc: 2\n\nd: 3\n", remove(&["/b", "/c"]), "a: |+\n  x\nd: 3\n");
    check_patch("a: 1\n\nb: 2", remove(&["/b"]), "a: 1");
    check_patch("a: 1\r\nb: 2", remove(&["/b"]), "a: 1");
    check_patch("- a: 1\n  b: 2\n  c: 3\n", remove(&["/0/a", "/0/b"]), "- c: 3\n");
    check_patch("{a: 1, b: 2, c: 3}\n", remove(&["/a"]), "{b: 2, c: 3}\n");
    check_patch("[1, 2, 3, 4]\n", remove(&["/3", "/2", "/0"]), "[2]\n");
    assert!(patch("a: |\n  x\nb: 1", &remove(&["/b"])).is_err());
    assert!(patch("a: &x 1\nb: *x\n", &remove(&["/a"])).is_err());
    check_patch("a: &x 1\nb: 2\n", remove(&["/a"]), "b: 2\n");
}

#[test]
fn replaces_roots_and_tagged_values() {
    let replace = |path: &str, value: Value| json!([{"op": "replace", "path": path, "value": value}]);
    check_patch("a: !!str 1 # c\n", replace("/a", json!(2)), "a: 2 # c\n");
    check_patch("a: !t {x: 1}\n", replace("/a", json!({"w": [1]})), "a:\n  w:\n  - 1\n");
    check_patch("a: [!t x, !t z]\n", replace("/a/1", json!(2)), "a: [!t x, 2]\n");
    check_patch("# c\na: 1\n# d\n", replace("", json!({"b": 2})), "# c\nb: 2\n# d\n");
    check_patch("[]\n", replace("", json!([{"a": 1}])), "[{\"a\": 1}]\n");
    check_patch("a: &x\n!!str b: 1\n", replace("/a", json!(2)), "a: &x 2\n!!str b: 1\n");
    assert!(patch("? a\n", &replace("/a", json!(1))).is_err());
}

#[test]
fn follows_edited_anchors_into_merges_and_duplicates() {
    let add = add("/a/n", json!(1));
    let refused = |text: &str| assert!(patch(text, &add).is_err(), "{text}");
    refused("a: &x {k: 1}\nm: {<<: {j: *x}, o: 1}\n");
    check_patch("a: &x {k: 1}\nm: 1\nm: *x\n", add.clone(), "a: &x {k: 1, \"n\": 1}\nm: 1\nm:\n  k: 1\n");
    // A merge overrides what stands before it, so nothing changes here.
    let other = json!([{"op": "add", "path": "/z", "value": 1}]);
    check_patch("a: &x {k: 1}\nm: {k: 2, <<: *x}\n", other, "a: &x {k: 1}\nm: {k: 2, <<: *x}\nz: 1\n");
}

#[test]
fn edits_large_mappings() {
    let text: String = (0..20_000).map(|key| format!("k{key}: {key}\n")).collect::<Vec<_>>().concat();
    check(&text, "/new", json!(1), &format!("{text}new: 1\n"));
}
