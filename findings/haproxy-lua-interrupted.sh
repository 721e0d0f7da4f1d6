#!/bin/sh
# HAProxy's Lua tasks, and when another one gets its turn.
#
# Version: HAProxy 2.6.12 of Debian 12 (2.6.12-1+deb12u4), with Lua 5.3.
# A good guess: a task of core.register_task is a coroutine, and coroutines are
# cooperative: another task of the same Lua state runs only while this one is
# in core.yield, core.msleep or the like. So lines without such a call between
# them belong together.
# Seen: a task is interrupted after 10,000 instructions, wherever it is
# (tune.lua.forced-yield), between two such lines too; another task finds one
# done and the other not. A coroutine that the task itself made with
# coroutine.create is never interrupted, however long it runs.
set -eu

for need in apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need" >&2
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

cat >tasks.lua <<'EOF'
local function work(pair, rounds)
  for i = 1, rounds do
    pair.first = pair.first + 1
    for _ = 1, i % 7 do end -- rounds of different lengths
    pair.second = pair.second + 1
  end
  pair.done = true
end

-- How often another task finds the two different.
local function watch(name, pair)
  local torn = 0
  repeat
    if pair.first ~= pair.second then
      torn = torn + 1
    end
    core.yield()
  until pair.done
  return name .. ": " .. (torn > 0 and "interrupted between the two lines"
    or "not interrupted") .. "\n"
end

local plain = { first = 0, second = 0 }
local inner = { first = 0, second = 0 }
core.register_task(function() work(plain, 3e6) end)
core.register_task(function()
  local said = watch("a task", plain)
  core.register_task(function()
    coroutine.resume(coroutine.create(function() work(inner, 3e6) end))
  end)
  said = said .. watch("a coroutine in a task", inner)
  local file = io.open(os.getenv "DIR" .. "/seen.new", "w")
  file:write(said)
  file:close()
  os.rename(os.getenv "DIR" .. "/seen.new", os.getenv "DIR" .. "/seen")
end)
EOF
cat >haproxy.cfg <<EOF
global
  nbthread 1
  lua-load $dir/tasks.lua
defaults
  mode http
  timeout client 9s
  timeout server 9s
  timeout connect 9s
frontend none
  bind unix@$dir/socket
EOF
LD_LIBRARY_PATH=$libraries root/usr/sbin/haproxy -v | head -n 1
DIR=$dir LD_LIBRARY_PATH=$libraries root/usr/sbin/haproxy -db \
  -f haproxy.cfg >log 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -f seen ] && break
  sleep 0.5
done
[ -f seen ] || { cat log >&2; exit 2; }
cat >before <<'EOF'
a task: interrupted between the two lines
a coroutine in a task: not interrupted
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
