#!/usr/bin/env bash
# Installs what building and testing need and this machine does not have. Debian 12 or later; root or sudo.
set -euo pipefail

packages=(
    build-essential pkg-config          # the compiler that C parts of crates need
    mmdebstrap                          # the Asterisk of the lab
    mariadb-server                      # its database (a private instance; the service is not used)
    openssl                             # throw-away certificates of the lab
    procps                              # kill, by which tests end the program as systemd would
    chromium chromium-driver            # the browser of the web page's tests
    libudev-dev libinput-dev libxkbcommon-dev # the bare screen (feature kms)
)

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
