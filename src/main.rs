//! The `asterflow` program.
fn main() {}
