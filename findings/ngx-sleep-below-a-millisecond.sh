#!/bin/sh
# ngx_lua's ngx.sleep and the rest of a deadline.
#
# Version: seen with ngx_lua 0.10.23 and lua-resty-core 0.1.25 on nginx 1.22.1,
# Debian 12; those used are printed.
# A good guess: it waits at least as long as it is told, as sleep functions do;
# what is below its documented resolution of a millisecond is rounded up. So a
# loop that polls until a deadline, "sleep(min(pause, left))", looks once more.
# Seen: less than a millisecond is cut to none, which does not wait at all and
# writes a warning (level warn) each time. The loop spins until the last
# millisecond is over, and fills the log: 1,000 sleeps of 0.0009 s take less
# than half of the 0.9 s they should, and leave 1,000 lines.
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
error_log $dir/log warn;
events {}
http {
  access_log off;
  client_body_temp_path $dir/t1;
  proxy_temp_path $dir/t2;
  fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4;
  scgi_temp_path $dir/t5;
  server {
    listen unix:$dir/socket;
    location / {
      content_by_lua_file $dir/sleeps.lua;
    }
  }
}
EOF
cat >"$dir/sleeps.lua" <<'EOF'
ngx.say("nginx ", ngx.config.nginx_version, ", ngx_lua ",
  ngx.config.ngx_lua_version, ", resty.core ", require("resty.core").version)
for _, seconds in ipairs { 0.001, 0.0009 } do
  ngx.update_time()
  local start = ngx.now()
  for _ = 1, 1000 do
    ngx.sleep(seconds)
  end
  ngx.update_time()
  ngx.say(seconds, ": ", ngx.now() - start < 450 * seconds
    and "less than half of it" or "all of it")
end
EOF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
server=$!
curl --silent --show-error --retry 10 --retry-delay 1 --retry-all-errors \
  --unix-socket "$dir/socket" http://localhost/ >"$dir/seen" 2>"$dir/errors" ||
  { cat "$dir/errors" "$dir/log" >&2; exit 2; }
head -n 1 "$dir/seen"
{
  sed 1d "$dir/seen"
  echo "warnings: $(grep -c 'ngx.sleep(0) called' "$dir/log")"
} >"$dir/sleeps"
cat >"$dir/before" <<'EOF'
0.001: all of it
0.0009: less than half of it
warnings: 1000
EOF
if diff "$dir/before" "$dir/sleeps"; then
  sed 's/^/as before: /' "$dir/sleeps"
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
