#!/usr/bin/env bash
# Makes the Debian package of a build as it is, without building, and lets lintian look at it.
#
#   tests/packaging/package.sh BUILD FOLDER     the package is FOLDER/sluice.deb afterwards
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
build=$1
folder=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fail() { echo "package.sh: $*" >&2; exit 1; }
for tool in lintian dpkg-shlibdeps; do
  command -v $tool >/dev/null || fail "$tool is not installed; run deploy/install-deps.sh --tests"
done

rm -rf "$folder"
mkdir -p "$folder"
(cd "$build" && cpack -G DEB -B "$folder/cpack" >"$folder/log" 2>&1) || { cat "$folder/log" >&2; fail "cpack failed"; }
mv "$folder"/cpack/sluice_*.deb "$folder/sluice.deb"
rm -rf "$folder/cpack"

version=$(dpkg-deb -f "$folder/sluice.deb" Version)
first=$(sed -nE '1s/^sluice \(([^)]*)\).*/\1/p' "$root/deploy/debian/changelog")
[ "$version" = "$first" ] || fail "the package is $version, its changelog begins with $first"
for file in "$root"/deploy/kubernetes/overlays/*/kustomization.yaml; do
  grep -q "newTag: $version " "$file" || fail "$file does not name the image $version"
done
dpkg-deb -f "$folder/sluice.deb" Depends
for wanted in libc6 libssl3 adduser; do
  [[ "$(dpkg-deb -f "$folder/sluice.deb" Depends)" == *"$wanted"* ]] || fail "the package does not depend on $wanted"
done

lintian --allow-root --fail-on error,warning "$folder/sluice.deb"
ls -l "$folder/sluice.deb"
