#!/usr/bin/env bash
# A model is replaced by a better one, and then by a faulty one, under the eyes of 300 users.
#
#   ./deploy/quickstart.sh                   installs, builds, runs, stays up for you to play with
#   ./deploy/quickstart.sh --once            the same story and the end of it, on free ports; exits 0 or 1
#
# --build-dir DIR   use the programs of an existing build; installs and builds nothing
# --no-install      do not look for missing packages
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
once=false
install=true
build_dir=

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=true ;;
    --no-install) install=false ;;
    --build-dir) [ $# -gt 1 ] || { usage >&2; exit 2; }; build_dir=$(cd "$2" && pwd); shift ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
cd "$root"

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-quickstart.XXXXXX")
children=()
gateway=

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { echo "quickstart: $*" >&2; exit 1; }

cleanup() {
  trap - EXIT INT TERM
  for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${children[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for SECONDS COMMAND...: tries ten times a second.
wait_for() {
  local tries=$(($1 * 10)); shift
  for ((i = 0; i < tries; ++i)); do
    "$@" && return 0
    sleep 0.1
  done
  return 1
}

build() {
  say "Building into build/release"
  if $install; then deploy/install-deps.sh; fi
  # Configured before: Ninja does again what has to be, and keeps what somebody chose there.
  if [ ! -f build/release/build.ninja ]; then
    cmake --preset release >"$work/configure.log" || { cat "$work/configure.log"; exit 1; }
  fi
  cmake --build build/release --parallel "$(nproc)" --target sluice sluice-sample-model
  build_dir=$root/build/release
}

# start NAME COMMAND...: runs it in the background; its standard output goes to $work/NAME.out, its log to NAME.log.
start() {
  local name=$1; shift
  : >"$work/$name.out"
  "$@" >"$work/$name.out" 2>"$work/$name.log" &
  children+=($!)
}

# said NAME LINE: a line that matches has come from a program that still runs; gives up when it has ended.
said() {
  grep -q "$2" "$work/$1.out" && return 0
  kill -0 "${children[-1]}" 2>/dev/null || { cat "$work/$1.log" >&2; fail "$1 has ended"; }
  return 1
}

# port_of NAME WHAT: the port in the line "listening [WHAT ]address:port".
port_of() { sed -n "s/^listening ${2:+$2 }.*:\([0-9]*\)\$/\1/p" "$work/$1.out" | head -1; }

start_model() {
  local variant=$1 port=$2; shift 2
  start "$variant" "$build_dir/bin/sluice-sample-model" --variant "$variant" --port "$port" "$@"
  wait_for 30 said "$variant" "^listening " || fail "$variant does not come up"
  echo "  $variant learnt from 899 digits, answers on 127.0.0.1:$(port_of "$variant" "")"
}

# The shipped policy; with --once every fixed port is replaced by a free one, so that several can run at once.
write_policy() {
  if $once; then
    sed -e "s/127.0.0.1:9001/127.0.0.1:$(port_of v1 "")/" -e "s/127.0.0.1:9002/127.0.0.1:$(port_of v2 "")/" \
        -e "s/127.0.0.1:9003/127.0.0.1:$(port_of v3 "")/" -e "s/127.0.0.1:\(8080\|9464\|9901\)/127.0.0.1:0/" \
        config/quickstart.yaml >"$policy"
  else
    cp config/quickstart.yaml "$policy"
  fi
}

ask() {
  "$build_dir/bin/sluice-sample-model" ask --url "http://127.0.0.1:$data_port" \
    --metrics "http://127.0.0.1:$metrics_port/metrics" --route digits "$@"
}

sluice() { local verb=$1; shift; "$build_dir/bin/sluice" "$verb" "$@" --admin "127.0.0.1:$admin_port"; }

# keep_asking: the 300 users ask all day, until enough. A round in which somebody was failed is kept in $work/failed.
keep_asking() {
  while [ ! -e "$work/enough" ]; do
    ask >"$work/round" 2>&1 || cat "$work/round" >>"$work/failed"
    sleep 0.2
  done
}
start_asking() {
  rm -f "$work/enough"
  keep_asking &
  children+=($!)
}
enough() {
  touch "$work/enough"
  wait "${children[-1]}" || true
  [ ! -s "$work/failed" ] || { cat "$work/failed" >&2; fail "users were failed during a rollout"; }
}

# ends NAME PHASE: waits until the rollout NAME has ended so, and prints its checks and what happened, newest first.
ends() {
  wait_for 20 begun "$1" || { cat "$work/gateway.log" >&2; fail "the rollout $1 does not begin"; }
  local code=0
  sluice status digits --wait "$2" --timeout 90s --events 50 >"$work/status" 2>&1 || code=$?
  [ $code = 0 ] || { cat "$work/status" "$work/gateway.log" >&2; fail "the rollout $1 has not come to $2"; }
  sed -n -e '/^Phase:/,/^Verbs:/{/^Verbs:/d;p}' -e '/^CHECK/,/^ENDPOINT/{/^ENDPOINT/d;p}' \
    -e "/^EVENTS/,/ $1 begins/p" "$work/status"
}
begun() { sluice status digits -o json 2>/dev/null | grep -q "\"id\": *\"$1\""; }

first_act() {
  say "v2 gets 10, 25, then 50 % of the users, each time as soon as its checks pass; the users go on asking"
  start_asking
  ends digits-1 Promoted
  enough
  say "v2 has everything. The same question again"
  ask --expect-share v2=100% --expect-accuracy v2=90%
}

# The policy as a person would edit it, by replacing the file.
second_act() {
  say "Now v3 is tried, of whose answers one in five is an error: stable: v2, candidate: v3"
  sed -e 's/stable: v1/stable: v2/' -e 's/candidate: v2/candidate: v3/' \
      -e 's/# - {name: v3/- {name: v3/' "$policy" >"$policy.new"
  start_asking
  mv "$policy.new" "$policy"
  ends digits-2 RolledBack
  enough
  grep -q 'error-rate .* > max 5% (n=' "$work/status" || fail "the reason is not the errors of v3"
  say "v3 was taken back by itself, and v2 answered what v3 failed: no user saw an error"
  ask --expect-share v2=100% --expect-accuracy v2=90%
}

stop_everything() {
  say "Stopping"
  kill -TERM "$gateway"
  wait "$gateway" || { cat "$work/gateway.log" >&2; fail "the gateway did not drain: exit $?"; }
  echo "The gateway drained and left with 0. Everything went well."
}

next_things() {
  local bin=${build_dir#"$root"/}/bin
  say "It stays up and the users go on asking. Things to try from another terminal, in $root"
  cat <<TEXT
  http://127.0.0.1:$admin_port/               the dashboard: the same as it happens, with buttons for the verbs
  $bin/sluice status digits --watch
                                       the rollout, its checks, every version and endpoint, as it happens
  $bin/sluice retry digits
                                       v3 once more; abort, pause, resume, promote and undo are verbs like it
  edit ${policy#"$root"/}
                                       give v3 another weight, or put the shadow block at the end in place of canary
  misspell a key and save              the old policy stays; the log below says line, column and the likely name
  $bin/sluice check ${policy#"$root"/}
                                       the same check without a gateway
  http://127.0.0.1:$metrics_port/metrics        what the tables above were made of
Ctrl-C stops the gateway and the models. The gateway's log:
TEXT
  start_asking
  tail -n 5 -f "$work/gateway.log" &
  children+=($!)
  wait "$gateway" || fail "the gateway has ended with $?"
}

[ -n "$build_dir" ] || build

say "Starting three versions of a model; each learns the digits now"
ports=(9001 9002 9003)
if $once; then ports=(0 0 0); fi
start_model v1 "${ports[0]}"
start_model v2 "${ports[1]}"
start_model v3 "${ports[2]}" --latency 20ms --error-rate 20%

say "Starting the gateway with config/quickstart.yaml"
policy=$build_dir/quickstart.yaml
if $once; then policy=$work/policy.yaml; fi
write_policy
start gateway "$build_dir/bin/sluice" serve "$policy"
gateway=${children[-1]}
wait_for 30 said gateway "^ready\$" || { cat "$work/gateway.log" >&2; fail "the gateway does not come up"; }
data_port=$(port_of gateway data)
metrics_port=$(port_of gateway metrics)
admin_port=$(port_of gateway admin)
echo "  requests to http://127.0.0.1:$data_port, metrics on http://127.0.0.1:$metrics_port/metrics"

say "Asking 898 unseen digits in the name of 300 users"
ask --expect-accuracy v1=75%
first_act
second_act
if $once; then stop_everything; else next_things; fi
