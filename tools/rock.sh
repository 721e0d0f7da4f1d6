#!/bin/sh
# Builds the rock, offline, in a temporary tree, and loads it.
#
#   tools/rock.sh 5.4|5.1...
#
# With several versions it is installed for each of them in that order, into
# one tree: the command has to run on Lua 5.4 if that is one of them.
#
#   ROCK    (environment) a .src.rock to install in place of the checkout
#
# Law of this file: LuaRocks builds in the folder of the sources, so it gets a
# copy; only files in the copy can be in the rock, and none may be left there.

set -eu
unset MAKEFLAGS MAKELEVEL || true # those of the make that runs this step
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
  echo "$1" >&2
  exit 1
}

mkdir "$work/source"
cp -R ./*.rockspec Makefile src lua bin docs man tools LICENSE "$work/source"
list() { (cd "$work/source" && find . | sort); }
list >"$work/before"

# A spec of a store's author, who has the rock and busted and no checkout.
cat >"$work/contract_spec.lua" <<'END'
local contract = require "equinix.store.contract"
local file = require "equinix.store.file"
local count, root = 0, os.getenv "ROOT"
local function open()
  return assert(file { dir = root .. "/" .. count })
end
describe("the installed contract", function()
  contract.declare {
    make = function()
      count = count + 1
      return open()
    end,
    peer = open,
  }
end)
END

echo 'require "busted.runner" { standalone = false }' >"$work/run.lua"

# check_contract VERSION LUA: authors of stores can run it.
check_contract() {
  if ! "$2" -e 'require "busted"' 2>/dev/null; then
    echo "the contract for stores was not run: Lua $1 has no busted"
    return
  fi
  mkdir "$work/stores-$1"
  share=$work/tree/share/lua/$1
  (cd "$work" && env ROOT="$work/stores-$1" \
    LUA_PATH="$share/?.lua;$share/?/init.lua;;" \
    LUA_CPATH="$work/tree/lib/lua/$1/?.so;;" \
    "$2" run.lua contract_spec.lua) >"$work/contract.log" 2>&1 ||
    { cat "$work/contract.log" && fail "the installed contract fails"; }
  tail -n 1 "$work/contract.log"
}

# check VERSION LUA: the modules of the tree, and nothing of the checkout.
check() {
  (
    cd /
    share=$work/tree/share/lua/$1
    export LUA_PATH="$share/?.lua;$share/?/init.lua;;"
    export LUA_CPATH="$work/tree/lib/lua/$1/?.so;;"
    "$2" -e 'local equinix = require "equinix"
      assert(package.loaded["equinix.core"], "the core was not loaded")
      local client = assert(equinix.new { token = "t" })
      assert(client:authorization() == "Bearer t")'
  )
  # The types of the C module are beside the Lua files, for editors.
  diff -r -x meta lua/equinix "$work/tree/share/lua/$1/equinix"
  for types in src/*.meta.lua; do
    cmp "$types" "$work/tree/share/lua/$1/equinix/meta/${types#src/}"
  done
  check_contract "$1" "$2"
  [ -s "$work/tree/lib/lua/$1/equinix/start.chunks" ] ||
    fail "the rock for Lua $1 has no file start.chunks"
  case $1 in
  5.1) ;;
  *) grep -aq ' equinix.cli ' \
    "$work/tree/lib/lua/$1/equinix/start.chunks" ||
    fail "nothing was compiled for Lua $1" ;;
  esac
  # The documents are in the rock's own folder.
  for document in docs/architecture.md man/equinix-auth.1; do
    set -- "$1" "$2" "$work/tree/lib/luarocks/rocks-$1"/*/*/"$document"
    [ -f "$3" ] || fail "the rock for Lua $1 lacks $document"
  done
}

best=
for version; do
  lua=$(tools/lua.sh "lua$version" command)
  if [ -n "${ROCK-}" ]; then
    luarocks --lua-version="$version" --tree="$work/tree" install \
      --deps-mode none "$ROCK"
  else
    (cd "$work/source" && luarocks --lua-version="$version" \
      --tree="$work/tree" make --deps-mode none)
  fi
  list | diff "$work/before" - >&2 ||
    fail "luarocks make for Lua $version left these files in the checkout"
  check "$version" "$lua"
  [ "$best" = 5.4 ] || best=$version
done

# Without variables: the command finds the modules beside itself.
(
  cd / && unset LUA_PATH LUA_CPATH
  "$work/tree/bin/equinix-auth" --version >"$work/version"
)
cat "$work/version"
case "$best $(sed -n 2p "$work/version")" in
# LuaJIT loads what is installed for Lua 5.1, and is the better one.
"$best Lua $best" | "5.1 LuaJIT "*) ;;
*) fail "the command does not run on Lua $best, but on another one" ;;
esac
