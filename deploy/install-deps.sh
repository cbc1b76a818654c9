#!/usr/bin/env bash
# Installs what Sluice needs on Debian 12 or Ubuntu 24.04, and nothing that is there already.
#
#   deploy/install-deps.sh [--tests] [--bench] [--dev] [--list]
#
# Always: what builds and runs the gateway. --tests: what tests/run.sh uses. --bench: what tests/bench/compare.sh
# compares with. --dev: linters. --list: prints the names and installs nothing.
# Runs as root or with sudo. Services that come along (prometheus, nginx, haproxy) are not started.
set -euo pipefail

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }
fail() { echo "install-deps: $*" >&2; exit 1; }

build=(ccache cmake g++ ninja-build pkg-config
       libc-ares-dev libcli11-dev libjs-chart.js libre2-dev libsimdjson-dev libspdlog-dev libsqlite3-dev libssl-dev libyaml-cpp-dev
       nlohmann-json3-dev prometheus-cpp-dev zlib1g-dev)
# shellcheck disable=SC2034  # used by name
{
  tests=(clang-format curl debootstrap dpkg-dev file fonts-dejavu-core jq libgtest-dev lintian man-db openssl prometheus python3
         python3-jsonschema python3-yaml sqlite3 systemd)
  bench=(haproxy libbenchmark-dev nginx wrk)
  dev=(clang-tidy shellcheck)
}

# From elsewhere they are as good, and Debian's packages would be in their way.
command -v npm >/dev/null || tests+=(nodejs npm)

groups=(build)
list_only=false
for argument in "$@"; do
  case $argument in
    --tests) groups+=(tests) ;;
    --bench) groups+=(bench) ;;
    --dev) groups+=(dev) ;;
    --list) list_only=true ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

# The distributions differ in one thing: which Boost is new enough.
distribution=unknown
# shellcheck disable=SC1091
[ -r /etc/os-release ] && distribution=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-}")
case $distribution in
  "debian 12") build+=(libboost1.81-dev); tests+=(chromium) ;;
  "ubuntu 24.04") build+=(libboost1.83-dev) ;;
  *) echo "install-deps: $distribution is not tried; going on with libboost-dev, which must be 1.81 or newer" >&2
     build+=(libboost-dev) ;;
esac

wanted=()
for group in "${groups[@]}"; do
  declare -n names=$group
  wanted+=("${names[@]}")
done
if $list_only; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi

command -v dpkg-query >/dev/null || fail "this needs a Debian or an Ubuntu; elsewhere install the equivalents of: ${wanted[*]}"
missing=()
for name in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${Status}' "$name" 2>/dev/null)" = "install ok installed" ] || missing+=("$name")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "install-deps: all ${#wanted[@]} packages are there"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "not root and no sudo; ask an administrator to install: ${missing[*]}"
  as_root=(sudo)
fi

# invoke-rc.d asks this script before it starts a service. One that is there already is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '"${as_root[@]}" rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
fi

echo "install-deps: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"
