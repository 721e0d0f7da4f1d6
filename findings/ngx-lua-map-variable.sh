#!/bin/sh
# ngx_lua, and a variable of `map` that nothing else in the file mentions.
#
# Version: seen with nginx 1.22.1 and libnginx-mod-http-lua 0.10.23 of Debian
# 12; those used are printed.
# A good guess: whether Lua may assign to ngx.var.x depends on what defines $x.
# `map` allows it (its variables can be changed) or it does not; a log format
# that is used nowhere changes nothing about that.
# Seen: the assignment is an error, "cannot be assigned a value", and the caller
# gets a 500, as long as no directive mentions $x. As soon as one does, even a
# log_format that no access_log uses, the same assignment works. (Only then
# nginx gives the variable a place of its own for each request.) So taking an
# unused log format out of a configuration breaks a handler elsewhere.
set -eu

modules=/usr/lib/nginx/modules
for need in nginx curl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install nginx curl)" >&2
    exit 2
  }
done
[ -f $modules/ngx_http_lua_module.so ] || {
  echo "needs libnginx-mod-http-lua (Debian)" >&2
  exit 2
}
nginx -v 2>&1
dpkg-query -W libnginx-mod-http-lua 2>/dev/null || true
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$dir"' EXIT

# try NAME LINE: the status of the handler with that line in the file.
try() {
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
  map "" \$note { default ""; }
  $2
  server {
    listen unix:$dir/$1;
    location / {
      content_by_lua_block { ngx.var.note = "x" ngx.print(ngx.var.note) }
    }
  }
}
EOF
  nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
  server=$!
  tries=0
  while [ ! -S "$dir/$1" ] && [ $tries -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  curl --silent --max-time 30 --output /dev/null --write-out '%{http_code}' \
    --unix-socket "$dir/$1" http://localhost/ || true
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=
}

try alone '' >"$dir/alone.status"
alone=$(cat "$dir/alone.status")
said=$(grep -c 'variable "note" cannot be assigned a value' "$dir/log") || true
try mentioned "log_format used_nowhere '\$note';" >"$dir/mentioned.status"
mentioned=$(cat "$dir/mentioned.status")
echo "mentioned nowhere else: $alone; in a log_format that is not used:" \
  "$mentioned"
if [ "$alone" = 500 ] && [ "$said" = 1 ] && [ "$mentioned" = 200 ]; then
  echo "as seen"
else
  echo "the behaviour has changed" >&2
  exit 1
fi
