#!/usr/bin/env bash
# Runs one browser test of the dashboard: real gateway, real models, Debian's Chromium without a window.
#
#   tests/browser/run.sh --packages             only fetches what package-lock.json names, into the build's folder
#   tests/browser/run.sh NAME [BIN [MODULES]]   runs NAME_test.js with the programs in BIN (build/dev/bin)
#
# MODULES is where the packages go (build/browser). SLUICE_CHROMIUM names another browser of the same family;
# SLUICE_SHOTS a folder that pictures are written to.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
fail() { echo "browser: $*" >&2; exit 1; }

[ $# -ge 1 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
name=$1
bin=${2:-$root/build/dev/bin}
modules=${3:-$root/build/browser}

for tool in node npm; do
  command -v "$tool" >/dev/null || fail "$tool is missing: deploy/install-deps.sh --tests installs it"
done
export SLUICE_CHROMIUM=${SLUICE_CHROMIUM:-$(command -v chromium || true)}
[ -n "$SLUICE_CHROMIUM" ] || fail "chromium is missing: deploy/install-deps.sh --tests installs it"

# packages: as the lock says, and not again while it says the same.
packages() {
  mkdir -p "$modules"
  exec 9>"$modules/lock"
  flock 9
  cmp -s "$here/package-lock.json" "$modules/node_modules/.of-lock" && return
  cp "$here/package.json" "$here/package-lock.json" "$modules/"
  npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail "npm could not fetch playwright-core and axe-core; is the registry reachable?"
  cp "$here/package-lock.json" "$modules/node_modules/.of-lock"
}

packages
[ "$name" = --packages ] && exit 0
[ -f "$here/${name}_test.js" ] || fail "there is no ${name}_test.js"
[ -x "$bin/sluice" ] || fail "there is no $bin/sluice; build it first"
exec 9>&-
SLUICE_BIN=$bin SLUICE_MODULES=$modules exec node "$here/${name}_test.js"
