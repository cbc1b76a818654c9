#!/usr/bin/env bash
# Renders deploy/kubernetes and checks the result.
#
#   tests/kubernetes/run.sh manifests SCRATCH SLUICE   with every kubectl at hand: they agree, the objects fit together,
#                                                      the policies pass `sluice check`, the rules notice faults
#   tests/kubernetes/run.sh schemas SCRATCH            against the schemas of Kubernetes and of the Prometheus Operator
#
# SCRATCH is a folder for what is downloaded (Debian's kubectl, the schemas from npm), kept for the next run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
need() { command -v "$1" >/dev/null || { echo "run.sh: $1 is not installed; run deploy/install-deps.sh --tests" >&2; exit 1; }; }
[ $# -ge 2 ] || usage
export PYTHONDONTWRITEBYTECODE=1

manifests() {
  local clients old
  old=$("$here/debian_client.sh" "$1/client")
  clients=("$old")
  if command -v kubectl >/dev/null && ! [ "$(command -v kubectl)" -ef "$old" ]; then clients+=("$(command -v kubectl)"); fi
  echo "rendered with ${clients[*]}"
  /usr/bin/python3 "$here/check.py" "$root" "$2" "${clients[@]}"
}

# The packages of schemas/package-lock.json, installed once for as long as that file stays the same.
install_schemas() {
  mkdir -p "$1"
  if cmp -s "$here/schemas/package-lock.json" "$1/installed.json"; then return; fi
  cp "$here"/schemas/package*.json "$1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline)
  cp "$1/package-lock.json" "$1/installed.json"
}

schemas() {
  need node
  need npm
  local old
  old=$("$here/debian_client.sh" "$1/client")
  install_schemas "$1/schemas"
  /usr/bin/python3 "$here/render_all.py" "$root" "$old" >"$1/rendered.json"
  node "$here/schemas/schemas.mjs" "$1/schemas" <"$1/rendered.json"
}

case $1 in
  manifests) [ $# -eq 3 ] || usage; manifests "$2" "$3" ;;
  schemas) schemas "$2" ;;
  *) usage ;;
esac
