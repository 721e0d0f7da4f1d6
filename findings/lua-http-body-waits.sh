#!/bin/sh
# lua-http, and a request whose body has more than 1,024 bytes.
#
# Version: lua-http 0.4 of Debian 12 (0.4-1), cqueues 20200726.
# A good guess: the body follows the header at once, as with other small HTTP
# clients; "Expect: 100-continue" is for uploads (curl: from 1 MB on).
# Seen: from 1,025 bytes on the client sends "Expect: 100-continue" and keeps
# the body back for a second. A server that answers only once it has the whole
# request, which it may, gets each such order a second late. A
# request's expect_100_timeout = 0, or removing the field, avoids it.
set -eu

for need in lua5.1 apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install lua5.1)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq lua-http=0.4-1 lua-cqueues=20200726-1+b1 lua-luaossl \
  lua-lpeg lua-lpeg-patterns lua-basexx lua-fifo lua-binaryheap lua-bit32 \
  lua-compat53 2>errors || { cat errors >&2; exit 2; }
for package in *.deb; do
  dpkg-deb -x "$package" root
done
share=$dir/root/usr/share/lua/5.1
LUA_PATH="$share/?.lua;$share/?/init.lua;;"
LUA_CPATH="$(echo "$dir"/root/usr/lib/*-linux-gnu*)/lua/5.1/?.so;;"
export LUA_PATH LUA_CPATH

cat >ask.lua <<'EOF'
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local request = require "http.request"

local loop = cqueues.new()
local listener = socket.listen("127.0.0.1", 0)
assert(listener:listen())
local _, _, port = listener:localname()
local VARIANTS = { { 1024 }, { 1025 }, { 1025, 0 } }

-- The server: it reads a whole request, then answers.
loop:wrap(function()
  for _ = 1, #VARIANTS do
    local peer = listener:accept()
    peer:setmode("bn", "bn")
    local expects, size = "no Expect", 0
    for line in peer:lines "*l" do
      line = line:gsub("\r", ""):lower()
      if line == "" then
        break
      end
      size = tonumber(line:match "^content%-length: (%d+)$") or size
      expects = line:match "^expect: .*" or expects
    end
    local start = cqueues.monotime()
    assert(#peer:read(size) == size)
    local late = cqueues.monotime() - start
    peer:write("HTTP/1.1 200 OK\r\nConnection: close\r\n"
      .. "Content-Length: 0\r\n\r\n")
    peer:close()
    print(("%d bytes: %s, the body came %s"):format(size, expects,
      late < 0.5 and "at once" or late < 1.5 and "1 s later" or late))
  end
end)

loop:wrap(function()
  for _, variant in ipairs(VARIANTS) do
    local order = request.new_from_uri(("http://127.0.0.1:%d/"):format(port))
    order.headers:upsert(":method", "POST")
    order:set_body(("x"):rep(variant[1]))
    order.expect_100_timeout = variant[2]
    assert(order:go(9))
  end
end)

assert(loop:loop())
EOF
lua5.1 -e 'print("lua-http " .. require("http.version").version)'
lua5.1 ask.lua >seen
cat >before <<'EOF'
1024 bytes: no Expect, the body came at once
1025 bytes: expect: 100-continue, the body came 1 s later
1025 bytes: expect: 100-continue, the body came at once
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
