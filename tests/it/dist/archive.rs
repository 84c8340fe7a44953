//! What `make dist` leaves in `target/dist`. Cargo cannot tell whether that is up to date, so tests look at the time of
//! the files that it is made of, and say that they were skipped if it is older.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{architecture, files_below, outdated, project, skip, test_name, text, tool};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What goes into the archive, or decides what does.
const SOURCES: [&str; 9] =
    ["CHANGELOG.md", "Cargo.lock", "Cargo.toml", "LICENSE", "Makefile", "README.md", "docs", "packaging", "src"];
/// Script by shell; the names are those under which the shells look for them.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "floe.bash"),
    ("elvish", "floe.elv"),
    ("fish", "floe.fish"),
    ("powershell", "_floe.ps1"),
    ("zsh", "_floe"),
];

/// The archive for this machine, unpacked.
pub(super) struct Release {
    folder: TempDir,
    name: String,
}

impl Release {
    /// `None` after reporting the skip.
    pub(super) fn unpack() -> Option<Self> {
        let tar = tool("tar")?;
        let name = format!("floe-{VERSION}-linux-{}", architecture());
        let archive = dist().join(format!("{name}.tar.gz"));
        if let Some(why) = outdated(&archive, &SOURCES, "make dist") {
            skip(&test_name(), &why);
            return None;
        }
        let folder = TempDir::new().unwrap();
        run(Command::new(tar).arg("-C").arg(folder.path()).arg("-xzf").arg(archive));
        Some(Self { folder, name })
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(&self.name).join(file)
    }

    /// The static program.
    pub(super) fn program(&self) -> PathBuf {
        self.path("floe")
    }

    /// What the program prints.
    fn prints(&self, arguments: &[&str]) -> String {
        // Help is cut to the width of a terminal that may be set.
        run(Command::new(self.program()).args(arguments).env_clear())
    }
}

/// Where the Makefile leaves it.
fn dist() -> PathBuf {
    project().join("target/dist")
}

/// What a command prints; it has to succeed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The names of the manual pages of a command and of those below it, by what its help lists.
fn pages(release: &Release, command: &[&str], found: &mut BTreeSet<String>) {
    found.insert(["floe"].iter().chain(command).copied().collect::<Vec<_>>().join("-") + ".1");
    let help = release.prints(&[command, &["--help"]].concat());
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return };
    for line in list.lines().take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").unwrap().split(' ').next().unwrap();
        // The line may be the second one of a description.
        if !name.is_empty() && name != "help" {
            pages(release, &[command, &[name]].concat(), found);
        }
    }
}

#[test]
fn checksums_agree() {
    let (Some(_), Some(sha256sum)) = (Release::unpack(), tool("sha256sum")) else { return };
    run(Command::new(sha256sum).current_dir(dist()).args(["--check", "--strict", "--quiet", "SHA256SUMS"]));
    let sums = text("target/dist/SHA256SUMS");
    let listed: BTreeSet<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    let platform = format!("{VERSION}-linux-{}", architecture());
    for file in [
        format!("floe-{platform}.tar.gz"),
        format!("floe-{platform}.cdx.json"),
        format!("floe-helm-plugin-{platform}.tgz"),
    ] {
        assert!(listed.contains(file.as_str()), "{file} has no checksum:\n{sums}");
    }
}

#[test]
fn archive_is_complete() {
    let Some(release) = Release::unpack() else { return };
    let mut expected: BTreeSet<String> = COMPLETIONS.iter().map(|(_, file)| format!("completions/{file}")).collect();
    let mut manual = BTreeSet::new();
    pages(&release, &[], &mut manual);
    assert!(manual.len() > 15 && manual.contains("floe-network-audit.1"), "{manual:?}");
    expected.extend(manual.iter().map(|page| format!("man/man1/{page}")));
    let mut copies = ["CHANGELOG.md", "LICENSE", "README.md"].map(str::to_owned).to_vec();
    copies.extend(files_below(&project().join("docs")).iter().map(|page| format!("docs/{}", page.display())));
    expected.extend(copies.iter().cloned());
    expected.extend(["floe".to_owned(), "floe.cdx.json".to_owned()]);
    let files = files_below(&release.path("")).into_iter().map(|path| path.into_os_string().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), expected);

    for file in &copies {
        assert!(fs::read_to_string(release.path(file)).unwrap() == text(file), "{file} is another one");
    }
    for page in manual {
        let name = page.trim_end_matches(".1");
        let shown = fs::read_to_string(release.path(&format!("man/man1/{page}"))).unwrap();
        assert!(shown.contains(&format!(".TH {name} 1")), "{page}:\n{shown}");
    }
}

#[test]
fn every_shell_has_its_completions() {
    let Some(release) = Release::unpack() else { return };
    let help = release.prints(&["completions", "--help"]);
    let (_, values) = help.split_once("[possible values: ").unwrap();
    let shells: BTreeSet<&str> = values.split_once(']').unwrap().0.split(", ").collect();
    assert_eq!(shells, COMPLETIONS.iter().map(|(shell, _)| *shell).collect());
    for (shell, file) in COMPLETIONS {
        let script = fs::read_to_string(release.path(&format!("completions/{file}"))).unwrap();
        assert!(script == release.prints(&["completions", shell]), "{file} is not what {shell} needs");
    }
    let Some(bash) = tool("bash") else { return };
    run(Command::new(bash).arg("-n").arg(release.path("completions/floe.bash")));
}

/// Types of the program headers of a 64-bit little-endian ELF file.
fn program_headers(bytes: &[u8]) -> Vec<u32> {
    let number = |at: usize, size: usize| -> usize {
        bytes[at..at + size].iter().rev().fold(0, |number, &byte| (number << 8) | usize::from(byte))
    };
    assert_eq!(bytes[..6], [0x7f, b'E', b'L', b'F', 2, 1], "not a 64-bit little-endian program");
    let (start, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).map(|index| u32::try_from(number(start + index * size, 4)).unwrap()).collect()
}

#[test]
fn program_is_static_and_runs() {
    let Some(release) = Release::unpack() else { return };
    let (load, interpreter) = (1, 3);
    let headers = program_headers(&fs::read(release.program()).unwrap());
    assert!(headers.contains(&load) && !headers.contains(&interpreter), "it needs a dynamic linker: {headers:?}");
    // The program of the tests does: the reader can tell.
    let of_tests = program_headers(&fs::read(std::env::current_exe().unwrap()).unwrap());
    assert!(of_tests.contains(&interpreter), "{of_tests:?}");

    let mode = fs::metadata(release.program()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert_eq!(release.prints(&["--version"]), format!("floe {VERSION}\n"));
    let secured = Command::new(release.program())
        .args(["--config", "examples/platform/manifest.yaml", "--file", "examples/platform/rendered.yaml"])
        .current_dir(project())
        .output()
        .unwrap();
    assert!(secured.status.success(), "{}", String::from_utf8_lossy(&secured.stderr));
    assert!(String::from_utf8(secured.stdout).unwrap() == text("examples/platform/expected.yaml"));
}

/// The packages of a bill of materials, `name version`, with their entries.
fn components(bom: &Value) -> BTreeMap<String, &Value> {
    let name = |it: &Value| format!("{} {}", it["name"].as_str().unwrap(), it["version"].as_str().unwrap());
    bom["components"].as_array().unwrap().iter().map(|it| (name(it), it)).collect()
}

#[test]
fn bill_of_materials_lists_what_is_linked() {
    let Some(release) = Release::unpack() else { return };
    let written = fs::read_to_string(release.path("floe.cdx.json")).unwrap();
    assert!(written == text(&format!("target/dist/{}.cdx.json", release.name)), "the SBOM is not the one beside it");
    let bom: Value = serde_json::from_str(&written).unwrap();
    let of_floe = &bom["metadata"]["component"];
    assert_eq!((&of_floe["name"], &of_floe["version"]), (&"floe".into(), &VERSION.into()));
    let target = bom["metadata"]["properties"][0]["value"].as_str().unwrap();
    assert!(target.starts_with(std::env::consts::ARCH), "{target}");

    // `name vVERSION`, and what kind of package it is.
    let tree = run(Command::new(env!("CARGO")).current_dir(project()).args([
        "tree",
        "--locked",
        "--all-features",
        "--target",
        target,
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]));
    let linked: BTreeSet<String> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
        })
        .filter(|package| *package != format!("floe {VERSION}"))
        .collect();
    let components = components(&bom);
    assert_eq!(components.keys().cloned().collect::<BTreeSet<_>>(), linked);
    assert!(linked.len() > 100 && linked.iter().any(|package| package.starts_with("kube ")), "{linked:?}");
    assert!(!linked.iter().any(|package| package.starts_with("proptest ")), "a package of the tests");
    for (name, component) in components {
        let (package, version) = name.split_once(' ').unwrap();
        assert_eq!(component["purl"], format!("pkg:cargo/{package}@{}", version.replace('+', "%2B")));
        assert_eq!(component["hashes"][0]["alg"], "SHA-256", "{name}");
        assert!(component["licenses"][0].is_object(), "{name} has no licence: {component}");
    }
}

/// What depends on the machine or the moment would make two releases of one source differ.
#[test]
fn bill_of_materials_is_the_same_everywhere() {
    let Some(release) = Release::unpack() else { return };
    let bom = fs::read_to_string(release.path("floe.cdx.json")).unwrap();
    for place in [project().to_str().unwrap(), env!("CARGO"), "/home/", "/root/"] {
        assert!(!bom.contains(place), "the SBOM names {place}");
    }
    let bom: Value = serde_json::from_str(&bom).unwrap();
    assert_eq!(bom["metadata"]["component"]["bom-ref"], format!("path+file:///floe#{VERSION}"));
    assert!(bom["serialNumber"].is_null(), "a random number: {}", bom["serialNumber"]);
}

/// The same program, packed by somebody else, later, with another umask, is the same archive.
#[test]
fn archive_of_the_plugin_depends_on_the_program_alone() {
    let (Some(release), Some(make), Some(sh)) = (Release::unpack(), tool("make"), tool("sh")) else { return };
    let released = fs::read(dist().join(format!("floe-helm-plugin-{VERSION}-linux-{}.tgz", architecture()))).unwrap();
    let epoch = fs::metadata(release.program()).unwrap().modified().unwrap();
    let epoch = epoch.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let mut folders = Vec::new();
    for umask in ["022", "077"] {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("program");
        fs::copy(release.program(), &program).unwrap();
        run(Command::new(&sh)
            .current_dir(project())
            .env("SOURCE_DATE_EPOCH", &epoch)
            .args(["-c", "umask $1; shift; exec \"$@\"", "sh", umask])
            .arg(&make)
            .arg("helm-plugin")
            .arg(format!("FLOE={}", program.display()))
            .arg(format!("DIST={}", folder.path().display())));
        let packed = fs::read(folder.path().join(format!("floe-helm-plugin-{VERSION}.tgz"))).unwrap();
        assert!(packed == released, "with umask {umask} the archive has other bytes");
        folders.push(folder);
    }
}
