#!/usr/bin/env bash
# Says whether this machine's tools are new enough, and what to do when they are not.
# usage: tools/versions.sh go [node]
set -euo pipefail

# at_least WANT HAVE: both are MAJOR.MINOR
at_least() {
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

go_version() {
  if ! command -v go >/dev/null; then
    echo "go is not installed: Go 1.26 or newer is needed; unpack it from https://go.dev/dl/ into /usr/local" >&2
    return 1
  fi
  have=$(cd / && GOTOOLCHAIN=local go version | sed -E 's/^go version go([0-9]+\.[0-9]+).*/\1/')
  case $have in
    [0-9]*.[0-9]*) ;;
    *) echo "using a Go built from source: $(cd / && go version)" >&2; return 0 ;;
  esac
  if ! at_least 1.26 "$have"; then
    echo "go $have is too old: Go 1.26 or newer is needed; unpack it from https://go.dev/dl/ into /usr/local" >&2
    return 1
  fi
}

node_version() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "node or npm is not installed: Node 20 or newer is needed by the tests; see https://nodejs.org/en/download" >&2
    return 1
  fi
  have=$(node --version | sed -E 's/^v([0-9]+\.[0-9]+).*/\1/')
  if ! at_least 20.0 "$have"; then
    echo "node $have is too old: Node 20 or newer is needed by the tests; see https://nodejs.org/en/download" >&2
    return 1
  fi
}

for tool in "$@"; do
  "${tool}_version"
done
