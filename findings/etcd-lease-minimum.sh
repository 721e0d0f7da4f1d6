#!/bin/sh
# etcd, and a lease of a second for the one process that may fetch a token.
#
# Version: etcd 3.4.23 of Debian 12 (etcd-server, etcd-client 3.4.23-4+b4), one
# member.
# A good guess: a lease of 1 s or 3 s, that is not renewed, is over after 1 s or
# 3 s, give or take half a second; how members elect a leader among themselves
# has no part in it.
# Seen: the shortest lease is one and a half election time-outs, rounded up,
# and longer ones are granted in place of shorter ones: 2 s for 1 s. With the
# time-outs that the tuning guide has for distant members (5 s), a lease of 1 s
# or 3 s lives 8 s: so long a killed holder keeps all others out. The answer
# says so ("granted with TTL(8s)"); a client that only reads its id is misled.
set -eu

for need in apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
member=
finish() {
  [ -z "$member" ] || kill "$member" 2>/dev/null || true
  wait
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
apt-get download -qq etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 \
  2>errors || { cat errors >&2; exit 2; }
for package in *.deb; do
  dpkg-deb -x "$package" root
done
export ETCDCTL_API=3
root/usr/bin/etcd --version | head -n 1

# A free port and the next one; etcd says so if they are not free after all.
port=$((20000 + $$ % 20000))

# member NAME OPTIONS...: starts one and waits until it serves.
start() {
  name=$1
  shift
  at=http://127.0.0.1:$port
  peers=http://127.0.0.1:$((port + 1))
  port=$((port + 2))
  export ETCDCTL_ENDPOINTS="$at"
  root/usr/bin/etcd --name "$name" --data-dir "$name" \
    --listen-client-urls "$at" --advertise-client-urls "$at" \
    --listen-peer-urls "$peers" --initial-advertise-peer-urls "$peers" \
    --initial-cluster "$name=$peers" "$@" >"$name.log" 2>&1 &
  member=$!
  tries=0
  until root/usr/bin/etcdctl endpoint health >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 150 ] || ! kill -0 "$member" 2>/dev/null; then
      cat "$name.log" >&2
      exit 2
    fi
    sleep 0.2
  done
}

stop() {
  kill "$member"
  wait "$member" || true
  member=
}

# Asks for a lease; says what was granted, and waits until its key is gone.
lease() {
  granted=$(root/usr/bin/etcdctl lease grant "$1")
  id=$(echo "$granted" | cut -d ' ' -f 2)
  root/usr/bin/etcdctl put "key$1" held --lease="$id" >/dev/null
  began=$(date +%s)
  while [ -n "$(root/usr/bin/etcdctl get "key$1")" ]; do
    sleep 0.1
  done
  lived=$(($(date +%s) - began))
  echo "asked for $1 s, ${granted##* with }"
  [ "$lived" -ge "$2" ] || {
    echo "it lived $lived s only" >&2
    exit 1
  }
}

{
  start near
  lease 1 1
  stop
  start distant --election-timeout 5000 --heartbeat-interval 500
  lease 1 7
  lease 3 7
  stop
} >seen
cat seen
cat >expected <<'EOF'
asked for 1 s, TTL(2s)
asked for 1 s, TTL(8s)
asked for 3 s, TTL(8s)
EOF
cmp -s seen expected || { echo "another outcome" >&2; exit 1; }
echo "as described"
