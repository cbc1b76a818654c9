#!/usr/bin/env bash
# Lays out what a container needs to run a program, and nothing else: the program without debugging symbols, the shared
# libraries that it loads with the copyright files of their packages, certificates, an empty /tmp, and the directories
# of the gateway for the user 65532.
#
#   deploy/image-root.sh PROGRAM FOLDER
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
program=$1
root=$2
certificates=/etc/ssl/certs/ca-certificates.crt

# libraries: the paths of all that the loader would load, itself included.
libraries() {
  ldd "$program" | sed -nE 's/^[[:space:]]*(.* => )?(\/[^ ]+) \(0x.*$/\2/p' | sort -u
}

# copyright_of FILE: the copyright file of the package that the file is from. dpkg knows a file by the path it came with,
# which may lead through the link /lib.
copyright_of() {
  local owner
  owner=$(dpkg-query -S "$(realpath "$1")" 2>/dev/null || dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "${1#/usr}") || {
    echo "image-root.sh: no package has $1" >&2
    return 1
  }
  echo "/usr/share/doc/${owner%%:*}/copyright"
}

if ldd "$program" | grep 'not found' >&2; then exit 1; fi
mkdir -p "$root"
# As on a Debian with merged directories: /lib and /lib64 lead into /usr.
mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/etc/sluice/policy" "$root/etc/ssl/certs" "$root/var/lib/sluice"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
install -m 1777 -d "$root/tmp"
install -m 755 -s "$program" "$root/usr/bin/sluice"
libraries | while read -r library; do
  install -m 755 -D "$(realpath "$library")" "$root$library"
  notice=$(copyright_of "$library")
  # Some packages share one file through a link.
  install -m 644 -D "$(realpath "$notice")" "$root$notice"
done
install -m 644 "$certificates" "$root$certificates"
install -m 644 -D /usr/share/doc/ca-certificates/copyright "$root/usr/share/doc/ca-certificates/copyright"
printf 'sluice:x:65532:65532:Sluice gateway:/var/lib/sluice:/nonexistent\n' >"$root/etc/passwd"
printf 'sluice:x:65532:\n' >"$root/etc/group"
chown 65532:65532 "$root/var/lib/sluice"
