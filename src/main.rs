//! The `floe` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    floe::cli::run()
}
