#!/usr/bin/env bash
# What CI runs: every check in order, with the minutes each took. Stops at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${ASTERFLOW_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/asterflow}"
export ASTERFLOW_CACHE
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ASTERFLOW_CACHE/target}"
export CARGO_TERM_COLOR=never
# A clone of its own each time never finds what an earlier one left for incremental builds; it would only fill the disk.
if [ "${CI:-}" = true ]; then export CARGO_INCREMENTAL=0; fi

report=""
step() {
    local name=$1
    shift
    echo "=== $name"
    local began=$SECONDS
    "$@"
    local took=$((SECONDS - began))
    report+=$(printf '%-28s %3d min %02d s' "$name" $((took / 60)) $((took % 60)))$'\n'
}

finish() {
    local status=$?
    echo "=== minutes of each step"
    printf '%s' "$report"
    printf '%-28s %3d min %02d s\n' "all" $((SECONDS / 60)) $((SECONDS % 60))
    [ $status -eq 0 ] || echo "=== FAILED"
    exit $status
}
trap finish EXIT

step "packages" scripts/install.sh
step "format" cargo fmt --all --check
step "lints" cargo clippy --locked --workspace --all-targets -- -D warnings
step "lints without a wall" cargo clippy --locked --no-default-features -- -D warnings
step "the device's features" cargo clippy --locked --no-default-features --features appliance -- -D warnings
step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
step "the lab's Asterisk" cargo run --locked -q -p asterflow-lab --bin lab -- chroot
step "tests" cargo test --locked --workspace
