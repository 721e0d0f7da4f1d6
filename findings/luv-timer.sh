#!/bin/sh
# luv's timers: a fraction of a millisecond, and a busy moment before.
#
# Version: luv 1.44.2 of Debian 12 (lua-luv 1.44.2-0-1), on LuaJIT and Lua 5.4;
# those used are printed.
# A good guess: timer:start(333.3, 0, f) means the same on each Lua, and a timer
# of 200 ms fires 200 ms after start, whatever the program did before.
# Seen: on LuaJIT the fraction is cut, on Lua 5.4 it is an error ("number has
# no integer representation"); so "seconds * 1000" fails on 5.4 only. And the
# time counts from the loop's own clock, which stands still while a callback
# runs: after 300 ms of work a timer of 200 ms fires at once. uv.update_time()
# before the start is the remedy.
set -eu

for need in luajit lua5.4 apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install luajit lua5.4)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq lua-luv=1.44.2-0-1 libuv1=1.44.2-1+deb12u1 2>errors ||
  { cat errors >&2; exit 2; }
for package in *.deb; do
  dpkg-deb -x "$package" root
done
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu*)

cat >ask.lua <<'EOF'
local uv = require "luv"
local name = jit and "LuaJIT" or _VERSION
io.stderr:write(name, ", libuv ", uv.version_string(), "\n")

local timer = uv.new_timer()
local ok = pcall(timer.start, timer, 333.3, 0, function() end)
timer:stop()
print(("%s: 333.3 ms %s"):format(name, ok and "taken" or "refused"))

for _, update in ipairs { false, true } do
  local work = uv.hrtime()
  repeat until uv.hrtime() - work > 300e6
  if update then
    uv.update_time()
  end
  local start = uv.hrtime()
  timer:start(200, 0, function()
    local took = (uv.hrtime() - start) / 1e6
    print(("%s: 200 ms after work%s: %s"):format(name,
      update and ", update_time" or "",
      took < 100 and "at once" or took >= 199 and "as asked" or took))
  end)
  uv.run()
end
EOF
LUA_CPATH="$libraries/lua/5.1/?.so" LD_LIBRARY_PATH=$libraries \
  luajit ask.lua >seen
LUA_CPATH="$libraries/lua/5.4/?.so" LD_LIBRARY_PATH=$libraries \
  lua5.4 ask.lua >>seen
cat >before <<'EOF'
LuaJIT: 333.3 ms taken
LuaJIT: 200 ms after work: at once
LuaJIT: 200 ms after work, update_time: as asked
Lua 5.4: 333.3 ms refused
Lua 5.4: 200 ms after work: at once
Lua 5.4: 200 ms after work, update_time: as asked
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
