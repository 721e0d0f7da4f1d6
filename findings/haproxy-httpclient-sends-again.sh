#!/bin/sh
# HAProxy's HTTP client for Lua (core.httpclient) and an upstream that is slow.
#
# Version: HAProxy 2.6.12 of Debian 12 (2.6.12-1+deb12u4).
# A good guess: post{timeout = 300} sends the request once and gives up after
# 0.3 s; a POST isn't idempotent, and the upstream may be at work on it.
# Seen: the time is for one attempt, and there are four: the upstream gets the
# same POST four times, 0.3 s apart, and the caller gets its 504 after 1.2 s.
# So one call for a token with a wrong secret may count as four. (The body of a
# POST is sent in chunks, though its length is known.)
set -eu

for need in curl apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install curl)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=
cd "$dir"
apt-get download -qq haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 \
  libopentracing-c-wrapper0=1.1.3-3+b1 libopentracing1=1.6.0-4 2>errors ||
  { cat errors >&2; exit 2; }
for package in *.deb; do
  dpkg-deb -x "$package" root
done
libraries=$(echo root/usr/lib/*-linux-gnu*)
port=$((20000 + $$ % 10000))

cat >ask.lua <<'EOF'
local received, chunked = {}, {}

-- The upstream: it counts, and answers after 2 s.
core.register_service("slow", "http", function(applet)
  local method = applet.method
  received[method] = (received[method] or 0) + 1
  chunked[method] = applet.headers["transfer-encoding"] ~= nil
  core.msleep(2000)
  applet:set_status(200)
  applet:add_header("content-length", 0)
  applet:start_response()
end)

core.register_service("ask", "http", function(applet)
  local lines = {}
  for _, method in ipairs { "get", "post" } do
    local start = core.now()
    local client = core.httpclient()
    local response = client[method](client, {
      url = "http://127.0.0.1:" .. os.getenv("PORT") .. "/token",
      body = method == "post" and "grant_type=client_credentials" or nil,
      timeout = 300,
    })
    local now = core.now()
    local seconds = now.sec - start.sec + (now.usec - start.usec) / 1e6
    local name = method:upper()
    lines[#lines + 1] = ("%s: %d after %s, received %d times%s\n"):format(name,
      response.status,
      seconds >= 1.1 and seconds < 1.9 and "1.2 s" or seconds .. " s",
      received[name] or 0, chunked[name] and ", in chunks" or "")
  end
  local body = table.concat(lines)
  applet:set_status(200)
  applet:add_header("content-length", #body)
  applet:start_response()
  applet:send(body)
end)
EOF
cat >haproxy.cfg <<EOF
global
  lua-load $dir/ask.lua
defaults
  mode http
  timeout client 9s
  timeout server 9s
  timeout connect 9s
frontend upstream
  bind 127.0.0.1:$port
  http-request use-service lua.slow
frontend ask
  bind unix@$dir/socket
  http-request use-service lua.ask
EOF
LD_LIBRARY_PATH=$libraries root/usr/sbin/haproxy -v | head -n 1
PORT=$port LD_LIBRARY_PATH=$libraries root/usr/sbin/haproxy -db \
  -f haproxy.cfg >log 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -S socket ] && break
  sleep 0.5
done
curl --silent --show-error --unix-socket socket http://localhost/ >seen ||
  { cat log >&2; exit 2; }
cat >before <<'EOF'
GET: 504 after 1.2 s, received 4 times
POST: 504 after 1.2 s, received 4 times, in chunks
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
