#!/usr/bin/env bash
# What a shadow costs the requests that clients wait for: every request is mirrored to no shadow, a healthy one, one that
# never answers and one that crashes again and again; with and without comparing the answers; nginx's mirror beside it.
# Loopback only; everything it starts is bounded in time and stopped at the end.
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

usage() {
  cat <<'TEXT'
shadow.sh [options]
  --rounds N        rounds over everything (3)
  --seconds N       length of one measured window (5)
  --rate N          requests per second (5000)
  --shadows LIST    none,healthy,stalled,crashing (all)
  --proxies LIST    floor,sluice,compare,nginx (all; nginx where it is installed): compare is Sluice that compares the
                    answers' bodies, the floor mirrors without looking and only to a healthy shadow
  --body-bytes N    of each request (250)
  --bin DIR         binaries (build/bench/bin)
  --proxy-core N    core of the proxy (0)
  --client-core N   core of the clients and backends (1)
TEXT
}

rounds=3 seconds=5 rate=5000 shadows=none,healthy,stalled,crashing proxies=floor,sluice,compare,nginx body_bytes=250
bin=$repo/build/bench/bin proxy_core=0 client_core=1
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage; exit 0 ;;
    --rounds | --seconds | --rate | --shadows | --proxies | --body-bytes | --bin | --proxy-core | --client-core)
      [[ $# -ge 2 ]] || { usage >&2; exit 1; }
      name=${1#--}
      printf -v "${name//-/_}" %s "$2"
      shift 2 ;;
    *) usage >&2; exit 1 ;;
  esac
done

say() { printf '%s\n' "$*" >&2; }
fail() { say "shadow.sh: $*"; exit 1; }
[[ $rounds =~ ^[1-9][0-9]?$ && $seconds =~ ^[1-9][0-9]?$ ]] || fail "--rounds and --seconds are numbers from 1 to 99"
[[ -x $bin/bench_backend && -x $bin/sluice ]] ||
  fail "no benchmark programs in $bin; build them: cmake --preset bench && cmake --build --preset bench"
taskset -c "$proxy_core,$client_core" true 2>/dev/null || fail "cores $proxy_core and $client_core are not both here"
ulimit -n "$(ulimit -Hn)"

# shellcheck source=proxies.sh
source "$here/proxies.sh"
# shellcheck source=measure.sh
source "$here/measure.sh"

work=$(mktemp -d)
: >"$work/rows.tsv"
live_pid= shadow_pid= crasher_pid= live_port= shadow_port=
path=/v2/models/fraud/infer connections=64 users=0

stop_shadow() {
  [[ -n $crasher_pid ]] && kill "$crasher_pid" 2>/dev/null && wait "$crasher_pid" 2>/dev/null
  crasher_pid=
  [[ -f $work/crashing.pid ]] && kill -KILL "$(cat "$work/crashing.pid")" 2>/dev/null
  rm -f "$work/crashing.pid"
  [[ -n $shadow_pid ]] && kill -KILL "$shadow_pid" 2>/dev/null && wait "$shadow_pid" 2>/dev/null
  shadow_pid=
}
main_pid=$BASHPID
clean_up() {
  [[ $BASHPID == "$main_pid" ]] || return # a part of this that runs beside it ends before it has traps of its own
  stop_proxy
  stop_shadow
  [[ -n $live_pid ]] && kill "$live_pid" 2>/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# start_backend NAME PORT: its process in $backend_pid, its port in $backend_port.
start_backend() {
  : >"$work/$1.out"
  taskset -c "$client_core" "$bin/bench_backend" --ports "$2" --max-seconds 1800 >"$work/$1.out" 2>/dev/null &
  backend_pid=$!
  for _ in {1..100}; do grep -q '^ready$' "$work/$1.out" && break; sleep 0.05; done
  backend_port=$(sed -n 's/^listening backend .*:\([0-9]*\)$/\1/p' "$work/$1.out")
  [[ -n $backend_port ]] || fail "a backend did not start"
}

# Lives for half a second and is dead for a fifth, again and again.
crash_again_and_again() { # PORT
  local pid
  trap - EXIT INT TERM # what is to be cleaned up is not its own
  while true; do
    taskset -c "$client_core" "$bin/bench_backend" --ports "$1" --max-seconds 60 >/dev/null 2>&1 &
    pid=$!
    echo "$pid" >"$work/crashing.pid"
    sleep 0.5
    kill -KILL "$pid"
    wait "$pid"
    sleep 0.2
  done 2>/dev/null
}

start_shadow() { # healthy | stalled | crashing
  start_backend shadow 0
  shadow_pid=$backend_pid shadow_port=$backend_port
  case $1 in
    stalled) kill -STOP "$shadow_pid" ;; # the kernel goes on accepting for it
    crashing)
      kill -KILL "$shadow_pid" 2>/dev/null
      wait "$shadow_pid" 2>/dev/null
      shadow_pid=
      crash_again_and_again "$shadow_port" &
      crasher_pid=$! ;;
  esac
}

start_mirroring_sluice() { # SHADOW [COMPARE]
  local strategy='' shadow=''
  if [[ $1 != none ]]; then
    shadow="- {name: v2, endpoints: [http://127.0.0.1:$shadow_port]}"
    strategy="strategy: {shadow: {live: v1, candidates: [{version: v2}], budget: {requestsInFlight: 1024}, ${2:-}}}"
  fi
  cat >"$work/sluice.yaml" <<CONF
apiVersion: sluice.dev/v1
kind: Gateway
metadata: {name: bench}
spec:
  listeners: [{address: 127.0.0.1:0}]
  metrics: {address: 127.0.0.1:0}
  admin: {address: 127.0.0.1:0}
  workers: 1
  drain: {delay: 0s, timeout: 1s}
---
apiVersion: sluice.dev/v1
kind: ModelRoute
metadata: {name: fraud}
spec:
  matches: [{path: {type: PathPrefix, value: /v2/models/fraud}}]
  protocol: OpenInference
  versions:
    - {name: v1, endpoints: [http://127.0.0.1:$live_port]}
    $shadow
  $strategy
CONF
  launch "$bin/sluice" serve "$work/sluice.yaml"
  wait_for_ready
}

is_for() { # PROXY SHADOW
  case $1 in
    floor) [[ $2 == none || $2 == healthy ]] ;;
    compare) [[ $2 != none ]] ;;
    sluice | nginx) true ;;
    *) fail "unknown proxy \"$1\"" ;;
  esac
}

# The proxy in front of live and that shadow.
start() { # PROXY SHADOW
  backend_ports=("$live_port" "$live_port" "${shadow_port:-$live_port}")
  case_name=split
  [[ $2 == none ]] || case_name=mirror
  case $1 in
    floor) start_floor ;;
    sluice) start_mirroring_sluice "$2" ;;
    compare) start_mirroring_sluice "$2" 'compare: {noise: 1%}' ;;
    nginx) start_nginx ;;
  esac
}

run_once() { # ROUND PROXY SHADOW
  local line cpu before=0 copies=0
  is_for "$2" "$3" || return
  shadow_port=
  [[ $3 == none ]] || start_shadow "$3"
  start "$2" "$3" || fail "$2 does not start: $(tail -n 3 "$work/proxy.err")"
  fixed_rate 1 >/dev/null # warm, and a stalled shadow's budget is full
  [[ $3 == healthy ]] && before=$(served "$shadow_port")
  cpu=$(cpu_ns "$proxy_pid")
  line=$(fixed_rate "$seconds")
  cpu=$(($(cpu_ns "$proxy_pid") - cpu))
  if [[ $3 == healthy ]]; then
    sleep 0.2
    copies=$(($(served "$shadow_port") - before))
  fi
  stop_proxy
  stop_shadow
  [[ -n $line ]] || { say "  $2 with $3: the client gave no result"; return; }
  awk -v OFS='\t' -v r="$1" -v p="$2" -v s="$3" -v cpu="$cpu" -v n="$(value_of requests "$line")" \
    -v e="$(value_of errors "$line")" -v p50="$(value_of p50_us "$line")" -v p99="$(value_of p99_us "$line")" \
    -v copies="$copies" \
    'BEGIN {if (n > 0) print r, p, s, n, e, cpu / 1000 / n, p50, p99, 100 * copies / n}' >>"$work/rows.tsv"
}

start_backend live 0
live_pid=$backend_pid live_port=$backend_port
for ((round = 1; round <= rounds; round++)); do
  for shadow in ${shadows//,/ }; do
    [[ $shadow =~ ^(none|healthy|stalled|crashing)$ ]] || fail "unknown shadow \"$shadow\""
    say "round $round of $rounds: $shadow"
    for proxy in ${proxies//,/ }; do
      [[ $proxy != nginx ]] || command -v nginx >/dev/null || { say "  nginx is not installed: left out"; continue; }
      run_once "$round" "$proxy" "$shadow"
    done
  done
done

echo "$rate requests/s of $body_bytes bytes, all of them mirrored; $rounds rounds of $seconds s; medians"
echo
awk -F '\t' '
  function median(key, column,    list, n, i, j, swap) {
    n = 0
    for (i = 1; i <= count[key]; i++) list[++n] = cell[key, i, column] + 0
    for (i = 2; i <= n; i++)
      for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
    return n == 0 ? "" : n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
  }
  {
    key = $2 SUBSEP $3
    if (!(key in count)) { order[++keys] = key; proxy[keys] = $2; shadow[keys] = $3 }
    count[key]++
    for (i = 4; i <= NF; i++) cell[key, count[key], i] = $i
    errors[key] += $5
  }
  END {
    print "| proxy | shadow | CPU µs per request | × floor that mirrors | p50 µs | p99 µs | mirrored | errors |"
    print "|---|---|--:|--:|--:|--:|--:|--:|"
    base = median("floor" SUBSEP "healthy", 6)
    for (k = 1; k <= keys; k++) {
      cpu = median(order[k], 6)
      healthy = shadow[k] == "healthy"
      ratio = healthy && base > 0 ? sprintf("%.2f", cpu / base) : ""
      mirrored = healthy ? sprintf("%.1f %%", median(order[k], 9)) : ""
      printf "| %s | %s | %.2f | %s | %.0f | %.0f | %s | %d |\n", proxy[k], shadow[k], cpu,
             ratio, median(order[k], 7), median(order[k], 8), mirrored, errors[order[k]]
    }
    if (base > 0) print "\nThe floor that mirrors is the floor plus one more exchange: mirroring with comparing shall stay within 1.5 × it."
  }' "$work/rows.tsv"
