#!/bin/sh
# A command that Lua starts inside an nginx worker: who learns how it ended.
#
# Version: seen with nginx 1.22.1 and libnginx-mod-http-lua 0.10.23 of Debian
# 12; the one used is printed.
# A good guess: a handler that reads a command's output with io.popen, lets
# others go on for a moment (ngx.sleep), and closes the pipe, gets true from
# close(), as any Lua program does: the command belongs to who started it.
# Seen: nil, "No child processes", 10, though the command succeeded. nginx
# waits for every child of the process in its handler of SIGCHLD, also in
# workers, which have none of nginx's own; the error log says at level notice
# "unknown process ... exited with code 0". Whether close() comes first is a
# race: without the pause it mostly does. So no exit code of a command can be
# relied on there, neither for its success nor for its failure.
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
dpkg-query -W libnginx-mod-http-lua 2>/dev/null || true
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$dir"' \
  EXIT

cat >"$dir/nginx.conf" <<END
load_module $ndk;
load_module $module;
user root;
daemon off;
pid $dir/pid;
error_log $dir/log notice;
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
      content_by_lua_block {
        local pipe = io.popen "echo done"
        local text = pipe:read "*l"
        ngx.sleep(2)
        local closed, message, code = pipe:close()
        ngx.say(text, ": ", tostring(closed), " ", tostring(message), " ",
          tostring(code))
      }
    }
  }
}
END
nginx -c "$dir/nginx.conf" -p "$dir" 2>/dev/null &
server=$!
n=0
until [ -S "$dir/socket" ] || [ $n -gt 100 ]; do
  n=$((n + 1))
  sleep 0.1
done
seen=$(curl -sS --max-time 60 --unix-socket "$dir/socket" http://localhost/)
echo "closing the pipe: $seen"
grep -o 'unknown process.*' "$dir/log" | sed 's/process [0-9]*/process .../'
[ "$seen" = "done: nil No child processes 10" ] || {
  echo "it is different now" >&2
  exit 1
}
