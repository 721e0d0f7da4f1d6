#!/bin/sh
# A forked child of a program on luv ends, and its parent hears no more.
#
# Version: luv 1.44.2 of Debian 12 (lua-luv 1.44.2-0-1), on LuaJIT; the one
# used is printed.
# A good guess: after fork parent and child have a loop each; however the child
# ends, its parent goes on to be called when a descriptor is readable.
# Seen: it depends on how the child leaves. os.exit(0) is fine. os.exit(0, true)
# closes the state, luv closes the handles of its loop, and libuv takes their
# descriptors out of the epoll instance, which both processes share: the
# parent's callback is never called. libuv has uv_loop_fork against that, luv
# does not offer it. So a child must end without closing its state.
set -eu

for need in luajit apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install luajit)" >&2
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
local ffi = require "ffi"
local uv = require "luv"
ffi.cdef "int fork(void); int waitpid(int, int *, int);"
io.stderr:write("libuv ", uv.version_string(), "\n")

local files, heard = uv.pipe(), false
local poll = uv.new_poll(files.read)
poll:start("r", function()
  heard = true
  poll:stop()
end)
uv.run "nowait" -- it is watched from now on

local child = ffi.C.fork()
if child == 0 then
  os.exit(0, arg[1] == "true")
end
ffi.C.waitpid(child, nil, 0)

uv.fs_write(files.write, "x", -1)
local timer = uv.new_timer()
timer:start(1000, 0, function()
  poll:stop()
end)
uv.run()
print(("child: os.exit(0, %s); parent: %s"):format(arg[1],
  heard and "called" or "not called within a second"))
os.exit(0)
EOF
for close in false true; do
  LUA_CPATH="$libraries/lua/5.1/?.so" LD_LIBRARY_PATH=$libraries \
    luajit ask.lua $close >>seen
done
cat >before <<'EOF'
child: os.exit(0, false); parent: called
child: os.exit(0, true); parent: not called within a second
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
