#!/usr/bin/env bash
# The appliance against a real Asterisk with SIP phones that call. Ctrl-C ends all of it.
# Options go to `asterflow run`, for example: make lab, or scripts/lab.sh --screen headless
set -euo pipefail
cd "$(dirname "$0")/.."

: "${ASTERFLOW_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/asterflow}"
export ASTERFLOW_CACHE
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ASTERFLOW_CACHE/target}"
bin="$CARGO_TARGET_DIR/debug"

scripts/install.sh
echo "building (minutes the first time, seconds afterwards)"
cargo build --locked -q --workspace --bins

dir=$(mktemp -d /tmp/asterflow-lab.XXXXXX)
lab=
end() {
    trap - EXIT INT TERM
    [ -n "$lab" ] && kill "$lab" 2>/dev/null && wait "$lab" 2>/dev/null
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 0' INT TERM

port=8443
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done

echo "starting Asterisk, MariaDB and the phones (the first time an Asterisk is fetched: a minute or two)"
: >"$dir/lab.log"
"$bin/lab" up --dir "$dir" --traffic --listen "127.0.0.1:$port" >"$dir/lab.log" 2>&1 &
lab=$!
for _ in $(seq 600); do
    grep -q '^settings' "$dir/lab.log" && break
    kill -0 "$lab" 2>/dev/null || { cat "$dir/lab.log" >&2; exit 1; }
    sleep 0.5
done
grep -q '^settings' "$dir/lab.log" || { echo "the lab did not come up:" >&2; cat "$dir/lab.log" >&2; exit 1; }

password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" |
    "$bin/asterflow" --config "$dir/asterflow.toml" --state-dir "$dir/state" user add admin --role admin

grep -v -e '^next' -e '^settings' -e '^Ctrl-C' "$dir/lab.log"
echo "web page   http://127.0.0.1:$port   account admin, password $password"
echo "wall       http://127.0.0.1:$port/wall.png"
echo "Ctrl-C ends everything."
echo
"$bin/asterflow" --config "$dir/asterflow.toml" --state-dir "$dir/state" run "$@"
