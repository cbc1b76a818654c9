#!/usr/bin/env bash
# Makes a small Debian in a folder: the tree that the tests of packages and images copy and work in. Of the release that
# this machine has, since the programs under test were built on it. What is there already is kept.
#
#   tests/packaging/base.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
base=$1
fail() { echo "base.sh: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "chroots need root"
command -v debootstrap >/dev/null || fail "debootstrap is not installed; run deploy/install-deps.sh --tests"

if [ -e "$base/made" ]; then
  echo "base.sh: $base is there"
  exit 0
fi
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016  # apt's own words
mirrors() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" 'Component: main' | sort -u; }
[ -n "$(mirrors)" ] || apt-get update -q
mirror=$(mirrors | head -1)
[ -n "$mirror" ] || fail "apt knows no mirror of $codename"

rm -rf "$base"
mkdir -p "$base/root/etc/dpkg/dpkg.cfg.d" "$base/root/etc/apt/apt.conf.d"
echo force-unsafe-io >"$base/root/etc/dpkg/dpkg.cfg.d/tests"  # a tree that is thrown away need not reach the disk
printf 'path-exclude=/usr/share/%s/*\n' man locale info >>"$base/root/etc/dpkg/dpkg.cfg.d/tests"
echo 'Acquire::Languages "none";' >"$base/root/etc/apt/apt.conf.d/tests"
debootstrap --variant=minbase "$codename" "$base/root" "$mirror" >"$base/log" 2>&1 || { tail -20 "$base/log" >&2; fail "debootstrap failed"; }
printf '#!/bin/sh\nexit 101\n' >"$base/root/usr/sbin/policy-rc.d"
chmod 755 "$base/root/usr/sbin/policy-rc.d"
chroot "$base/root" apt-get update -q >>"$base/log" 2>&1 || { tail -20 "$base/log" >&2; fail "apt-get update failed in the chroot"; }
rm -rf "$base"/root/var/cache/apt/archives/*.deb
touch "$base/made"
du -sh "$base/root"
