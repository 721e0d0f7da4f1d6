#!/bin/sh
# HTTP/2's header compression (HPACK) and a bearer token, with nghttp2.
#
# Version: nghttp2 1.52.0 of Debian 12 (1.52.0-1+deb12u3). curl uses the same
# library, and was seen to do the same.
# A good guess: a connection compresses repeated headers. A token of a thousand
# characters is sent once; for each later request on the connection it is an
# index of one or two bytes, as for any other header.
# Seen: any other header, yes. The field "authorization" is never put into the
# table of the connection, so each request carries the whole token (as Huffman
# code, about four fifths of its length). The same text in a field of another
# name costs 800 bytes once, and then nearly nothing.
set -eu

for need in apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=
cd "$dir"
apt-get download -qq nghttp2-client=1.52.0-1+deb12u3 \
  nghttp2-server=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 \
  libev4=1:4.33-1 libjansson4=2.14-2 2>errors || { cat errors >&2; exit 2; }
for package in *.deb; do
  dpkg-deb -x "$package" root
done
LD_LIBRARY_PATH=$(echo root/usr/lib/*-linux-gnu*)
export LD_LIBRARY_PATH
root/usr/bin/nghttp --version
port=$((20000 + $$ % 10000))
mkdir www
echo "an answer" >www/a
root/usr/sbin/nghttpd --no-tls --address=127.0.0.1 -d www "$port" >log 2>&1 &
server=$!
sleep 1

# A token of 1,000 characters, each time the same.
token=$(awk 'BEGIN {
  letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  for (i = 0; i < 1000; i++) {
    printf "%s", substr(letters, (i * i + 7 * i) % 64 + 1, 1)
  }
}')

failed=0

# check FIELD SECOND: bytes of headers of two requests on one connection; the
# first is above 500, the second is so too ("whole") or below 100 ("index").
check() {
  # shellcheck disable=SC2046 # two words
  set -- "$1" "$2" $(root/usr/bin/nghttp -nv -H "$1: Bearer $token" \
    "http://127.0.0.1:$port/a?1" "http://127.0.0.1:$port/a?2" |
    sed -n 's/.*send HEADERS frame <length=\([0-9]*\),.*/\1/p')
  if [ "$#" -ne 4 ]; then
    cat log >&2
    exit 2
  fi
  kind=neither
  [ "$4" -gt 500 ] && kind=whole
  [ "$4" -lt 100 ] && kind=index
  if [ "$3" -gt 500 ] && [ "$kind" = "$2" ]; then
    echo "as before: $1: $3 bytes, then $4 bytes"
  else
    echo "CHANGED: $1: $3 bytes, then $4 bytes, before: $2"
    failed=1
  fi
}

check x-access-token index
check authorization whole

exit "$failed"
