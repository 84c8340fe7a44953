//! The `floe` binary.

use std::process::ExitCode;

/// Values of objects are many small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    floe::cli::run()
}
