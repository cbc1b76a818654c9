# shellcheck shell=bash
# Words for the hidden commands of a page (`<!-- test: do … -->`). Sourced by the session, so plain functions.

# until_true SECONDS COMMAND...: asks ten times a second until it succeeds; fails when the time is over.
until_true() {
  local tries=$(($1 * 10)); shift
  for ((i = 0; i < tries; ++i)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "gave up waiting for: $*"
  return 1
}
