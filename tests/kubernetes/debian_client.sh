#!/usr/bin/env bash
# Prints the path of kubectl as Debian 12 has it (package kubernetes-client, 1.20: the oldest that the manifests are
# written for): the installed one, or one that is unpacked below FOLDER without being installed, since another package
# with a newer kubectl may be there.
#
#   tests/kubernetes/debian_client.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

if [ "$(dpkg-query -W -f '${Status}' kubernetes-client 2>/dev/null)" = "install ok installed" ]; then
  dpkg-query -L kubernetes-client | grep -m 1 '/bin/kubectl$'
  exit 0
fi
mkdir -p "$1"
cd "$1"
exec 9>lock
flock 9  # tests run side by side
if [ ! -x usr/bin/kubectl ]; then
  rm -f kubernetes-client_*.deb
  # Without lists of packages there is nothing to download from.
  apt-get download -q kubernetes-client >&2 || { apt-get update -q >&2 && apt-get download -q kubernetes-client >&2; }
  dpkg -x kubernetes-client_*.deb .
  rm -f kubernetes-client_*.deb
fi
echo "$PWD/usr/bin/kubectl"
