#!/bin/sh
# Redis: a client that speaks TLS to a port that does not.
#
# Version: seen with Redis 7.0.15 of Debian 12; the one used is printed.
# A good guess: the first record of TLS is no command, so Redis answers with an
# error or closes the connection at once, as it does with HTTP; the client then
# says "wrong version number".
# Seen: Redis goes on to wait for the end of a line: it looks for it up to the
# first NUL, which is among the first bytes of the record, although a byte 10
# follows later. So the client gets no answer, and its handshake ends by its
# own time-out: a wrong setting looks like a slow network. The log has nothing.
set -eu

for need in redis-server redis-cli openssl curl timeout; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install redis-server openssl curl)" >&2
    exit 2
  }
done
redis-server --version
openssl version
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=
port=$((20000 + $$ % 20000))

redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$dir" \
  >"$dir/log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  redis-cli -p "$port" PING >/dev/null 2>&1 && break
  sleep 0.5
done

failed=0

# check WHAT BEFORE SEEN
check() {
  if [ "$2" = "$3" ]; then
    echo "as before: $1 -> $3"
  else
    echo "CHANGED: $1 -> $3, before $2"
    failed=1
  fi
}

# 124 is the status of a client that was still waiting.
status=0
timeout 5 openssl s_client -connect "127.0.0.1:$port" </dev/null \
  >"$dir/out" 2>&1 || status=$?
check "TLS, after 5 s" 124 "$status"
check "bytes that Redis had sent" 0 \
  "$(sed -n 's/^SSL handshake has read \([0-9]*\) bytes.*/\1/p' "$dir/out" |
    grep . || echo 0)"

# For comparison: HTTP is closed at once, and the log says so.
status=0
timeout 5 curl -s -o /dev/null "http://127.0.0.1:$port/" || status=$?
check "HTTP, curl's status (52: closed without an answer)" 52 "$status"
check "lines of the log about that" 1 \
  "$(grep -c 'SECURITY ATTACK' "$dir/log" || true)"

exit "$failed"
