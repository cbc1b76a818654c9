#!/usr/bin/env bash
# More requests than a model can serve: what is still served in time, with no limits, with fixed limits and a queue, and
# with a limit that Sluice finds by itself; HAProxy with the fixed ones beside it. docs/overload.md says what it shows.
# Loopback only; everything it starts is bounded in time and stopped at the end.
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

usage() {
  cat <<'TEXT'
overload.sh [options]
  --seconds N       length of one measured window (8), after three seconds that do not count
  --servers N       requests that the model serves at the same time (8)
  --service-us N    how long each takes (10000)
  --patience-ms N   after which clients give up (1000)
  --loads LIST      multiples of the capacity (1,2,4)
  --setups LIST     none,fixed,adaptive,haproxy (all; haproxy where it is installed)
  --bin DIR         binaries (build/bench/bin)
  --proxy-core N    core of the proxy (0)
  --client-core N   core of the client and the model (1)
TEXT
}

seconds=8 servers=8 service_us=10000 patience_ms=1000 loads=1,2,4 setups=none,fixed,adaptive,haproxy
bin=$repo/build/bench/bin proxy_core=0 client_core=1
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage; exit 0 ;;
    --seconds | --servers | --service-us | --patience-ms | --loads | --setups | --bin | --proxy-core | --client-core)
      [[ $# -ge 2 ]] || { usage >&2; exit 1; }
      name=${1#--}
      printf -v "${name//-/_}" %s "$2"
      shift 2 ;;
    *) usage >&2; exit 1 ;;
  esac
done

say() { printf '%s\n' "$*" >&2; }
fail() { say "overload.sh: $*"; exit 1; }
[[ $seconds =~ ^[1-9][0-9]?$ ]] || fail "--seconds is a number from 1 to 99"
[[ -x $bin/bench_backend && -x $bin/sluice ]] ||
  fail "no benchmark programs in $bin; build them: cmake --preset bench && cmake --build --preset bench"
taskset -c "$proxy_core,$client_core" true 2>/dev/null || fail "cores $proxy_core and $client_core are not both here"
ulimit -n "$(ulimit -Hn)"

# shellcheck source=proxies.sh
source "$here/proxies.sh"
work=$(mktemp -d)
backend_pid=
stop_backend() {
  [[ -n $backend_pid ]] && kill "$backend_pid" 2>/dev/null && wait "$backend_pid" 2>/dev/null
  backend_pid=
}
clean_up() {
  stop_proxy
  stop_backend
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

capacity=$((servers * 1000000 / service_us))
inside=$((servers * 2))  # enough that a server never waits for the gateway
waiting=$((servers * 8))

# A fresh model for every row: what one row left in its queue must not burden the next.
start_backend() {
  stop_backend
  : >"$work/backend.out"  # here, since the redirection below happens later: the last "ready" must be gone by now
  taskset -c "$client_core" "$bin/bench_backend" --ports 0 --servers "$servers" --service-us "$service_us" \
    --max-seconds 300 >"$work/backend.out" &
  backend_pid=$!
  for _ in {1..100}; do grep -q '^ready$' "$work/backend.out" && break; sleep 0.05; done
  backend_port=$(sed -n 's/^listening backend .*:\([0-9]*\)$/\1/p' "$work/backend.out")
  [[ -n $backend_port ]] || fail "the model did not start"
}

start_limited_sluice() { # LIMITS
  cat >"$work/sluice.yaml" <<CONF
apiVersion: sluice.dev/v1
kind: Gateway
metadata: {name: bench}
spec:
  listeners: [{address: 127.0.0.1:0}]
  metrics: {address: 127.0.0.1:0}
  admin: {address: 127.0.0.1:0}
  workers: 1
  limits: {requestsInFlight: 100000}
  drain: {delay: 0s, timeout: 1s}
---
apiVersion: sluice.dev/v1
kind: ModelRoute
metadata: {name: fraud}
spec:
  protocol: OpenInference
  pool: {maxConnections: 10000, maxPending: 10000}
  ejection: {enabled: false}
  retry: {attempts: 0}
  versions:
    - name: v1
      endpoints: [http://127.0.0.1:$backend_port]
      $1
CONF
  launch "$bin/sluice" serve "$work/sluice.yaml"
  wait_for_ready
}

start_none() { start_limited_sluice ''; }
start_fixed() {
  start_limited_sluice "limits: {requestsInFlight: $inside, waiting: $waiting, waitTimeout: 200ms}"
}
start_adaptive() {
  start_limited_sluice "limits: {requestsInFlight: 10000, waiting: $waiting, waitTimeout: 200ms}
      adaptiveConcurrency: {}"
}

start_queueing_haproxy() {
  proxy_port=$(free_port)
  cat >"$work/haproxy.cfg" <<CONF
global
  maxconn 9000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout queue 200ms
  timeout http-keep-alive 600s
  http-reuse always
frontend clients
  bind 127.0.0.1:$proxy_port backlog 4096
  default_backend fraud
backend fraud
  server v1 127.0.0.1:$backend_port maxconn $inside maxqueue $waiting
CONF
  launch haproxy -db -f "$work/haproxy.cfg"
  wait_for_port
}

value_of() { sed -n "s/.*\\b$1=\\([0-9.]*\\).*/\\1/p" <<<"$2"; }

measure() { # SETUP LOAD
  local line rate
  rate=$(awk -v c="$capacity" -v l="$2" 'BEGIN {printf "%.0f", c * l}')
  start_backend
  case $1 in
    haproxy) start_queueing_haproxy ;;
    *) "start_$1" ;;
  esac || { say "$1 does not start:"; cat "$work/proxy.err" >&2; return 1; }
  line=$(timeout $((seconds + 20)) taskset -c "$client_core" "$bin/bench_rate_client" --port "$proxy_port" \
    --rate "$rate" --seconds $((seconds + 3)) --skip-seconds 3 --timeout-ms "$patience_ms" --connections 4000 \
    --path /v2/models/fraud/infer | grep '^good_per_s=')
  stop_proxy
  awk -v OFS='\t' -v s="$1" -v l="$2" -v g="$(value_of good_per_s "$line")" -v r="$(value_of refused_per_s "$line")" \
    -v t="$(value_of late_per_s "$line")" -v f="$(value_of failed_per_s "$line")" \
    -v p50="$(value_of good_p50_ms "$line")" -v p99="$(value_of good_p99_ms "$line")" \
    -v rp99="$(value_of refused_p99_ms "$line")" 'BEGIN {print s, l, g, r, t, f, p50, p99, rp99}' >>"$work/rows.tsv"
}

: >"$work/rows.tsv"
for setup in ${setups//,/ }; do
  [[ $setup != haproxy ]] || command -v haproxy >/dev/null || { say "haproxy is not installed: left out"; continue; }
  for load in ${loads//,/ }; do
    say "$setup at $load × capacity"
    measure "$setup" "$load" || fail "no figures for $setup"
  done
done

echo "$servers servers of $service_us µs: capacity $capacity/s; clients give up after $patience_ms ms; $seconds s per row"
echo
awk -F '\t' '
  {row[NR] = $0; if ($3 > best[$1]) best[$1] = $3}
  END {
    print "| setup | load | in time/s | of its best | p50 ms | p99 ms | refused/s | told after (p99) ms | too late/s | failed/s |"
    print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for (i = 1; i <= NR; ++i) {
      split(row[i], c, "\t")
      printf "| %s | %s × | %.0f | %.0f %% | %s | %s | %.0f | %s | %.0f | %.0f |\n", c[1], c[2], c[3],
             100 * c[3] / (best[c[1]] + 0.001), c[7], c[8], c[4], c[9], c[5], c[6]
    }
  }' "$work/rows.tsv"
