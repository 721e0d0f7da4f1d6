#!/bin/sh
# ngx_lua's shared dictionaries and a life of less than a millisecond.
#
# Version: seen with ngx_lua 0.10.23 and lua-resty-core 0.1.25 on nginx 1.22.1,
# Debian 12; those used are printed.
# A good guess: the shorter the life, the sooner the entry is gone. What a
# token has left, "expires - now", is a fraction, so 0.0004 is a valid life.
# Seen: a life is cut to whole milliseconds, and zero of them means "for ever".
# So set, incr (init_ttl) and expire with 0.0009 keep the entry for good, while
# 0.001 is gone after a millisecond. lua-resty-lrucache, of the same authors,
# drops the entry at once.
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
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=

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
  lua_shared_dict tokens 1m;
  server {
    listen unix:$dir/socket;
    location / {
      content_by_lua_file $dir/lives.lua;
    }
  }
}
EOF
cat >"$dir/lives.lua" <<'EOF'
local dict = ngx.shared.tokens
local lru = require("resty.lrucache").new(10)
ngx.say("nginx ", ngx.config.nginx_version, ", ngx_lua ",
  ngx.config.ngx_lua_version, ", resty.core ", require("resty.core").version)
local function kept(value)
  return value and "kept" or "gone"
end
for _, life in ipairs { 0.001, 0.0009, 0.0000001 } do
  dict:set("set", "token", life)
  dict:delete "incr"
  dict:incr("incr", 1, 0, life)
  dict:set("expire", "token", 60)
  dict:expire("expire", life)
  lru:set("lru", "token", life)
  ngx.sleep(0.1)
  ngx.say(life, ": set ", kept(dict:get "set"), ", incr ",
    kept(dict:get "incr"), ", expire ", kept(dict:get "expire"), ", lrucache ",
    kept(lru:get "lru"))
end
EOF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
server=$!
curl --silent --show-error --retry 10 --retry-delay 1 --retry-all-errors \
  --unix-socket "$dir/socket" http://localhost/ >"$dir/seen" 2>"$dir/errors" ||
  { cat "$dir/errors" "$dir/log" >&2; exit 2; }
head -n 1 "$dir/seen"
sed 1d "$dir/seen" >"$dir/lives"
cat >"$dir/before" <<'EOF'
0.001: set gone, incr gone, expire gone, lrucache gone
0.0009: set kept, incr kept, expire kept, lrucache gone
1e-07: set kept, incr kept, expire kept, lrucache gone
EOF
if diff "$dir/before" "$dir/lives"; then
  sed 's/^/as before: /' "$dir/lives"
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
