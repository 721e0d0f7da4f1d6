#!/bin/sh
# Varnish, a POST, and a backend that breaks off after it has read it.
#
# Version: seen with Varnish 7.1.1 of Debian 12; the one used is printed.
# A good guess: 503 with Retry-After is a server's own word that it did nothing
# and wants to be asked again later; a gateway that does not know what its
# backend did says 502 or 504, or at least names no time.
# Seen: the backend has the whole POST, and the client gets 503 with
# "Retry-After: 5", in a web page. It comes from Varnish's built-in
# vcl_backend_error. A client that repeats the POST may do the work twice.
#
# Needs python3, curl and gcc (Varnish compiles its configuration), and
# varnishd or apt-get to download Debian's packages of it.
set -eu

dir=$(mktemp -d)
pids=
clean_up() {
  for pid in $pids; do
    kill "$pid" 2>/dev/null || :
  done
  wait
  rm -rf "$dir"
}
trap clean_up EXIT
cd "$dir"

varnishd=$(command -v varnishd || :)
if [ -z "$varnishd" ]; then
  apt-get download varnish libvarnishapi3 libjemalloc2 >/dev/null 2>&1 || {
    echo "needs Varnish (Debian: apt-get install varnish)" >&2
    exit 2
  }
  for package in *.deb; do
    dpkg -x "$package" root
  done
  varnishd=$dir/root/usr/sbin/varnishd
  libraries=$(dirname "$(find "$dir/root" -name 'libvarnishapi.so.*' |
    head -n 1)")
fi
export LD_LIBRARY_PATH="${libraries:+$libraries:$libraries/varnish}"
"$varnishd" -V 2>&1 | head -n 1

# The backend: reads the POST to its end, notes that, and closes.
cat >backend.py <<'END'
import os
import socket

server = socket.create_server(("127.0.0.1", 0))
gateway = socket.create_server(("127.0.0.1", 0))  # a port that is free
with open("ports.new", "w") as file:
    file.write("%d %d" % (server.getsockname()[1], gateway.getsockname()[1]))
gateway.close()
os.rename("ports.new", "ports")
while True:
    connection, _ = server.accept()
    data = connection.recv(4096)
    while not data.endswith(b'{"order":1}'):
        more = b"" if data.startswith(b"GET ") else connection.recv(4096)
        if not more:
            break
        data += more
    else:
        with open("carried-out", "a") as file:
            file.write("one\n")
    connection.close()
END
python3 backend.py &
pids=$!

# until_true COMMAND: waits for it, 20 s at most
until_true() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || {
      echo "waited too long: $*" >&2
      exit 2
    }
    sleep 0.1
  done
}
until_true test -s ports
read -r backend gateway <ports || :

"$varnishd" -F -n "$dir/varnish" -a "127.0.0.1:$gateway" \
  -b "127.0.0.1:$backend" -T none -s malloc,16m -j none >varnish.log 2>&1 &
pids="$pids $!"

# A GET, until Varnish answers at all.
until_true env -u LD_LIBRARY_PATH curl -s --noproxy '*' -o /dev/null \
  "http://127.0.0.1:$gateway/"
env -u LD_LIBRARY_PATH curl -s --noproxy '*' -D headers -o body \
  -d '{"order":1}' "http://127.0.0.1:$gateway/orders"

tr -d '\r' <headers | grep -i -E '^(HTTP|Retry-After|Content-Type|Server)'
orders=$(grep -c . carried-out || :)
echo "the backend carried out: ${orders:-0}"

if [ "${orders:-0}" = 1 ] && grep -q '^HTTP/1.1 503' headers &&
  grep -qi '^Retry-After: 5' headers && grep -qi '^Content-Type: text/html' headers
then
  echo "as before: 503 with Retry-After, though the POST was carried out"
else
  echo "CHANGED: it was 503 with Retry-After: 5, and one order carried out"
  exit 1
fi
