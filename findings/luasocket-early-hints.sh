#!/bin/sh
# LuaSocket's HTTP client, and HTTP's interim answers.
#
# Version: seen with lua-socket 3.1.0-1 of Debian 12 (which calls itself
# "LuaSocket 3.0.0"); the one used is printed.
# A good guess: answers of 1xx are interim. A client skips those it doesn't know
# (RFC 9110, 15.2), so "103 Early Hints" before a 200 changes nothing.
# Seen: only 100 is skipped, however often it comes. 102 and 103 are taken for
# the answer: the caller gets the status 103 and no body, and the 200 with its
# body is lost.
set -eu

lua5.1 -e 'require "socket.http"' || {
  echo "needs LuaSocket (Debian: apt-get install lua5.1 lua-socket)" >&2
  exit 2
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The client's connection is a table that plays a socket: what it receives is
# the text of the answers.
cat >"$dir/ask.lua" <<'EOF'
local http = require "socket.http"
local ltn12 = require "ltn12"
print(require("socket")._VERSION)

-- A socket that leads to no network: the answers are the given text.
local function answering(text)
  local rest = text
  local fake = {}
  function fake:settimeout() return 1 end
  function fake:connect() return 1 end
  function fake:close() return 1 end
  function fake:send(data, i, j) return j or #data end
  function fake:receive(want, prefix)
    if want == "*l" or want == nil then
      local line, after = rest:match "^(.-)\r\n(.*)$"
      if not line then
        return nil, "closed", rest
      end
      rest = after
      return (prefix or "") .. line
    end
    if #rest < want then
      return nil, "closed", rest
    end
    local data = rest:sub(1, want)
    rest = rest:sub(want + 1)
    return data
  end
  return function() return fake end
end

local FINAL = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"
for _, interim in ipairs { "", "100 Continue", "102 Processing",
  "103 Early Hints" } do
  local text = interim == "" and ""
    or ("HTTP/1.1 %s\r\nLink: </a>; rel=preload\r\n\r\n"):format(interim)
  local body = {}
  local _, status = http.request {
    url = "http://localhost/", create = answering(text .. text .. FINAL),
    sink = ltn12.sink.table(body),
  }
  print(("%s: status %s, body %q"):format(
    interim == "" and "nothing before it" or interim, tostring(status),
    table.concat(body)))
end
EOF
lua5.1 "$dir/ask.lua" >"$dir/all"
head -n 1 "$dir/all"
sed 1d "$dir/all" >"$dir/seen"
cat >"$dir/before" <<'EOF'
nothing before it: status 200, body "final"
100 Continue: status 200, body "final"
102 Processing: status 102, body ""
103 Early Hints: status 103, body ""
EOF
if diff "$dir/before" "$dir/seen"; then
  sed 's/^/as before: /' "$dir/seen"
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
