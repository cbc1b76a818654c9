# What is read from /proc and from the clients, and one measured run. Sourced by compare.sh.

# The proxy and its children (nginx has a worker below its master).
process_tree() {
  echo "$1"
  local child
  for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do process_tree "$child"; done
}

# CPU time of a process tree in nanoseconds, all threads: schedstat counts nanoseconds where utime and stime of
# /proc/PID/stat count ticks of 10 ms.
cpu_ns() {
  local pid sum=0 spent rest
  for pid in $(process_tree "$1"); do
    for task in /proc/"$pid"/task/*/schedstat; do
      read -r spent rest <"$task" && sum=$((sum + spent))
    done
  done 2>/dev/null
  echo "$sum"
}

rss_kib() {
  local pid
  for pid in $(process_tree "$1"); do cat "/proc/$pid/smaps_rollup"; done 2>/dev/null |
    awk '$1 == "Rss:" {sum += $2} END {print sum + 0}'
}

# How many requests the backend on a port has answered.
served() {
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'GET /served HTTP/1.0\r\n\r\n' >&3
  tail -n 1 <&3
  exec 3>&-
}

value_of() { sed -n "s/.*\\b$1=\\([0-9.]*\\).*/\\1/p" <<<"$2"; }

# on_client_core SECONDS COMMAND...: a client that is ended when it hangs.
on_client_core() {
  local limit=$1
  shift
  timeout "$limit" taskset -c "$client_core" "$@"
}

saturate() { # SECONDS
  BENCH_BODY_BYTES=$body_bytes BENCH_USERS=$users on_client_core $(($1 + 15)) \
    wrk -t1 -c"$connections" -d"$1"s --timeout 10s -s "$here/post.lua" "http://127.0.0.1:$proxy_port$path" |
    grep '^requests='
}

fixed_rate() { # SECONDS
  on_client_core $(($1 + 15)) "$bin/bench_rate_client" --port "$proxy_port" --rate "$rate" --seconds "$1" \
    --connections "$connections" --path "$path" --body-bytes "$body_bytes" --users "$users"
}

sse() { # SECONDS
  on_client_core $(($1 + 25)) "$bin/bench_sse_clients" --port "$proxy_port" --streams "$streams" --seconds "$1" \
    --path "$path/sse"
}

idle() {
  on_client_core 120 "$bin/bench_idle_clients" --port "$proxy_port" --clients "$clients" --path "$path" \
    --pids "$(process_tree "$proxy_pid" | paste -sd,)"
}

# core_ns CORE: nanoseconds in which a core was at work for anyone, or was taken away by the hypervisor.
core_ns() {
  awk -v core="cpu$1" -v tick="$(getconf CLK_TCK)" \
    '$1 == core {printf "%.0f\n", ($2 + $3 + $4 + $7 + $8 + $9) * 1e9 / tick}' /proc/stat
}

# CPU time of what this shell has started and seen end: the clients, and a few small commands.
ended_ns() {
  awk -v tick="$(getconf CLK_TCK)" '{printf "%.0f\n", ($16 + $17) * 1e9 / tick}' /proc/$$/stat
}

# measure LOAD COMMAND...: one run of a client as a row
# case round proxy load requests errors cpu_us rps p50_us p99_us busy_pct rss_kib v2_pct mirrored_pct
# bytes_per_client bytes_per_further others_pct
#
# A window in which strangers took more than a tenth of a core is measured once more; the row keeps how much it was.
measure() {
  local load=$1 line wall cpu core client others i try requests
  shift
  local -a before share
  for try in 1 2; do
    for i in 0 1 2; do before[i]=$(served "${backend_ports[i]}"); done
    wall=$(date +%s%N)
    core=$(core_ns "$proxy_core")
    client=$(($(core_ns "$client_core") - $(cpu_ns "$backend_pid") - $(ended_ns)))
    cpu=$(cpu_ns "$proxy_pid")
    line=$("$@")
    cpu=$(($(cpu_ns "$proxy_pid") - cpu))
    client=$(($(core_ns "$client_core") - $(cpu_ns "$backend_pid") - $(ended_ns) - client))
    core=$(($(core_ns "$proxy_core") - core - cpu))
    wall=$(($(date +%s%N) - wall))
    for i in 0 1 2; do share[i]=$(($(served "${backend_ports[i]}") - before[i])); done
    others=$((100 * (core > client ? core : client) / wall))
    ((others > 0)) || others=0
    [[ $load == idle || $others -le 10 ]] && break
    say "  $proxy $load: others took $others % of a core"
  done
  if [[ -z $line ]]; then
    say "  $proxy $load: the client gave no result"
    return 1
  fi
  requests=$(value_of requests "$line")
  awk -v OFS='\t' -v c="$case_name" -v r="$round" -v p="$proxy" -v l="$load" -v n="$requests" \
    -v e="$(value_of errors "$line")" -v cpu="$cpu" -v wall="$wall" -v rps="$(value_of rps "$line")" \
    -v p50="$(value_of p50_us "$line")" -v p99="$(value_of p99_us "$line")" -v rss="$(rss_kib "$proxy_pid")" \
    -v v1="${share[0]}" -v v2="${share[1]}" -v shadow="${share[2]}" -v others="$others" \
    -v each="$(value_of bytes_per_client "$line")" -v further="$(value_of bytes_per_further "$line")" \
    'BEGIN {
       live = v1 + v2 > 0 ? v1 + v2 : 1
       print c, r, p, l, n, e, sprintf("%.2f", n > 0 ? cpu / 1000 / n : 0), rps, p50, p99,
             sprintf("%.0f", 100 * cpu / wall), rss, sprintf("%.1f", 100 * v2 / live),
             sprintf("%.1f", 100 * shadow / live), each, further, others
     }' >>"$raw"
}
