#!/bin/sh
# LuaRocks: the command of a rock that is installed for two Luas in one tree.
#
# Version: LuaRocks 3.8.0 of Debian 12 (luarocks 3.8.0+dfsg1-1), with Lua 5.1
# and 5.4; those used are printed.
# A good guess: a tree may hold a rock for several Luas, each with modules and
# a list of its own, so the command that both bring stays until the rock is
# removed for the last of them.
# Seen: the second installation calls the first one's command "not tracked",
# moves it aside to a name with ~, and puts its own in place; its removal then
# deletes that one and does not move the other back. So the rock is still
# installed for the first Lua, `luarocks list` shows it, and its command is
# gone. Installing it for that Lua again is the remedy.
set -eu

for need in luarocks lua5.1 lua5.4; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install luarocks lua5.1 lua5.4" \
      "liblua5.1-0-dev liblua5.4-dev)" >&2
    exit 2
  }
done
version=$(luarocks --version | sed -n '1s/.* //p')
echo "LuaRocks $version"
[ "$version" = 3.8.0 ] || {
  echo "this was seen with LuaRocks 3.8.0" >&2
  exit 2
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >hello-1.0-1.rockspec <<'EOF'
package = "hello"
version = "1.0-1"
source = { url = "file://." }
dependencies = { "lua >= 5.1" }
build = {
  type = "builtin",
  modules = { hello = "hello.lua" },
  install = { bin = { "say-hello" } },
}
EOF
echo 'return "hello"' >hello.lua
cat >say-hello <<'EOF'
#!/usr/bin/env lua
print(require "hello" .. " from " .. _VERSION)
EOF
chmod 755 say-hello

# rocks VERSION WORDS: LuaRocks for one Lua, in the tree.
rocks() {
  lua=$1
  shift
  luarocks --lua-version="$lua" --tree="$dir/tree" "$@" >log 2>&1 || {
    cat log >&2
    exit 2
  }
}

rocks 5.4 make
before=$(tree/bin/say-hello)
rocks 5.1 make
both=$(tree/bin/say-hello)
rocks 5.1 remove hello
# shellcheck disable=SC2012  # plain names
after=$(ls tree/bin | tr '\n' ' ')
rocks 5.4 list --porcelain
listed=$(cut -f 1 log)

seen="5.4: $before; 5.1 too: $both; 5.1 removed: $after(5.4 has: $listed)"
expected="5.4: hello from Lua 5.4; 5.1 too: hello from Lua 5.1; \
5.1 removed: say-hello~ (5.4 has: hello)"
if [ "$seen" = "$expected" ]; then
  echo "as before: $seen"
else
  echo "CHANGED: $seen"
  echo "before:  $expected"
  exit 1
fi
