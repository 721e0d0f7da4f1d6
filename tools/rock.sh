#!/bin/sh
# Builds the rock for one Lua, offline, in a temporary tree, and loads it.
#
#   tools/rock.sh 5.4|5.1
#
# LuaRocks compiles in the folder of the sources, so it gets a copy; only files
# in the copy can be in the rock.

set -eu
version=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
lua=$(tools/lua.sh "lua$version" command)

mkdir "$work/source"
cp -R ./*.rockspec src lua bin docs man LICENSE "$work/source"
(cd "$work/source" && luarocks --lua-version="$version" --tree="$work/tree" \
  make --deps-mode none)

# Loaded from the tree: the checkout is not on these paths.
cd /
tree=$work/tree/share/lua/$version
export LUA_PATH="$tree/?.lua;$tree/?/init.lua;;"
export LUA_CPATH="$work/tree/lib/lua/$version/?.so;;"
"$lua" -e 'local equinix = require "equinix"
  assert(package.loaded["equinix.core"], "the core was not loaded")
  local client = assert(equinix.new { token = "t" })
  assert(client:authorization() == "Bearer t")'
"$work/tree/bin/equinix-auth" --version

# The documents are in the rock's own folder.
for document in docs/architecture.md man/equinix-auth.1; do
  set -- "$work/tree/lib/luarocks/rocks-$version"/lua-equinix/*/"$document"
  [ -f "$1" ] || {
    echo "the rock lacks $document" >&2
    exit 1
  }
done
