#!/bin/sh
# nginx's `env NAME=value;` and init_by_lua.
#
# Version: seen with nginx 1.22.1 and libnginx-mod-http-lua 0.10.23 of Debian
# 12; the one used is printed.
# A good guess: `env NAME=value;` sets a variable of nginx's environment. If
# os.getenv in init_by_lua has the value, then so has getenv of any C library
# that is loaded there, as both read one environment.
# Seen: os.getenv has it, getenv of the same process has not. The Lua function
# is replaced by one that looks into nginx's configuration; the environment
# itself changes only when a worker starts, and there both have it. So a C
# library that reads its settings in init_by_lua, in order to share memory with
# all workers, silently goes on with its defaults.
set -eu

for need in nginx curl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install libnginx-mod-http-lua curl)" >&2
    exit 2
  }
done
nginx -v 2>&1
module=$(find /usr/lib/nginx/modules -name ngx_http_lua_module.so 2>/dev/null)
ndk=$(find /usr/lib/nginx/modules -name ndk_http_module.so 2>/dev/null)
if [ -z "$module" ] || [ -z "$ndk" ]; then
  echo "needs ngx_lua (Debian: apt-get install libnginx-mod-http-lua)" >&2
  exit 2
fi
dpkg-query -W libnginx-mod-http-lua lua-resty-core 2>/dev/null || true
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=

cat >"$dir/nginx.conf" <<END
load_module $ndk;
load_module $module;
user root;
daemon off;
pid $dir/pid;
error_log $dir/log;
env PLACES=700;
events {}
http {
  access_log off;
  client_body_temp_path $dir/t1;
  proxy_temp_path $dir/t2;
  fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4;
  scgi_temp_path $dir/t5;
  init_by_lua_block {
    local ffi = require "ffi"
    ffi.cdef "char *getenv(const char *name);"
    function both()
      local c = ffi.C.getenv "PLACES"
      return "os.getenv " .. tostring(os.getenv "PLACES") .. ", getenv "
        .. (c ~= nil and ffi.string(c) or "nil")
    end
    at_start = both()
  }
  server {
    listen unix:$dir/socket;
    location / {
      content_by_lua_block {
        ngx.say("init_by_lua: ", at_start)
        ngx.say("a worker: ", both())
      }
    }
  }
}
END
cat >"$dir/expected" <<'END'
init_by_lua: os.getenv 700, getenv nil
a worker: os.getenv 700, getenv 700
END

[ "$(id -u)" = 0 ] || sed -i '/^user /d' "$dir/nginx.conf"
env -u PLACES nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
server=$!
curl --silent --retry 10 --retry-delay 1 --retry-all-errors \
  --unix-socket "$dir/socket" http://localhost/ >"$dir/seen"
cat "$dir/seen"
if cmp -s "$dir/expected" "$dir/seen"; then
  echo "as found: in init_by_lua only os.getenv has the variable"
else
  echo "the behaviour has changed"
  exit 1
fi
