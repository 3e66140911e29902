//! The `asterflow` program: everything is in the library, wired in `daemon.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    asterflow::cli::main()
}
