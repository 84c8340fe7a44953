use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Runs a program, and ends it and removes its folder as soon as the standard input of the shell is closed. That
/// happens however this process ends, also when it is killed: the kernel closes the other end. A signal from the
/// terminal must not end the shell first.
const GUARD: &str = r#"
trap '' HUP INT QUIT TERM
dir=$1; shift
"$@" </dev/null >"$dir/log" 2>&1 &
child=$!
read -r _
kill -KILL "$child" 2>/dev/null
wait "$child" 2>/dev/null
rm -rf "$dir"
"#;

/// A server in the background with a folder of its own, ended with this value or with this process.
pub(super) struct Server {
    dir: PathBuf,
    shell: Child,
}

impl Server {
    /// Starts a program with the arguments that are made for its folder.
    pub(super) fn start(program: &Path, arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        // The shell removes the folder, because statics are never dropped.
        let dir = TempDir::new().unwrap().keep();
        let arguments = arguments(&dir);
        let shell = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(&dir)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { dir, shell }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The end of what the program has printed.
    pub(super) fn log(&self) -> String {
        let log = fs::read(self.dir.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4_000)..]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A failure leaves nothing else to do.
        let _ = self.shell.wait();
    }
}
