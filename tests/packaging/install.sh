#!/usr/bin/env bash
# `cmake --install` into a folder: everything is in its place, and the unit names the places.
#
#   tests/packaging/install.sh BUILD FOLDER
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
fail() { echo "install.sh: $*" >&2; exit 1; }
rm -rf "$2"
cmake --install "$1" --prefix "$2" >/dev/null
prefix=$(cd "$2" && pwd)
trap 'rm -rf "$prefix"' EXIT

"$prefix/bin/sluice" check "$prefix/etc/sluice/policy"
for file in share/doc/sluice/{README.md,LICENSE,copyright,docs/README.md,examples/canary.yaml} share/sluice/{rules.yaml,sluice.json} \
  share/bash-completion/completions/sluice share/zsh/site-functions/_sluice share/fish/vendor_completions.d/sluice.fish share/man/man1/sluice.1.gz; do
  [ -s "$prefix/$file" ] || fail "$file is not installed"
done
bash -n "$prefix/share/bash-completion/completions/sluice"
# The manual page is without a fault, and has every verb with all its options.
page=$prefix/share/man/man1/sluice.1.gz
faults=$(man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null)
[ -z "$faults" ] || fail "the manual page: $faults"
shown=$(MANWIDTH=400 man -P cat -l "$page" | col -bx)
verbs=$("$prefix/bin/sluice" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$verbs")" -gt 10 ] || fail "only these verbs are found: $verbs"
for verb in $verbs; do
  part=$(sed -n "/^   sluice $verb\$/,/^ \{0,3\}[A-Zs]/{/^   sluice $verb\$/d;p}" <<<"$shown")
  for option in $("$prefix/bin/sluice" "$verb" --help | grep -oE '^  (-[a-z],)?--[a-z0-9-]+'); do
    grep -qE -- "^ {7}$option( |$)" <<<"$part" || fail "the manual page has no $option of sluice $verb"
  done
done
unit=$prefix/lib/systemd/system/sluice.service
grep -qx "ExecStart=$prefix/bin/sluice serve $prefix/etc/sluice/policy" "$unit" || fail "the unit starts something else: $(grep ExecStart "$unit")"
! grep -qE '(=|[[:space:]])/(usr/bin/sluice|etc/sluice)' "$unit" || fail "the unit names places of another prefix"

# A policy that is there is kept by the next installation.
echo '# mine' >>"$prefix/etc/sluice/policy/gateway.yaml"
cmake --install "$1" --prefix "$prefix" >/dev/null
grep -qx '# mine' "$prefix/etc/sluice/policy/gateway.yaml" || fail "a policy was overwritten"

# The unit by itself: it parses, what it starts is there, and it is hardened. 1.5 is what is left when a service has to
# talk to the network; a line that is lost costs at least 0.1.
systemd-analyze verify --man=no "$unit"
systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" | tail -1
echo "installed as it should be"
