#!/bin/sh
# Runs a Lua file of the checkout: on Lua 5.4, else on LuaJIT.
#
#   tools/run.sh examples/demo.lua
#
# Law of this file: OpenResty's LuaJIT does not look where OpenResty keeps
# lua-cjson, nor where Debian keeps argparse; here it does.

if lua=$(tools/lua.sh lua5.4 command); then
  exec "$lua" "$@"
fi
lua=$(tools/lua.sh luajit command) || {
  echo "there is neither Lua 5.4 nor LuaJIT: run make deps" >&2
  exit 1
}
if openresty=$(tools/openresty.sh); then
  LUA_CPATH="${LUA_CPATH-};;$openresty/lualib/?.so"
  LUA_PATH="${LUA_PATH-};;$openresty/lualib/?.lua;/usr/share/lua/5.1/?.lua"
  export LUA_CPATH LUA_PATH
fi
exec "$lua" "$@"
