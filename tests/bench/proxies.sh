# Starts and stops one proxy at a time, pinned to $proxy_core, with a configuration made for the case. Sourced by
# compare.sh, which sets: case_name, bin, work, proxy_core, backend_ports (v1 v2 shadow), repo.
#
# start_NAME leaves the process in $proxy_pid and the port in $proxy_port, and returns 2 where the proxy cannot do the
# case.

proxy_pid=
proxy_port=

free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 10000))
    (: </dev/tcp/127.0.0.1/$port) 2>/dev/null || { echo $port; return; }
  done
  return 1
}

# launch COMMAND...: in the background on the proxy's core, with its output in files.
launch() {
  # Here and not only by the redirection below, which happens later: the last proxy's "ready" must be gone by now.
  : >"$work/proxy.out"
  taskset -c "$proxy_core" "$@" >"$work/proxy.out" 2>"$work/proxy.err" &
  proxy_pid=$!
}

# For a proxy that says where it listens once it does.
wait_for_ready() {
  for _ in {1..100}; do
    if grep -q '^ready$' "$work/proxy.out"; then
      proxy_port=$(sed -n 's/^listening data .*:\([0-9]*\)$/\1/p' "$work/proxy.out" | head -1)
      return 0
    fi
    kill -0 "$proxy_pid" 2>/dev/null || break
    sleep 0.05
  done
  return 1
}

wait_for_port() {
  for _ in {1..100}; do
    (: <"/dev/tcp/127.0.0.1/$proxy_port") 2>/dev/null && return 0
    kill -0 "$proxy_pid" 2>/dev/null || break
    sleep 0.05
  done
  return 1
}

start_floor() {
  local -a mirror=()
  local backends="${backend_ports[0]}:90,${backend_ports[1]}:10"
  [[ $case_name == mirror ]] && mirror=(--mirror "${backend_ports[2]}") && backends=${backend_ports[0]}
  launch "$bin/bench_floor" --backends "$backends" --max-seconds 300 "${mirror[@]}"
  wait_for_ready
}

start_nginx() {
  local split='"$request_id" $pool { 90% v1; * v2; }' mirror='' shadow=''
  [[ $case_name == sticky ]] && split='"$http_x_user_id" $pool { 90% v1; * v2; }'
  if [[ $case_name == mirror ]]; then
    split='"$request_id" $pool { 100% v1; * v2; }'
    mirror='mirror /shadow;'
    shadow='location = /shadow { internal; proxy_pass http://shadow$request_uri; }'
  fi
  proxy_port=$(free_port)
  local temp="$work/nginx"
  mkdir -p "$temp"
  local upstreams='' name i=0
  for name in v1 v2 shadow; do
    upstreams+="upstream $name { server 127.0.0.1:${backend_ports[i]}; keepalive 256; keepalive_requests 1000000000; }
  "
    i=$((i + 1))
  done
  local user=''
  [[ $EUID == 0 ]] && user='user root;'
  cat >"$work/nginx.conf" <<CONF
daemon off; $user worker_processes 1; worker_rlimit_nofile 16000; pid $temp/pid; error_log stderr error;
events { worker_connections 15000; }
http {
  access_log off; keepalive_timeout 600s; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path $temp/body; proxy_temp_path $temp/proxy; fastcgi_temp_path $temp/fastcgi;
  uwsgi_temp_path $temp/uwsgi; scgi_temp_path $temp/scgi;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
  $([[ $case_name == upload ]] && echo 'client_body_buffer_size 256k;')
  $([[ $case_name == sse ]] && echo 'proxy_buffering off;')
  split_clients $split
  $upstreams
  server {
    listen 127.0.0.1:$proxy_port backlog=4096;
    location /v2/models/fraud/ { $mirror proxy_pass http://\$pool; }
    $shadow
  }
}
CONF
  launch nginx -e stderr -c "$work/nginx.conf"
  wait_for_port
}

start_haproxy() {
  [[ $case_name == mirror ]] && return 2 # only through an agent outside of it
  local balance='balance roundrobin'
  [[ $case_name == sticky ]] && balance='balance hdr(x-user-id)
  hash-type consistent'
  # By default HAProxy holds small pieces of a stream back for up to 200 ms.
  local stream=''
  [[ $case_name == sse ]] && stream='option http-no-delay'
  proxy_port=$(free_port)
  cat >"$work/haproxy.cfg" <<CONF
global
  maxconn 7000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
  $stream
frontend clients
  bind 127.0.0.1:$proxy_port backlog 4096
  use_backend fraud if { path_beg /v2/models/fraud }
backend fraud
  $balance
  server v1 127.0.0.1:${backend_ports[0]} weight 90
  server v2 127.0.0.1:${backend_ports[1]} weight 10
CONF
  launch haproxy -db -f "$work/haproxy.cfg"
  wait_for_port
}

start_sluice() {
  local outcomes='' strategy='abTest: {variants: [{version: v1, weight: 90}, {version: v2, weight: 10}]}' last='v2' port=1
  if [[ $case_name == mirror ]]; then
    strategy='shadow: {live: v1, candidates: [{version: shadow}], budget: {requestsInFlight: 1024}}'
    last=shadow
    port=2
  elif [[ $proxy == rollout ]]; then
    # The same shares, kept by a rollout that looks at its checks every second and waits for a person.
    strategy='canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {}}], analysis: {interval: 1s,
      checks: [{metric: error-rate, versusStable: {margin: 1%}}, {metric: latency-p99, thresholdRange: {max: 1s}}]}}'
  fi
  [[ $proxy == outcomes ]] && outcomes='outcomes: [{name: click, type: Binary, attributionWindow: 30m}]'
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
  unit: {header: x-user-id}
  $outcomes
  versions:
    - {name: v1, endpoints: [http://127.0.0.1:${backend_ports[0]}]}
    - {name: $last, endpoints: [http://127.0.0.1:${backend_ports[port]}]}
  strategy:
    $strategy
CONF
  launch "$bin/sluice" serve "$work/sluice.yaml"
  wait_for_ready
}

# Sluice with a rollout under way.
start_rollout() {
  [[ $case_name == split ]] || return 2
  start_sluice
}

# Sluice with a decision token on every answer.
start_outcomes() {
  [[ $case_name == split ]] || return 2
  start_sluice
}

stop_proxy() {
  [[ -n $proxy_pid ]] || return 0
  for _ in {1..40}; do
    # Again and again: to a proxy that drains, the second one means at once.
    kill -TERM "$proxy_pid" 2>/dev/null || break
    sleep 0.05
  done
  kill -KILL "$proxy_pid" 2>/dev/null
  wait "$proxy_pid" 2>/dev/null
  proxy_pid=
}
