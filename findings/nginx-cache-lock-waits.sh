#!/bin/sh
# nginx's proxy_cache_lock as a single flight: what those who wait pay.
#
# Version: seen with nginx 1.22.1 of Debian 12; the one used is printed.
# A good guess: of eight requests at once for the same thing one goes to the
# upstream, which takes 0.1 s; the others get its answer as soon as it is there,
# after 0.1 s too. When the upstream fails, all get the failure, or all ask it.
# Seen: those who wait look again every half second, so they take 0.5 s. And
# an answer that isn't cached, such as a 503, is nobody else's: at each look one
# more request goes to the upstream. So a failure of 0.1 s keeps the last of
# eight waiting for about 3.6 s; from 5 s on (proxy_cache_lock_timeout) those
# left would go together.
set -eu

modules=/usr/lib/nginx/modules
for need in nginx curl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: nginx, libnginx-mod-http-lua, curl)" >&2
    exit 2
  }
done
[ -e "$modules/ngx_http_lua_module.so" ] || {
  echo "needs ngx_lua (Debian: apt-get install libnginx-mod-http-lua)" >&2
  exit 2
}
nginx -v 2>&1
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=

# The upstream is a second server of the same nginx. It counts the requests.
cat >"$dir/nginx.conf" <<EOF
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
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
  lua_shared_dict asked 1m;
  server {
    listen unix:$dir/upstream;
    location / {
      content_by_lua_block {
        ngx.shared.asked:incr(ngx.var.uri, 1, 0)
        ngx.sleep(0.1)
        ngx.status = tonumber(ngx.var.uri:sub(2))
        ngx.header["Cache-Control"] = ngx.status == 200 and "max-age=60"
        ngx.say "an answer"
      }
    }
  }
  server {
    listen unix:$dir/socket;
    proxy_cache answers;
    proxy_cache_lock on;
    location / {
      proxy_pass http://unix:$dir/upstream;
    }
    location /asked/ {
      content_by_lua_block {
        ngx.say(ngx.shared.asked:get(ngx.var.uri:sub(7)) or 0)
      }
    }
  }
}
EOF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
server=$!

ask() {
  curl --silent --unix-socket "$dir/socket" "$@"
}
ask --retry 10 --retry-delay 1 --retry-all-errors --output /dev/null \
  http://localhost/asked/ || { cat "$dir/log" >&2; exit 2; }

failed=0

# check STATUS LEAST MOST ASKED: eight requests at once; the slowest takes LEAST
# to MOST seconds, and the upstream is asked ASKED times.
check() {
  started=
  for n in 1 2 3 4 5 6 7 8; do
    ask --output /dev/null --write-out '%{time_total}\n' \
      "http://localhost/$1" >"$dir/took$n" &
    started="$started $!"
  done
  for one in $started; do
    wait "$one"
  done
  slowest=$(sort -n "$dir"/took* | tail -n 1)
  asked=$(ask "http://localhost/asked/$1")
  seen="status $1: the slowest took $slowest s, the upstream was asked $asked x"
  if [ "$asked" = "$4" ] &&
    awk "BEGIN { exit !($slowest >= $2 && $slowest <= $3) }"; then
    echo "as before: $seen"
  else
    echo "CHANGED: $seen; before $2 to $3 s, $4 x"
    failed=1
  fi
}

check 200 0.4 1.5 1
check 503 3.0 4.9 8

exit "$failed"
