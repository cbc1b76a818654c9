#!/usr/bin/env bash
# Prints the manual page sluice(1), made of what the program says of itself: every verb with its options, notes and examples.
#
#   deploy/man-page.sh PROGRAM
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; exit 2; }
program=$1
export LC_ALL=C

verbs() { "$program" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# section VERB: its --help as roff. An option stands alone in its line when the next one begins with 30 blanks; otherwise
# what it does begins in column 31.
section() {
  "$program" "$1" --help | awk -v verb="$1" '
    function roff(text) {
      gsub(/\\/, "\\e", text)
      gsub(/-/, "\\-", text)
      gsub(/,/, ",\\:", text)
      return text ~ /^[.'\'']/ ? "\\&" text : text
    }
    function option(name, does) {
      sub(/^ +/, "", name)
      sub(/ +$/, "", name)
      print ".TP\n.B " roff(name) "\n" roff(does)
    }
    function indented(text) { return substr(text, 1, 30) == blanks && length(text) > 30 }
    { line[NR] = $0 }
    END {
      blanks = sprintf("%30s", "")
      print ".SS sluice " verb "\n" roff(line[1]) ".\n.PP"
      for (i = 2; i <= NR; i++) {
        if (line[i] ~ /^Usage: /) {
          print ".B " roff(substr(line[i], 8))
        } else if (line[i] ~ /^Example: /) {
          example = 1
          print ".PP\n.nf\n.RS 2"
          print roff(substr(line[i], 10))
        } else if (example) {
          sub(/^         /, "", line[i])
          print roff(line[i])
        } else if (line[i] ~ /^ / && indented(line[i + 1])) {
          option(line[i], substr(line[i + 1], 31))
          i++
        } else if (line[i] ~ /^ /) {
          option(substr(line[i], 1, 30), substr(line[i], 31))
        } else if (line[i] == "") {
          paragraph = 1
        } else if (line[i] !~ /^(Positionals|Options):$/) {
          if (paragraph) print ".PP"
          paragraph = 0
          print roff(line[i])
        }
      }
      if (example) print ".RE\n.fi"
    }'
}

cat <<HEAD
.TH SLUICE 1 "" "$("$program" --version)" "User Commands"
.ad l
.nh
.SH NAME
sluice \\- router in front of model servers that moves traffic on evidence
.SH SYNOPSIS
.B sluice
.I verb
.RI [ options "] [" arguments ]
.br
.B sluice
.RB [ \\-\\-help | \\-\\-version ]
.SH DESCRIPTION
Sluice sends every prediction request to one version of a model as a YAML policy says, measures what each version does, and moves
traffic forward or back on the evidence.
.B sluice serve
is the daemon;
.BR check ", " plan " and " simulate
look at a policy before it is served; most other verbs ask a running gateway, or tell it something, by its admin port.
.SH VERBS
HEAD
verbs | while read -r verb; do section "$verb"; done
cat <<'TAIL'
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
End
.BR "sluice serve" :
it drains, a second one ends it at once.
.TP
.B SIGHUP
Reads the policy anew. A changed file is read without it.
.SH FILES
.TP
.I /etc/sluice/policy/
The policy of the service: all
.I *.yaml
in it.
.TP
.I /var/lib/sluice/
What the service remembers of rollouts and outcomes.
.SH SEE ALSO
.IR /usr/share/doc/sluice/docs/README.md ,
.IR /usr/share/doc/sluice/examples/ ,
.BR systemctl (1)
TAIL
