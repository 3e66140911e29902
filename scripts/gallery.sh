#!/usr/bin/env bash
# Draws every page of the wall in both themes, at every size, empty to full, with an index to look through them.
# The first argument is the folder, which has to lie outside the clone.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${ASTERFLOW_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/asterflow}"
export ASTERFLOW_CACHE
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ASTERFLOW_CACHE/target}"

folder=$(realpath -m "${1:-$ASTERFLOW_CACHE/gallery}")
case "$folder/" in
"$PWD"/*)
    echo "$folder lies inside the clone; name another folder." >&2
    exit 2
    ;;
esac
cargo run --locked -q -p asterflow-ui --example preview -- --gallery "$folder" "${@:2}"
echo "open $folder/index.html"
