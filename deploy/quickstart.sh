#!/usr/bin/env bash
# Three model versions behind one gateway, asked about 898 handwritten digits they have never seen.
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

# The shipped policy with every fixed port replaced by a free one, so that several can run at once.
write_policy_with_free_ports() {
  sed -e "s/127.0.0.1:9001/127.0.0.1:$(port_of v1 "")/" -e "s/127.0.0.1:9002/127.0.0.1:$(port_of v2 "")/" \
      -e "s/127.0.0.1:9003/127.0.0.1:$(port_of v3 "")/" -e "s/127.0.0.1:\(8080\|9464\|9901\)/127.0.0.1:0/" \
      config/quickstart.yaml >"$work/policy.yaml"
  echo "$work/policy.yaml"
}

ask() {
  "$build_dir/bin/sluice-sample-model" ask --url "http://127.0.0.1:$data_port" \
    --metrics "http://127.0.0.1:$metrics_port/metrics" --route digits "$@"
}

# metric NAME: its value, read without curl.
metric() {
  exec 3<>"/dev/tcp/127.0.0.1/$metrics_port" || return 1
  printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  sed -n "s/^$1\({[^}]*}\)\{0,1\} \([^ \r]*\).*/\2/p" <&3 | head -1
  exec 3<&-
}
generation_is_past() { [ "$(metric sluice_config_generation)" -gt "$1" ]; }

# shift_weights V1 V2 V3: edits the policy as a person would, by replacing the file.
shift_weights() {
  sed -e "s/{version: v1, weight: [0-9]*}/{version: v1, weight: $1}/" \
      -e "s/{version: v2, weight: [0-9]*}/{version: v2, weight: $2}/" \
      -e "s/{version: v3, weight: [0-9]*}/{version: v3, weight: $3}/" "$policy" >"$policy.new"
  mv "$policy.new" "$policy"
}

second_act() {
  say "v2 is better and v3 is spoilt: the policy becomes 20 / 80 / 0 while the gateway runs"
  local generation
  generation=$(metric sluice_config_generation)
  shift_weights 20 80 0
  wait_for 20 generation_is_past "${generation:-0}" || { cat "$work/gateway.log" >&2; fail "the edited policy was not taken"; }
  ask --expect-share v1=20% v2=80% v3=0% --expect-accuracy v2=90%
  say "Stopping"
  kill -TERM "$gateway"
  wait "$gateway" || { cat "$work/gateway.log" >&2; fail "the gateway did not drain: exit $?"; }
  echo "The gateway drained and left with 0. Everything went well."
}

next_things() {
  say "It stays up. Things to try from another terminal, in $root"
  cat <<TEXT
  edit config/quickstart.yaml          set the weights to 20, 80 and 0, save, and ask again:
  ${build_dir#"$root"/}/bin/sluice-sample-model ask --metrics http://127.0.0.1:$metrics_port/metrics
                                       users who had v2 keep it; others join them
  misspell a key and save              the old policy stays; the log below says line, column and the likely name
  ${build_dir#"$root"/}/bin/sluice check config/quickstart.yaml
                                       the same check without a gateway
  ${build_dir#"$root"/}/bin/sluice status     every version and endpoint, and how it fares
  replace abTest by the shadow block   at the end of the file: v3 gets copies, nobody waits for it
  http://127.0.0.1:$metrics_port/metrics        what the table above was made of
Ctrl-C stops the gateway and the models. The gateway's log:
TEXT
  tail -n +1 -f "$work/gateway.log" &
  children+=($!)
  wait "$gateway" || fail "the gateway has ended with $?"
}

[ -n "$build_dir" ] || build

say "Starting three versions of a model; each learns the digits now"
ports=(9001 9002 9003)
if $once; then ports=(0 0 0); fi
start_model v1 "${ports[0]}"
start_model v2 "${ports[1]}"
start_model v3 "${ports[2]}" --latency 20ms --drift 50%

say "Starting the gateway with config/quickstart.yaml"
policy=config/quickstart.yaml
if $once; then policy=$(write_policy_with_free_ports); fi
start gateway "$build_dir/bin/sluice" serve "$policy"
gateway=${children[-1]}
wait_for 30 said gateway "^ready\$" || { cat "$work/gateway.log" >&2; fail "the gateway does not come up"; }
data_port=$(port_of gateway data)
metrics_port=$(port_of gateway metrics)
echo "  requests to http://127.0.0.1:$data_port, metrics on http://127.0.0.1:$metrics_port/metrics"

say "Asking 898 unseen digits in the name of 300 users"
if $once; then
  ask --expect-share v1=70% v2=20% v3=10% --expect-accuracy v1=75% v2=90%
  second_act
else
  ask
  next_things
fi
