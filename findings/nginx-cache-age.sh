#!/bin/sh
# nginx's proxy_cache and an answer that is already old.
#
# Version: seen with nginx 1.22.1 of Debian 12; the one used is printed.
# A good guess: "Cache-Control: max-age=3" with "Age: 2" is an answer that lay
# in another cache for 2 s. It stays fresh for one second more (RFC 9111, 4.2),
# and the Age that nginx sends with it grows.
# Seen: nginx keeps it for max-age seconds from its arrival, whatever Age says,
# and sends the upstream's Age each time, unchanged. So behind another cache
# an answer may live twice as long as its server allowed, and nobody sees it.
# A server that drops what is too old itself can't rely on that Age either.
set -eu

for need in nginx curl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install nginx curl)" >&2
    exit 2
  }
done
nginx -v 2>&1
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=

# The upstream is a second server of the same nginx.
cat >"$dir/nginx.conf" <<EOF
daemon off;
master_process off;
pid $dir/pid;
error_log $dir/log;
events {}
http {
  access_log off;
  client_body_temp_path $dir/t1;
  proxy_temp_path $dir/t2;
  fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4;
  scgi_temp_path $dir/t5;
  proxy_cache_path $dir/cache keys_zone=answers:1m;
  server {
    listen unix:$dir/upstream;
    location / {
      add_header Cache-Control "max-age=3";
      add_header Age 2;
      return 200 "an answer";
    }
  }
  server {
    listen unix:$dir/socket;
    proxy_cache answers;
    add_header X-Cache \$upstream_cache_status;
    location / {
      proxy_pass http://unix:$dir/upstream;
    }
  }
}
EOF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
server=$!

ask() {
  curl --silent --include --unix-socket "$dir/socket" "$@" |
    sed -n 's/\r$//; s/^\(Age\|X-Cache\): //p' | tr '\n' ' '
}

failed=0

# check WHEN AGE STATE
check() {
  seen=$(ask http://localhost/)
  if [ "$seen" = "$2 $3 " ]; then
    echo "as before: $1, Age: $2, $3"
  else
    echo "CHANGED: $1, seen $seen, before $2 $3"
    failed=1
  fi
}

ask --retry 10 --retry-delay 1 --retry-all-errors http://localhost/warm \
  >"$dir/warm"
check "at first" 2 MISS
sleep 2 # by RFC 9111 it is 4 s old by now, so stale
check "after 2 s" 2 HIT
sleep 2
check "after 4 s" 2 EXPIRED # 3 s after it came

exit "$failed"
