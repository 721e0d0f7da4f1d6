-- The code runs on Lua 5.1 to 5.5 and LuaJIT: only what all of them have.
std = "min"
max_line_length = 79
exclude_files = { "build" }

-- Globals of some versions; each use checks for them first.
read_globals = {
  "jit",
  coroutine = { fields = { "close" } },
  package = { fields = { "searchers", "searchpath" } },
  math = { fields = { "type", "tointeger" } },
  table = { fields = { "unpack", "pack", "move" } },
  "unpack",
  "setfenv",
  "loadstring",
}
-- A method need not use `self`.
self = false

files["spec"] = { std = "min+busted" }
-- Run by the program of spec/support/host.c, which defines these.
files["spec/support/scripts"] = {
  read_globals = { "host", "worker", "workers" },
}
-- Run by fuzz/lua_target.c, on Lua 5.4.
files["fuzz"] = { std = "lua54", read_globals = { "judge" } }
-- Run by Neovim.
for _, path in ipairs {
  "examples/neovim", "spec/support/scripts/neovim_typing.lua",
} do
  files[path] = { read_globals = { "vim" } }
end
-- Modules that run inside nginx; the others must not use `ngx`.
local inside_nginx = {
  "lua/equinix/nginx.lua",
  "lua/equinix/serve",
  "lua/equinix/emulator",
  "lua/equinix/supervisor",
  "lua/equinix/transport",
  "lua/equinix/store",
}
for _, path in ipairs(inside_nginx) do
  files[path] = { std = "min+ngx_lua" }
end
files["**/*.rockspec"] = { std = "+rockspec" }
