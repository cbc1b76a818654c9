#!/usr/bin/env bash
# The same work through a raw forwarder (the floor), nginx, HAProxy and Sluice, in turns; docs/performance.md says how
# to read the result. Loopback only; everything it starts is bounded in time and stopped at the end.
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

usage() {
  cat <<'TEXT'
compare.sh [options]
  --rounds N        rounds over all proxies (3)
  --seconds N       length of one measured window (5)
  --only CASE,...   split, sticky, mirror, upload, idle, sse (all)
  --proxies LIST    floor,nginx,haproxy,sluice (all); a proxy that is not installed is left out with a word on stderr;
                    rollout is Sluice with a canary under way, outcomes is Sluice with decision tokens on its answers
                    (both split only); they run only when named
  --output FORMAT   markdown or tsv (markdown)
  --raw FILE        write every measured row here as it comes
  --bin DIR         binaries (build/bench/bin)
  --proxy-core N    core of the proxy (0)
  --client-core N   core of the clients and backends (1)
TEXT
}

rounds=3 seconds=5 only=split,sticky,mirror,upload,idle,sse proxies=floor,nginx,haproxy,sluice output=markdown
bin=$repo/build/bench/bin proxy_core=0 client_core=1 keep=
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage; exit 0 ;;
    --rounds | --seconds | --only | --proxies | --output | --bin | --proxy-core | --client-core | --raw)
      [[ $# -ge 2 ]] || { usage >&2; exit 1; }
      name=${1#--}
      [[ $name == raw ]] && name=keep
      printf -v "${name//-/_}" %s "$2"
      shift 2 ;;
    *) usage >&2; exit 1 ;;
  esac
done

say() { printf '%s\n' "$*" >&2; }
fail() { say "compare.sh: $*"; exit 1; }

[[ $rounds =~ ^[1-9][0-9]?$ && $seconds =~ ^[1-9][0-9]?$ ]] || fail "--rounds and --seconds are numbers from 1 to 99"
[[ $output == markdown || $output == tsv ]] || fail "--output is markdown or tsv"
command -v wrk >/dev/null || fail "wrk is not installed"
[[ -x $bin/bench_floor ]] || fail "no benchmark programs in $bin; build them: cmake --preset bench && cmake --build --preset bench"
taskset -c "$proxy_core,$client_core" true 2>/dev/null || fail "cores $proxy_core and $client_core are not both here"
ulimit -n "$(ulimit -Hn)"

# shellcheck source=proxies.sh
source "$here/proxies.sh"
# shellcheck source=measure.sh
source "$here/measure.sh"

work=$(mktemp -d)
raw=${keep:-$work/rows.tsv}
: >"$raw" || fail "cannot write $raw"
backend_pid=
clean_up() {
  stop_proxy
  [[ -n $backend_pid ]] && kill "$backend_pid" 2>/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

taskset -c "$client_core" "$bin/bench_backend" --ports 0,0,0 --max-seconds 3600 >"$work/backend.out" &
backend_pid=$!
for _ in {1..100}; do grep -q '^ready$' "$work/backend.out" && break; sleep 0.05; done
mapfile -t backend_ports < <(sed -n 's/^listening backend .*:\([0-9]*\)$/\1/p' "$work/backend.out")
[[ ${#backend_ports[@]} == 3 ]] || fail "the backends did not start"

# What a case is: connections, body, users, the fixed rate that every proxy can serve with ease.
set_case() {
  case_name=$1 kind=requests connections=64 body_bytes=250 users=0 rate=20000 path=/v2/models/fraud/infer
  case $1 in
    split) ;;
    sticky) users=1000 ;;
    mirror) rate=5000 ;;
    upload) body_bytes=1048576 connections=16 rate=400 ;;
    idle) kind=idle clients=5000 ;;
    sse) kind=sse streams=200 path=/v2/models/fraud ;;
    *) fail "unknown case \"$1\"" ;;
  esac
}

is_there() {
  case $1 in
    floor) true ;;
    sluice | rollout | outcomes) [[ -x $bin/sluice ]] ;;
    nginx | haproxy) command -v "$1" >/dev/null ;;
    *) fail "unknown proxy \"$1\"" ;;
  esac
}

run_once() {
  "start_$proxy"
  case $? in
    0) ;;
    2) proxy_pid=; return ;;
    *) say "  $proxy did not start: $(tail -n 3 "$work/proxy.err")"; stop_proxy; return ;;
  esac
  case $kind in
    idle) measure idle idle ;;
    sse) measure sse sse "$seconds" ;;
    requests)
      if saturate 1 >/dev/null; then
        measure saturation saturate "$seconds"
        measure fixed fixed_rate "$seconds"
      else
        say "  $proxy: the warm-up gave no result"
      fi ;;
  esac
  stop_proxy
}

for case_name in ${only//,/ }; do
  set_case "$case_name"
  for ((round = 1; round <= rounds; round++)); do
    say "$case_name: round $round of $rounds"
    for proxy in ${proxies//,/ }; do
      if is_there "$proxy"; then run_once; else say "  $proxy is not installed or built: left out"; fi
    done
  done
done

if [[ $output == tsv ]]; then
  cat "$raw"
else
  printf '%s, kernel %s, %s; %s rounds of %s s; proxy on core %s, client and backends on core %s\n' \
    "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1)" "$(uname -r)" "$(nproc) cores" \
    "$rounds" "$seconds" "$proxy_core" "$client_core"
  awk -f "$here/report.awk" "$raw"
fi
