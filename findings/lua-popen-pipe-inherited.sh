#!/bin/sh
# Closing a pipe of Lua's io.popen waits for a program that has nothing to do
# with it: one that os.execute started. One that io.popen started is not waited
# for.
#
# Version: lua5.4 5.4.4-3+deb12u1 and libc6 2.36-9 of Debian 12; what is used
# is printed.
# A good guess: both io.popen and os.execute run `sh -c`, so both treat a pipe
# that is open already in the same way: either every program started later
# holds it open, too, or none does.
# Seen: popen(3) closes the pipes of earlier popen calls in its child, as POSIX
# demands; system(3) does not, and Lua sets no close-on-exec. So a server that
# a test starts by os.execute("server &") keeps all pipes of io.popen open: the
# reader at the other end sees no end of file, pipe:close() hangs, and a helper
# that should end with its owner outlives it. The same line with io.popen is
# harmless, so a test of that kind passes by chance.
set -eu

for need in lua5.4 dpkg-query; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install lua5.4)" >&2
    exit 2
  }
done
version=$(dpkg-query -W -f '${Version}' lua5.4)
echo "lua5.4 $version, libc6 $(dpkg-query -W -f '${Version}' libc6)"
case $version in
5.4.4-*) ;;
*) echo "(another Lua than the one tried)" ;;
esac

dir=$(mktemp -d)
trap 'sleep 4; rm -rf "$dir"' EXIT # the other program writes into it

cat >"$dir/ask.lua" <<'LUA'
local start, dir = arg[1], arg[2]
local pipe = assert(io.popen("cat >/dev/null", "w"))
-- The other program leaves a file when it ends, after three seconds.
local over = dir .. "/" .. start
local line = "{ sleep 3; : >" .. over .. "; } </dev/null >/dev/null 2>&1 &"
if start == "os.execute" then
  os.execute(line)
else
  io.popen(line):close()
end
pipe:close() -- ends cat, which reads to the end of the pipe
print(io.open(over) and "close waited for the other" or "close returned first")
LUA

by_execute=$(lua5.4 "$dir/ask.lua" os.execute "$dir")
by_popen=$(lua5.4 "$dir/ask.lua" io.popen "$dir")
echo "started by os.execute: $by_execute"
echo "started by io.popen:   $by_popen"
[ "$by_execute" = "close waited for the other" ] &&
  [ "$by_popen" = "close returned first" ]
