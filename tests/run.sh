#!/usr/bin/env bash
# Builds everything and runs every test: without sanitizers first (preset `check`, which is `dev` with its sources
# joined), then the suites that parse foreign bytes, decide about rollouts or run several threads once more under
# AddressSanitizer with UBSan and under ThreadSanitizer.
#
#   tests/run.sh                 all of it; some 38 minutes on two cores from nothing
#   tests/run.sh --quick         the build without sanitizers only
#   tests/run.sh --filter REGEX  only tests whose name matches, in every build
#   tests/run.sh --tidy          clang-tidy over the sources as well (slow)
#   tests/run.sh --no-install    do not look for missing packages
#
# Exits 0 when nothing failed; the last line is "N passed, N failed". Where up to three tests fail and nothing crashed,
# they are run once more by themselves: real processes on a busy machine run late. What passes only then counts as
# passed and is named as unstable.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

asan_suites='policy|compare|http|protocol|traffic|upstream|gateway|state|outcomes|scenarios|app|fuzz'
tsan_suites='base|compare|metrics|state|outcomes|upstream|gateway|admin|app'

quick=false
tidy=false
install=true
filter=()
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=true ;;
    --tidy) tidy=true ;;
    --no-install) install=false ;;
    --filter) [ $# -gt 1 ] || { usage >&2; exit 2; }; filter=(-R "$2"); shift ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

passed=0
failed=0
summary=()
jobs=$(nproc)
at_once=$((jobs + (jobs + 1) / 2))  # tests: many of them wait for something
started=$SECONDS
reasons=build/failed-tests.log  # what is worth reading at the end of a long run

step() { printf '\n=== [%02d:%02d] %s\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) "$*"; }
note() { summary+=("$(printf '%-28s %s' "$1" "$2")"); }

# check NAME COMMAND...: one thing that passes or fails as a whole.
check() {
  local name=$1; shift
  step "$name"
  if "$@"; then
    passed=$((passed + 1)); note "$name" passed
  else
    failed=$((failed + 1)); note "$name" FAILED
    return 1
  fi
}

finish() {
  [ ! -s "$reasons" ] || { step "What the failed tests said"; cut -c -200 "$reasons"; }
  step "Summary"
  printf '%s\n' "${summary[@]}"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

is_formatted() { git ls-files -z -- '*.cpp' '*.hpp' | xargs -0r clang-format --dry-run -Werror; }

# The layout of a file depends on the formatter's version, so only the one the tree was written with may judge.
check_format() {
  if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    note "clang-format" "skipped: not a git checkout"
  elif [[ "$(clang-format --version 2>/dev/null)" == *" version 14."* ]]; then
    check "clang-format" is_formatted
  else
    note "clang-format" "skipped: version 14 is not installed"
  fi
}

is_tidy() {
  # Without precompiled headers: clang cannot read those of GCC.
  cmake --preset dev -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null &&
    git ls-files -z -- 'src/*.cpp' | xargs -0r -n 4 -P "$jobs" clang-tidy --quiet -p build/tidy --extra-arg=-Wno-everything
}

configure() { cmake --preset "$1" >"build/configure-$1.log" 2>&1 || { cat "build/configure-$1.log"; return 1; }; }

# build PRESET [SUITES]: everything, or the test programs of these suites and the programs that they start.
build() {
  local targets=() wanted
  configure "$1" || return 1
  if [ $# -gt 1 ]; then
    wanted="sluice|($2)(_test|_selftest)"
    [[ $2 != *fuzz* ]] || wanted+='|[a-z0-9_]+_fuzz'
    mapfile -t targets < <(ninja -C "build/$1" -t targets all | sed -nE "/^cmake_/d; s/^($wanted): phony\$/\1/p")
    [ ${#targets[@]} -gt 0 ] || { echo "no test programs for $2"; return 1; }
  fi
  ninja -C "build/$1" -j "$jobs" "${targets[@]}"
}

# GCC 12's sanitizers do not cope with the full address randomisation of newer kernels.
unrandomised() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then setarch "$(uname -m)" -R "$@"; else "$@"; fi
}

# failed_tests LOG: the names that ctest lists at its end, one a line.
failed_tests() { sed -n '/^The following tests FAILED:/,$s/^[[:space:]]*[0-9]* - \(.*\) (\(.*\))$/\1 (\2)/p' "$1"; }

# said_by_failed LOG: how the output of each failed test begins; ctest prints it below the test's own line.
said_by_failed() {
  awk '/^ *[0-9]+\/[0-9]+ Test +#/ { left = /(Passed|Skipped) +[0-9.]+ sec$/ ? 0 : 30; sub(/ \.\.\.\.+/, " ...") }
       /^ +Start +[0-9]+: |^[0-9]+% tests passed/ { next }
       left > 0 && NF && !/^\[|^Note: Google Test filter|^Running main/ { print; --left }' "$1"
}

# unlucky LOG: may those who failed have been short of time only? Not where a sanitizer spoke or a program died, nor where
# many failed.
unlucky() {
  local reports='ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|terminate called|died of signal'
  [ "$(failed_tests "$1" | wc -l)" -le 3 ] && ! grep -qE "$reports" "$1"
}

# run_suites PRESET [CTEST ARGUMENTS]: runs and counts.
run_suites() {
  local preset=$1 name=${suite_name:-$1} line broken; shift
  local log=build/ctest-$name.log
  step "Tests, $name build"
  unrandomised ctest --preset "$preset" --parallel "$at_once" --no-tests=error "${filter[@]}" "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+' "$log" | tail -1)
  if [[ $line =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
    broken=${BASH_REMATCH[1]}
    passed=$((passed + BASH_REMATCH[2] - broken))
    note "tests, $name build" "$line"
    [ "$status" -eq 0 ] || [ "$broken" -gt 0 ] || { failed=$((failed + 1)); note "ctest, $name build" "FAILED ($status)"; }
    [ "$broken" -eq 0 ] || judge_failed "$preset" "$log" "$broken"
  elif [ ${#filter[@]} -gt 0 ] && grep -q 'No tests were found' "$log"; then
    note "tests, $name build" "none match"
  else
    failed=$((failed + 1)); note "tests, $name build" "FAILED: ctest ended with $status"
  fi
}

# judge_failed PRESET LOG COUNT: what failed in LOG is named, and counted as failed unless it passes by itself.
judge_failed() {
  local verdict=FAILED test
  if unlucky "$2"; then
    step "Once more, by themselves: what failed in ${2##*/}"
    unrandomised ctest --preset "$1" --rerun-failed 2>&1 | tee "${2%.log}-again.log"
    [ "${PIPESTATUS[0]}" -ne 0 ] || verdict=unstable
  fi
  if [ "$verdict" = FAILED ]; then failed=$((failed + $3)); else passed=$((passed + $3)); fi
  while read -r test; do note "  $verdict" "$test"; done < <(failed_tests "$2")
  said_by_failed "$2" >>"$reasons"
}

# run_end_to_end PRESET LABELS: the end-to-end tests of the first build against the daemon of another; what they
# start is what a sanitizer has to watch, so the tests themselves need not be built again.
run_end_to_end() {
  SLUICE_BINARY=$PWD/build/$1/bin/sluice SLUICE_SANITIZED=1 suite_name="check against $1" run_suites check -L "^($2)\$"
}

mkdir -p build
rm -f "$reasons"
if $install; then check "packages" deploy/install-deps.sh --tests || finish; fi
check_format
check "build, check" build check || finish
run_suites check
if $tidy; then check "clang-tidy" is_tidy; fi
if ! $quick; then
  check "build, asan" build asan "$asan_suites" && { run_suites asan -L "^($asan_suites)\$"; run_end_to_end asan 'e2e|e2e_chaos'; }
  check "build, tsan" build tsan "$tsan_suites" && { run_suites tsan -L "^($tsan_suites)\$"; run_end_to_end tsan e2e; }
fi
finish
