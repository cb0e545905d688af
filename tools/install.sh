#!/usr/bin/env bash
# Installs Debian packages for the tests: `tools/install.sh PACKAGE...`, as root. Servers among them
# are started by the tests alone: none is set up, started now or at boot. What is installed
# already is left as it is.
set -euo pipefail

# Without this file Debian's PostgreSQL would make a cluster and start it at every boot.
quiet=/etc/postgresql-common/createcluster.d/no-main-cluster.conf
if [ ! -e "$quiet" ]; then
  mkdir -p "$(dirname "$quiet")"
  echo 'create_main_cluster = false' >"$quiet"
fi

# The word of this file, that nothing is to be started, holds for the installation only.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

before=$(dpkg-query -f '${Package} ${db:Status-Status}\n' -W nginx haproxy prometheus caddy 2>/dev/null || true)
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"

for server in nginx haproxy prometheus caddy; do
  grep -q "^$server installed$" <<<"$before" && continue
  [ -e "/lib/systemd/system/$server.service" ] || continue
  command -v systemctl >/dev/null && systemctl --quiet disable "$server" || true
done
