#!/usr/bin/env bash
# Wraps deploy/prometheus/rules.yaml into a PrometheusRule, comments and all.
#
#   deploy/kubernetes/components/rules/generate.sh           writes prometheus-rule.yaml beside this script
#   deploy/kubernetes/components/rules/generate.sh --check   exits with 1 when that file is not what it would write
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rules=$here/../../../prometheus/rules.yaml
made=$here/prometheus-rule.yaml

wrapped() {
  cat <<'HEAD'
# Made by generate.sh from deploy/prometheus/rules.yaml: edit that file and run the script.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: sluice
  labels:
    app.kubernetes.io/part-of: sluice
spec:
HEAD
  sed -e '/./s/^/  /' "$rules"
}

case ${1:-} in
  "") wrapped >"$made.new" && mv "$made.new" "$made" ;;
  --check)
    if ! diff -u "$made" <(wrapped); then
      echo "generate.sh: $made is not what deploy/prometheus/rules.yaml makes; run deploy/kubernetes/components/rules/generate.sh" >&2
      exit 1
    fi ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
