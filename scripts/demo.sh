#!/usr/bin/env bash
# The appliance against the simulated call centre. Ctrl-C ends all of it; the second start takes seconds.
# Options go to the call centre, for example: scripts/demo.sh --agents 300 --speed 3 (the history is made anew for another
# number of agents, queues, callers or another seed).
set -euo pipefail
cd "$(dirname "$0")/.."

: "${ASTERFLOW_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/asterflow}"
export ASTERFLOW_CACHE
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ASTERFLOW_CACHE/target}"
export ASTERFLOW_LOG="${ASTERFLOW_LOG:-warn}"
# ASTERFLOW_BIN names a program that is built already.
bin="${ASTERFLOW_BIN:-$CARGO_TARGET_DIR/debug/asterflow}"
began=$SECONDS

step() { printf '%s %s\n' "$(tput bold 2>/dev/null || true)==>$(tput sgr0 2>/dev/null || true)" "$*"; }
fail() {
    echo "$1" >&2
    [ -s "$2" ] && tail -n 12 "$2" >&2
    exit 1
}
free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    [ "$port" = "$1" ] || step "port $1 is in use; taking $port" >&2
    echo "$port"
}

scripts/install.sh demo
if [ -z "${ASTERFLOW_BIN:-}" ]; then
    step "building (some minutes the first time, seconds afterwards)"
    cargo build --locked --bin asterflow
fi

# The company is where people are at work now, so that there is something to see; another place is another history.
case " $* " in
*" --time-zone"*) ;;
*) set -- "$@" --time-zone "$("$bin" demo zone)" ;;
esac

# Each demo has a folder of its own, kept for the next start: the first that no running demo uses.
key=$(printf '%s ' "$@" | cksum | cut -d' ' -f1)
number=1
while :; do
    home="$ASTERFLOW_CACHE/demo/$key-$number"
    mkdir -p "$home"
    exec 9>"$home/lock"
    flock -n 9 && break
    step "another demo is running; this one is number $((number + 1))"
    number=$((number + 1))
done

pids=()
end() {
    trap - EXIT INT TERM HUP
    # In the reverse order of their start; a second round for whatever did not listen.
    for ((at = ${#pids[@]} - 1; at >= 0; at--)); do kill "${pids[at]}" 2>/dev/null || true; done
    for _ in $(seq 50); do
        local left=0
        for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null && left=1; done
        [ $left -eq 0 ] && break
        sleep 0.1
    done
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    echo "ended"
}
trap end EXIT
trap 'echo "the demo failed in line $LINENO of scripts/demo.sh" >&2' ERR
trap 'exit 0' INT TERM HUP

# A private MariaDB: as root it runs as the user mysql, who cannot enter root's home; else as whoever starts the demo.
db="$home/db"
owner=()
if [ "$(id -u)" -eq 0 ]; then
    owner=(--user=mysql)
    db="${TMPDIR:-/var/tmp}/asterflow-demo/$(printf '%s' "$home" | cksum | cut -d' ' -f1)"
fi
if [ ! -d "$db/data/mysql" ]; then
    step "making an empty database"
    rm -rf "$db" "$home/state"
    mkdir -p "$db/data" "$db/tmp"
    if [ "$(id -u)" -eq 0 ]; then chown -R mysql: "$db"; fi
    mariadb-install-db --no-defaults "${owner[@]}" --datadir="$db/data" --tmpdir="$db/tmp" \
        --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve --force \
        --innodb-log-file-size=64M >"$home/db.log" 2>&1 || fail "the database could not be made:" "$home/db.log"
fi
db_port=$(free_port 3307)
mariadbd --no-defaults "${owner[@]}" --datadir="$db/data" --tmpdir="$db/tmp" --socket="$db/sock" --pid-file="$db/pid" \
    --port="$db_port" --bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin --character-set-server=utf8mb4 \
    --performance-schema=off --innodb-buffer-pool-size=96M --innodb-log-file-size=64M \
    --innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=0 9>&- >"$home/db.log" 2>&1 &
pids+=($!)
ask() { mariadb --no-defaults --socket="$db/sock" --user=root "$@"; }
for _ in $(seq 300); do
    ask -e 'SELECT 1' >/dev/null 2>&1 && break
    kill -0 "${pids[0]}" 2>/dev/null || fail "the database did not start:" "$home/db.log"
    sleep 0.1
done
secret() { od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }
writer=$(secret) reader=$(secret)
ask -e "CREATE DATABASE IF NOT EXISTS asterisk;
    CREATE OR REPLACE USER 'pbx'@'127.0.0.1' IDENTIFIED BY '$writer'; GRANT ALL ON asterisk.* TO 'pbx'@'127.0.0.1';
    CREATE OR REPLACE USER 'asterflow'@'127.0.0.1' IDENTIFIED BY '$reader'; GRANT SELECT ON asterisk.* TO 'asterflow'@'127.0.0.1';" ||
    fail "the database could not be set up:" "$home/db.log"

step "starting the simulated call centre, with 60 days of history"
: >"$home/facts"
"$bin" demo "$@" --database "mysql://pbx:$writer@127.0.0.1:$db_port/asterisk" 9>&- >"$home/facts" &
pids+=($!)
until [ -s "$home/facts" ]; do
    kill -0 "${pids[1]}" 2>/dev/null || fail "the simulated call centre did not start." /dev/null
    sleep 0.1
done
fact() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$home/facts"; }

web_port=$(free_port 8443)
mkdir -p "$home/secrets" "$home/state"
chmod 700 "$home/secrets" "$home/state"
(umask 077 && printf '%s' "$(fact secret)" >"$home/secrets/ami" && printf '%s' "$reader" >"$home/secrets/database")
cat >"$home/asterflow.toml" <<TOML
# Written by the demo at every start.
[site]
name = "Demo"
language = "en"
[[pbx]]
name = "pbx"
time_zone = "$(fact time_zone)"
[pbx.ami]
hosts = ["$(fact ami)"]
tls = "off"
username = "$(fact username)"
secret_file = "$home/secrets/ami"
[pbx.database]
hosts = ["127.0.0.1:$db_port"]
name = "asterisk"
username = "asterflow"
password_file = "$home/secrets/database"
tls = "off"
[history]
poll = "2s"
[wall]
pages = ["overview", "board", "heatmap", "agents"]
rotate_every = "20s"
theme = "dark"
[[supervisor_phone]]
extension = "201"
channel = "PJSIP/201"
name = "Desk 201"
[[supervisor_phone]]
extension = "202"
channel = "PJSIP/202"
name = "Desk 202"
[[supervisor_phone]]
extension = "203"
channel = "PJSIP/203"
name = "Desk 203"
[admin]
listen = "127.0.0.1:$web_port"
tls = "off"
TOML
asterflow() { "$bin" --config "$home/asterflow.toml" --state-dir "$home/state" "$@"; }

step "reading the history into the appliance"
asterflow sync --once 9>&- >"$home/sync.json" || fail "the history could not be read." /dev/null
quiet() { "$@" >"$home/last.log" 2>&1 || fail "this failed: asterflow ${*:2}" "$home/last.log"; }
if ! asterflow user list 2>/dev/null | grep -q '^admin[[:space:]]'; then
    printf '%s-admin\n' "$(secret)" | quiet asterflow user add admin --role admin
    printf '%s-desk\n' "$(secret)" | quiet asterflow user add supervisor --role supervisor
fi
pin=$((RANDOM % 9 + 1))$(printf '%05d' $((RANDOM * 3 % 100000)))
printf '%s\n' "$pin" | quiet asterflow user pin supervisor
link=$(asterflow user link admin 2>/dev/null | tail -n 1)

step "starting the appliance"
# glibc keeps what it once had, in a pool for each thread; so set, it gives back what a looked-at wall took.
export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536
# Not by the function: a background function is a shell of its own, which would end without its child.
"$bin" --config "$home/asterflow.toml" --state-dir "$home/state" run 9>&- &
pids+=($!)
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$web_port") 2>/dev/null && break
    kill -0 "${pids[2]}" 2>/dev/null || fail "the appliance did not start." /dev/null
    sleep 0.1
done
# The page answers a moment before the wall is drawn.
sleep 0.5

cat <<TEXT

  AsterFlow is running, $((SECONDS - began)) s after you asked for it.

  Open      $link
            (works once, within 15 minutes; it logs you in as admin)
  Look at   Wall      the wall's own program: touch an agent's card on the queue board, then Listen
            Board     the same live figures as a page for a phone
            Heatmap   60 days of talk time and calls, hour by hour
  PIN       $pin   for the wall's own screen (supervisor)
  Phones    201 picks up, 202 rings in vain, 203 is busy: every outcome is told as it is
  Clock     $(fact time_zone), a place where people are at work now
  Files     $home   (asterflow.toml and state, for report, screenshot, token …)
  Try       $bin demo fault restart --ami-port $(fact ami | sed 's/.*://')   (the PBX restarts; also drop, stall, flood)

  Ctrl-C ends all of it.

TEXT
wait "${pids[2]}" || true
