#!/usr/bin/env bash
# Installs the Debian package in a copy of a small Debian, runs it as its unit says, breaks its policy, removes it and
# purges it. systemd is not there: what the package asks it is written down by a stand-in and compared.
#
#   tests/packaging/package_in_chroot.sh BASE PACKAGE SCRATCH
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=$1
package=$2
tree=$3
fail() { echo "package_in_chroot.sh: $*" >&2; exit 1; }
step() { printf '== %s\n' "$*"; }
path=/stand-ins:/usr/sbin:/usr/bin:/sbin:/bin
inside() { PATH=$path DEBIAN_FRONTEND=noninteractive chroot "$tree" "$@"; }
# quietly COMMAND...: shows what it printed only when it fails.
quietly() { "$@" >"$tree.log" 2>&1 || { tail -30 "$tree.log" >&2; fail "failed: $*"; }; }
# asked WORDS: systemd was asked this since the last look, and nothing else of this kind.
asked() {
  local seen
  seen=$(grep -v daemon-reload "$tree/stand-ins/log" | paste -sd ';' || true)
  [ "$seen" = "$1" ] || fail "systemd was asked '$seen', not '$1'"
  : >"$tree/stand-ins/log"
}

rm -rf "$tree"
cp -a --reflink=auto "$base" "$tree"
trap 'rm -rf "$tree" "$tree.log"' EXIT
cp "$package" "$tree/sluice.deb"
mkdir -p "$tree/stand-ins" "$tree/run/systemd/system"
: >"$tree/stand-ins/log"
echo "DPkg::Path \"$path\";" >"$tree/etc/apt/apt.conf.d/stand-ins"  # otherwise apt has a path of its own
for name in systemctl deb-systemd-invoke; do
  printf '#!/bin/sh\necho "$@" >>/stand-ins/log\n' >"$tree/stand-ins/$name"
  chmod 755 "$tree/stand-ins/$name"
done

step "install"
quietly inside apt-get install -y --no-install-recommends /sluice.deb
asked "start sluice.service"
inside id sluice
[ -L "$tree/etc/systemd/system/multi-user.target.wants/sluice.service" ] || fail "the service is not enabled"
inside sluice check /etc/sluice/policy
[ "$(inside sluice --version)" = "sluice $(dpkg-deb -f "$package" Version)" ] || fail "another version than the package's"
for example in "$tree"/usr/share/doc/sluice/examples/*.yaml; do
  quietly inside sluice check "${example#"$tree"}"
done

step "serve, as the unit says"
unit=$tree/usr/lib/systemd/system/sluice.service
read -ra command <<<"$(sed -n 's/^ExecStart=//p' "$unit")"
user=$(sed -n 's/^User=//p' "$unit"):$(sed -n 's/^Group=//p' "$unit")
inside install -d -o sluice -g sluice -m 750 /var/lib/sluice  # StateDirectory
/usr/bin/python3 -B "$here/live.py" "$tree" "$user" PATH=/usr/bin -- "${command[@]}"

step "an upgrade"
quietly inside dpkg -i /sluice.deb
asked "restart sluice.service"

step "an upgrade with a policy that is changed, and broken"
sed -i 's/timeout: 30s/timeout: 20s/' "$tree/etc/sluice/policy/gateway.yaml"
echo 'kind: Nothing' >"$tree/etc/sluice/policy/routes.yaml"
quietly inside dpkg -i /sluice.deb
grep -q 'has errors, so the service is left as it is' "$tree.log" || fail "nobody says that the policy is broken"
asked ""
grep -q 'timeout: 20s' "$tree/etc/sluice/policy/gateway.yaml" || fail "a changed policy was overwritten"
rm "$tree/etc/sluice/policy/routes.yaml"

step "remove"
quietly inside apt-get remove -y sluice
asked "stop sluice.service"
[ ! -e "$tree/usr/bin/sluice" ] || fail "the program is still there"
grep -q 'timeout: 20s' "$tree/etc/sluice/policy/gateway.yaml" || fail "the policy is gone"
[ -e "$tree/var/lib/sluice/sluice.db" ] || fail "the state is gone"

step "purge"
quietly inside apt-get purge -y sluice
rm "$tree/sluice.deb"
left=$(cd "$tree" && find . -path ./proc -prune -o -name '*sluice*' -print)
[ -z "$left" ] || fail "left behind: $left"
echo "nothing is left but the user"
