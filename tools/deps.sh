#!/usr/bin/env bash
# Installs what the tests need besides Go and Node: a C compiler for the race detector,
# PostgreSQL's programs, Chromium, network namespaces, the proxies and applications that stand
# around the server, promtool, kcat, and the npm packages of the test clients. No server is set up or started.
# Runs as often as you like; it does nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v gcc >/dev/null || missing+=(gcc)
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
[ -n "${HOTSEAT_TEST_CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || missing+=(chromium)
command -v ip >/dev/null || missing+=(iproute2)
command -v iptables >/dev/null || [ -x /usr/sbin/iptables ] || missing+=(iptables)
for proxy in nginx haproxy caddy; do
  [ -x "/usr/sbin/$proxy" ] || command -v "$proxy" >/dev/null || missing+=("$proxy")
done
command -v promtool >/dev/null || missing+=(prometheus)
command -v wrk >/dev/null || missing+=(wrk)
command -v systemd-analyze >/dev/null || missing+=(systemd)
# Python's packages are Debian's, so Python is as well.
[ -d /usr/lib/python3/dist-packages/django ] || missing+=(python3-django)
[ -d /usr/lib/python3/dist-packages/jwt ] || missing+=(python3-jwt python3-cryptography)
command -v kcat >/dev/null || missing+=(kcat)

# The tests look for PostgreSQL in the same order.
have_postgres() {
  [ -n "${HOTSEAT_TEST_DATABASE_URL:-}" ] && return
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  command -v initdb >/dev/null && return
  command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/initdb" ]
}
have_postgres || missing+=(postgresql)

if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "missing: ${missing[*]}; install what your system calls these, then run this again" >&2
    exit 1
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "missing: ${missing[*]}; run this once, then run make again:" >&2
    echo "  sudo tools/install.sh ${missing[*]}" >&2
    exit 1
  fi
  tools/install.sh "${missing[@]}"
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
