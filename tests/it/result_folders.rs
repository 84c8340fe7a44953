//! Folders that `floe compile` and `floe network generate --out` write: whole or not at all, and nothing of others is lost.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Ran, floe, floe_path, run_with, tool};

fn generate(folder: &Path, more: &[&str]) -> Ran {
    run_with(floe().current_dir(folder).args(["network", "generate"]).args(more), "")
}

/// The names of what stands in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

const BY_FILE: &str = "floe-jobs-default-deny.yaml";
const BY_NAMESPACE: &str = "floe-jobs-netpol.yaml";

#[test]
fn nothing_of_others_is_lost() {
    let folder = TempDir::new().unwrap();
    assert_eq!(generate(folder.path(), &["--out", "out"]).code, Some(0));
    let out = folder.path().join("out");
    let policy = fs::read_to_string(out.join(BY_FILE)).unwrap();
    let own = [
        ("notes.txt", "to do: floe.dev/component: network-security\n"),
        ("mine.yaml", &policy),
        ("notes/why.txt", "because\n"),
    ];
    fs::create_dir_all(out.join("notes")).unwrap();
    fs::create_dir_all(out.join("empty/inner")).unwrap();
    for (file, text) in own {
        fs::write(out.join(file), text).unwrap();
    }
    pipe(&out.join("pipe"));
    symlink("/nowhere", out.join("link")).unwrap();
    fs::set_permissions(out.join("notes.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o700)).unwrap();
    let inode = |file: &str| fs::symlink_metadata(out.join(file)).unwrap().ino();
    let before = ["notes.txt", "mine.yaml", "pipe", "link", "empty/inner"].map(inode);

    let ran = generate(folder.path(), &["--out", "out", "--layout", "namespace"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(out.join(BY_NAMESPACE).is_file() && !out.join(BY_FILE).exists());
    for (file, text) in own {
        assert_eq!(fs::read_to_string(out.join(file)).unwrap(), text, "{file}");
    }
    assert_eq!(["notes.txt", "mine.yaml", "pipe", "link", "empty/inner"].map(inode), before, "nobody has touched them");
    assert!(fs::symlink_metadata(out.join("pipe")).unwrap().file_type().is_fifo());
    assert_eq!(fs::metadata(out.join("notes.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(names(folder.path()), ["out"]);
}

/// The folder has nothing of others, and is put in place as a whole.
#[test]
fn a_folder_keeps_its_mode_and_its_link() {
    let folder = TempDir::new().unwrap();
    let real = folder.path().join("elsewhere/policies");
    fs::create_dir_all(&real).unwrap();
    fs::create_dir(folder.path().join("target")).unwrap();
    symlink(&real, folder.path().join("target/network")).unwrap();
    for layout in ["file", "namespace"] {
        let ran = run_with(floe().current_dir(folder.path()).args(["compile", "--layout", layout]), "");
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        fs::set_permissions(&real, fs::Permissions::from_mode(0o750)).unwrap();
        assert_eq!(names(&folder.path().join("target")), ["namespaces", "network"]);
    }
    assert!(real.join(BY_NAMESPACE).is_file() && !real.join(BY_FILE).exists());
    assert!(fs::symlink_metadata(folder.path().join("target/network")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o750);
}

/// What was changed by hand since floe wrote it is no longer floe's, whatever it says of itself.
#[test]
fn only_files_that_are_as_floe_wrote_them_go() {
    let folder = TempDir::new().unwrap();
    generate(folder.path(), &["--out", "out"]);
    let file = folder.path().join("out").join(BY_FILE);
    let changed = format!("{}# by hand\n", fs::read_to_string(&file).unwrap());
    fs::write(&file, &changed).unwrap();
    let ran = generate(folder.path(), &["--out", "out"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("was not written by floe, or was changed since"), "{}", ran.stderr);
    let ran = generate(folder.path(), &["--out", "out", "--layout", "namespace"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), changed);
}

/// A pipe where a file belongs is not opened, and a list that is none is not believed.
#[test]
fn what_stands_in_the_way_is_named() {
    for make in [
        (|out| pipe(&out.join(BY_FILE))) as fn(&Path),
        |out| fs::create_dir(out.join(BY_FILE)).unwrap(),
        |out| symlink("/dev/null", out.join(BY_FILE)).unwrap(),
        |out| pipe(&out.join(".floe")),
        |out| fs::write(out.join(".floe"), "my notes\n").unwrap(),
    ] {
        let folder = TempDir::new().unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        make(&out);
        let before = names(&out);
        let ran = generate(folder.path(), &["--out", "out"]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("out/{}", before[0])), "{}", ran.stderr);
        assert_eq!(names(&out), before);
    }
}

#[test]
fn two_runs_do_not_write_to_one_folder() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let held = File::open(&out).unwrap();
    held.lock().unwrap();
    for command in [&["network", "generate"][..], &["compile"]] {
        let ran = run_with(floe().current_dir(folder.path()).args(command).args(["--out", "out"]), "");
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let holder = format!("another run of floe (process {}) is writing to out", std::process::id());
        assert!(ran.stderr.contains(&holder), "{}", ran.stderr);
        assert!(names(&out).is_empty());
    }
    drop(held);
    assert_eq!(generate(folder.path(), &["--out", "out"]).code, Some(0));
}

/// Manifests in many files, so that there is time to be killed.
fn manifests(folder: &Path) {
    for number in 0..100 {
        let object = |object| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{object}, namespace: floe-jobs}}\n\
                 data: {{a: {}}}\n",
                "x".repeat(200)
            )
        };
        let text: String = (0..30).map(object).collect();
        fs::write(folder.join(format!("{number}.yaml")), text).unwrap();
    }
}

#[test]
fn a_run_that_is_ended_leaves_nothing_that_is_applied() {
    let folder = TempDir::new().unwrap();
    let work = folder.path().join("work");
    fs::create_dir_all(work.join("in")).unwrap();
    manifests(&work.join("in"));
    let arguments = ["compile", "-f", "in", "--out", "k"];
    for (number, signal) in ["TERM", "INT", "KILL"].into_iter().cycle().take(12).enumerate() {
        let _ = fs::remove_dir_all(work.join("k"));
        let mut child = Command::new(floe_path())
            .args(arguments)
            .current_dir(&work)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // As soon as it begins to write, and a little later each time.
        let is_begun = || work.join("k").exists();
        while !is_begun() && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(200));
        }
        sleep(Duration::from_millis(number as u64 / 3));
        let _ =
            Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).stderr(Stdio::null()).status();
        child.wait().unwrap();
        let left: Vec<String> = names(&work).into_iter().filter(|name| name != "in" && name != "k").collect();
        assert!(signal == "KILL" || left.is_empty(), "{signal}: {left:?}");
        let below = if work.join("k").is_dir() { names(&work.join("k")) } else { Vec::new() };
        for name in below {
            assert!(["manifests", "namespaces", "network"].contains(&name.as_str()), "{signal}: {name}");
        }
    }
    fs::create_dir(work.join(".floe-staging-0123456789abcdef")).unwrap();
    fs::write(work.join(".floe-staging-0123456789abcdef/allow.yaml"), "kind: A\n").unwrap();
    let ran = run_with(floe().current_dir(&work).args(arguments), "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(names(&work), ["in", "k"], "the next run clears up");
}

/// A folder that another run holds is no leftover, and no run reads it as manifests.
#[test]
fn what_another_run_is_making_stays() {
    let folder = TempDir::new().unwrap();
    let staging = folder.path().join(".floe-staging-0123456789abcdef");
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("half.yaml"), "kind: [\n").unwrap();
    fs::write(folder.path().join("a.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n").unwrap();
    let held = File::open(&staging).unwrap();
    held.lock().unwrap();
    let ran = generate(folder.path(), &["--out", "out", "-f", "."]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(staging.join("half.yaml").is_file());
}

#[test]
fn the_current_folder_can_be_written_to() {
    let folder = TempDir::new().unwrap();
    let here = fs::metadata(folder.path()).unwrap().ino();
    for layout in ["file", "namespace"] {
        let ran = generate(folder.path(), &["--out", ".", "--layout", layout]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    assert!(folder.path().join(BY_NAMESPACE).is_file() && !folder.path().join(BY_FILE).exists());
    assert_eq!(fs::metadata(folder.path()).unwrap().ino(), here, "a shell stays where it is");
    let before = names(folder.path());
    let ran = run_with(floe().current_dir(folder.path()).args(["compile", "--out", "."]), "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(names(folder.path()).len(), before.len() + 2);
}

/// As `docker run -v $PWD/out:/out` does it.
#[test]
fn a_mount_point_can_be_written_to() {
    let Some(unshare) = tool("unshare") else { return };
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("mnt")).unwrap();
    let script = format!(
        "set -e; mount -t tmpfs tmpfs mnt || exit 77; mkdir bound; mkdir b; mount --bind b bound; \
         for out in mnt bound; do {floe} network generate --out $out; \
         {floe} network generate --out $out --layout namespace; ls -A $out; done; {floe} compile --out mnt; ls mnt",
        floe = floe_path().display()
    );
    let mut command = Command::new(unshare);
    command.args(["-rm", "sh", "-c", &script]).current_dir(folder.path()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(77) || stderr.starts_with("unshare") {
        crate::support::skip(&crate::support::test_name(), "no mounts without privileges here");
        return;
    }
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout.matches(BY_NAMESPACE).count(), 3, "{stdout}");
    assert!(!stdout.contains(BY_FILE) && stdout.contains("namespaces\nnetwork\n"), "{stdout}");
}

/// Files of others that come while floe is at work.
#[test]
fn files_that_others_write_meanwhile_stay() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    manifests(&folder.path().join("in"));
    let compile = || {
        let mut command = Command::new(floe_path());
        command.args(["compile", "-f", "in", "--layout"]).current_dir(folder.path());
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    };
    assert!(compile().arg("file").status().unwrap().success());
    let network = folder.path().join("target/network");
    let mut child = compile().arg("namespace").spawn().unwrap();
    let mut written = 0;
    while child.try_wait().unwrap().is_none() {
        let mut file = File::create(network.join(format!("other-{written}.txt"))).unwrap();
        file.write_all(b"x").unwrap();
        written += 1;
        sleep(Duration::from_micros(500));
    }
    let found = names(&network).iter().filter(|name| name.starts_with("other-")).count();
    assert_eq!(found, written);
}
