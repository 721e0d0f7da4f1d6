#!/bin/sh
# Redis: a lease (SET with NX) whose end is given as a time, not as a length.
#
# Version: seen with Redis 7.0.15 of Debian 12; the one used is printed.
# A good guess: "PX 0" is an error, so a PXAT that has passed is one too, or it
# gets no lease. OK means that the caller holds the key; a second caller gets
# nothing.
# Seen: with a PXAT in the past the answer is OK, but nothing is stored; so the
# next caller gets OK as well. A client whose clock is slow by the length of the
# lease "gets" every lease, as does everyone else. With XX the key that is
# there is deleted, and the answer is OK.
set -eu

for need in redis-server redis-cli; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install redis-server)" >&2
    exit 2
  }
done
redis-server --version
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=

redis-server --port 0 --unixsocket "$dir/socket" --save '' --dir "$dir" \
  >"$dir/log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -S "$dir/socket" ] && break
  sleep 0.5
done

failed=0

# check ANSWER COMMAND...
check() {
  before=$1
  shift
  seen=$(redis-cli -s "$dir/socket" "$@" | head -n 1)
  if [ "$seen" = "$before" ]; then
    echo "as before: $* -> ${seen:-(nil)}"
  else
    echo "CHANGED: $* -> ${seen:-(nil)}, before ${before:-(nil)}"
    failed=1
  fi
}

future=$(($(date +%s) + 3600))000
past=$(($(date +%s) - 10))000
check OK SET lease first NX PXAT "$future" # for comparison: one holder
check "" SET lease second NX PXAT "$future"
check "ERR invalid expire time in 'set' command" SET other first NX PX 0
check OK SET other first NX PXAT "$past"
check 0 EXISTS other
check OK SET other second NX PXAT "$past"
check OK SET lease longer XX PXAT "$past"
check 0 EXISTS lease

exit "$failed"
