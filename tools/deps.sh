#!/usr/bin/env bash
# Installs what the tests need besides Go and Node: a C compiler for the race detector,
# PostgreSQL's programs (no server is set up or started), Chromium, network namespaces, and the npm
# packages of the test clients.
# Runs as often as you like; it does nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v gcc >/dev/null || missing+=(gcc)
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
[ -n "${HOTSEAT_TEST_CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || missing+=(chromium)
command -v ip >/dev/null || missing+=(iproute2)

# The tests look for PostgreSQL in the same order.
have_postgres() {
  [ -n "${HOTSEAT_TEST_DATABASE_URL:-}" ] && return
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  command -v initdb >/dev/null && return
  command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/initdb" ]
}
have_postgres || missing+=(postgresql)

if [ ${#missing[@]} -gt 0 ]; then
  # Without this file Debian's package would make a cluster and start it at every boot.
  quiet=/etc/postgresql-common/createcluster.d/no-main-cluster.conf
  prepare="mkdir -p $(dirname "$quiet") && echo 'create_main_cluster = false' > $quiet"
  install="apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}; install what your system calls these, then run this again" >&2
    exit 1
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "missing: ${missing[*]}; run this once, then run make again:" >&2
    echo "  sudo sh -c \"$prepare && $install\"" >&2
    exit 1
  fi
  sh -c "$prepare && $install"
fi

# A folder's packages are installed again when its lock is not the one they came from.
locks=$(find . -name node_modules -prune -o -name package-lock.json -print)
for lock in $locks; do
  folder=$(dirname "$lock")
  stamp=$folder/node_modules/.installed-from
  cmp -s "$lock" "$stamp" && continue
  (cd "$folder" && npm ci --no-audit --no-fund)
  cp "$lock" "$stamp"
done
