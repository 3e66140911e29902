#!/usr/bin/env bash
# Installs what building and testing need and this machine does not have; with the word `demo` only what the demo needs.
# Debian 12 or later; root or sudo, and neither if nothing is missing.
set -euo pipefail

# What the demo needs; the tests need the rest, too.
packages=(
    build-essential pkg-config          # the compiler that C parts of crates need
    mariadb-server                      # a private instance; the service is not used
    procps util-linux                   # kill, by which programs are ended as systemd would; flock
)
if [ "${1:-}" != demo ]; then
    packages+=(
        mmdebstrap                      # the Asterisk of the lab
        openssl                         # throw-away certificates of the lab
        chromium chromium-driver        # the browser of the web page's tests
        libudev-dev libinput-dev libxkbcommon-dev # the bare screen (feature kms)
    )
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "These packages are missing and this user cannot install them: ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
