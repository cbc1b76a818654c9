#!/usr/bin/env bash
# How good decisions are: every experiment of `sluice simulate --experiment list`, and its figures in
# docs/decision-quality.md. Everything is drawn on a virtual clock: no network, the same figures on every machine.
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

usage() {
  cat <<'TEXT'
decisions.sh [options]
  --bin DIR           where sluice is (build/release/bin)
  --seed N            of all experiments (1)
  --replications N    of every experiment; 0: as many as each one says (0)
  --only LIST         names, with commas between them (all)
  --out FILE          what is written (docs/decision-quality.md); -: the table alone, on standard output
TEXT
}

bin=$repo/build/release/bin seed=1 replications=0 only='' out=$repo/docs/decision-quality.md
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage; exit 0 ;;
    --bin | --seed | --replications | --only | --out)
      [[ $# -ge 2 ]] || { usage >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    *) usage >&2; exit 2 ;;
  esac
done
sluice=$bin/sluice
[[ -x $sluice ]] || { echo "decisions.sh: there is no $sluice; build it or name another --bin" >&2; exit 2; }

names=$("$sluice" simulate --experiment list | awk 'NR > 1 { print $1 }')
[[ -n $only ]] && names=${only//,/ }
count=$(wc -w <<<"$names")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bar() {
  [[ -t 2 ]] || return 0
  local filled=$((30 * $1 / count))
  printf '\r[%s%s] %d of %d experiments  %-24s' "$(printf '%*s' $filled '' | tr ' ' '#')" \
    "$(printf '%*s' $((30 - filled)) '' | tr ' ' '.')" "$1" "$count" "${2:-}" >&2
}

done_=0 missed=0
begun=$SECONDS
for name in $names; do
  bar $done_ "$name"
  "$sluice" simulate --experiment "$name" --seed "$seed" --replications "$replications" --markdown >>"$work/rows" \
    2>"$work/errors"
  case $? in
    0) ;;
    1) missed=$((missed + 1)) ;;
    *) printf '\n' >&2; cat "$work/errors" >&2; exit 2 ;;
  esac
  done_=$((done_ + 1))
done
bar $done_
[[ -t 2 ]] && printf '\n' >&2

head='| experiment | figure | wished | ours ± standard error | met | replications |
|---|---|---|---|---|---|'
if [[ $out == - ]]; then
  printf '%s\n' "$head"
  cat "$work/rows"
else
  # What stands above and below the table is written by hand and stays.
  awk -v head="$head" -v rows="$work/rows" '
    /^<!-- figures -->$/ { print; print ""; print head; while ((getline line < rows) > 0) print line; print ""; skip = 1 }
    /^<!-- end of figures -->$/ { skip = 0 }
    !skip && !/^<!-- figures -->$/ { print }' "$out" >"$work/page" && cat "$work/page" >"$out"
fi
echo "decisions.sh: $done_ experiments in $((SECONDS - begun)) s, $missed of them with a figure that is not as wished" >&2
[[ $missed -eq 0 ]]
