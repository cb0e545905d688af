#!/usr/bin/env bash
# The manual test of session management, step by step: a server with a development broker, two
# logins of one employee, a test termination, and the events as a consumer reads them. Says what
# happened, and ends with 1 unless every step was observed. Takes the program as its argument; it
# uses ports and folders of its own and leaves nothing behind.
set -euo pipefail
hotseat=$(realpath "${1:-bin/hotseat}")
folder=$(mktemp -d)
cd "$folder"
printf 'demo-password' > password
chmod 600 password

started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$folder"
}
trap finish EXIT

step() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'NOT OBSERVED: %s\n' "$1"
  for file in "${@:2}"; do echo "-- $file:"; cat "$file"; done
  exit 1
}

# observe FILE PATTERN WHAT: waits (PATIENCE times 50 ms; 20 s) until a line of FILE matches, and shows it.
observe() {
  for _ in $(seq "${PATIENCE:-400}"); do
    if grep -qE -- "$2" "$1" 2>/dev/null; then
      printf 'observed: %s\n          %s\n' "$3" "$(grep -m1 -E -- "$2" "$1" | sed 's/^ *//')"
      return
    fi
    read -rt 0.05 <> <(:) || true
  done
  fail "$3" "$1" server
}

beside() { # FILE COMMAND…: runs beside this script, what it says in FILE
  local file=$1
  shift
  "$@" > "$file" 2>&1 &
  started+=($!)
}

step 'start the server, with the demo employees and a development broker'
beside server "$hotseat" serve --demo --listen 127.0.0.1:0 --ops-listen 127.0.0.1:0 --dev-kafka=127.0.0.1:0
observe server '^hotseat serves http' 'the server serves'
observe server '^development Kafka broker on' 'the broker serves'
export HOTSEAT_SERVER HOTSEAT_KAFKA_BROKERS
HOTSEAT_SERVER=$(sed -n 's/^hotseat serves \(http[^ ]*\).*/\1/p' server)
HOTSEAT_KAFKA_BROKERS=$(sed -n 's/^development Kafka broker on \([^,]*\),.*/\1/p' server)
HOTSEAT_ADMIN_KEY=$(cat hotseat-demo/admin.key)
export HOTSEAT_ADMIN_KEY

step 'Ada logs in at till-1, and the terminal listens'
beside till-1 "$hotseat" login ada --terminal-id till-1 --password-file password --watch
observe till-1 'connected: ada sits at till-1' 'till-1 is connected'

step 'Ada logs in at till-2'
beside till-2 "$hotseat" login ada --terminal-id till-2 --password-file password --watch
observe till-2 'connected: ada sits at till-2' 'till-2 is connected'
observe till-2 '^ended .* till-1 ' 'the login says whom it ended'
observe till-1 'session terminated: .*new_login by till-2' 'till-1 is told'

step 'the store has one session'
"$hotseat" sessions list ada > sessions
observe sessions 'till-2' 'Ada sits at till-2'
if grep -q till-1 sessions; then fail 'and nowhere else' sessions; fi

step 'test-termination till-2'
"$hotseat" test-termination till-2 > test-termination
observe test-termination '[1-9]' 'a socket was reached'
PATIENCE=${TEST_PATIENCE:-400} observe till-2 '[Tt]est' 'till-2 shows the test'
"$hotseat" sessions list ada > sessions
observe sessions 'till-2' 'the session goes on'

step 'consume-events'
timeout 30 "$hotseat" consume-events --from start --count 3 > events || fail 'three events' events server
cat events
observe events '^=+$' 'events are framed'
observe events 'Event: *.*(terminated|SESSION_TERMINATED)' 'the end of till-1 was published'
observe events 'Employee ID: *ada \| Terminal ID: *till-2' 'and the login at till-2'

printf '\nEvery step was observed.\n'
