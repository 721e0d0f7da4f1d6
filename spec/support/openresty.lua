-- openresty: an installation of OpenResty, or one that is laid out like it.
--
--   local o = openresty.find()      o.prefix, o.real, o:remove()
--   o:run("bin/equinix-auth --version")   output, code: on a machine that has
--                                   no other Lua on its PATH, and no apt-get
--
-- Where OpenResty is not installed, a folder with its layout holds links to
-- the LuaJIT, the headers and the lua-cjson of this system, and its nginx.
local process = require "spec.support.process"
local supervisor = require "equinix.supervisor.nginx"

local M = {}
local OpenResty = {}
OpenResty.__index = OpenResty

local LAYOUT = [[
set -e
cd %s
mkdir -p prefix/luajit/bin prefix/luajit/include prefix/luajit/lib \
  prefix/lualib prefix/nginx/sbin prefix/bin
ln -s "$(command -v luajit)" prefix/luajit/bin/luajit
ln -s %s prefix/luajit/include/luajit-2.1
ln -s %s prefix/lualib/cjson.so
cp %s prefix/nginx/sbin/nginx
ln -s ../nginx/sbin/nginx prefix/bin/openresty
]]

-- Every command of the PATH but those that another Lua could come from.
local COMMANDS = [[
mkdir %s/bin && cd %s/bin || exit
IFS=:
for folder in $PATH; do
  ln -s "$folder"/* .
done 2>/dev/null
rm -f lua* pkg-config pkgconf *-pkg-config apt-get sudo nginx openresty resty
]]

-- Where a LuaJIT finds lua-cjson.
local CJSON = [[luajit -e 'for entry in package.cpath:gmatch "[^;]+" do
  local path = entry:gsub("%?", "cjson")
  local file = io.open(path)
  if file then io.write(path) break end
end']]

local function lay_out(dir)
  local found = assert(supervisor.find())
  local headers = process.capture "tools/lua.sh luajit cflags"
    :match "%-I(%S+)"
  local said, code = process.capture(LAYOUT:format(dir, assert(headers),
    process.capture("env -u LUA_CPATH " .. CJSON), found.binary) .. " 2>&1")
  assert(code == 0, said)
  return dir .. "/prefix"
end

--- Why there is neither; nil: there is.
---@return string|nil
function M.missing()
  if process.capture "tools/openresty.sh" == ""
    and process.capture "tools/lua.sh luajit command" == "" then
    return "there is neither OpenResty nor LuaJIT"
  end
  return select(2, supervisor.find())
end

--- Finds one, or lays it out.
function M.find()
  local prefix = process.capture "tools/openresty.sh"
  local dir = process.tempdir()
  process.capture(COMMANDS:format(dir, dir))
  return setmetatable({
    dir = dir,
    real = prefix ~= "",
    prefix = prefix ~= "" and prefix or lay_out(dir),
  }, OpenResty)
end

--- Runs a command where OpenResty is all there is.
---@param command string
---@param variable? string in place of OPENRESTY_PREFIX=..., such as PATH=...
---@return string output
---@return integer code
function OpenResty:run(command, variable)
  return process.capture(("env -u LUA_PATH -u LUA_CPATH PATH=%s/bin %s %s "
    .. "2>&1"):format(self.dir, variable
    or "OPENRESTY_PREFIX=" .. process.quote(self.prefix), command))
end

--- The value of PATH with `openresty` on it.
function OpenResty:path()
  return ("PATH=%s/bin:%s/bin"):format(self.dir, self.prefix)
end

function OpenResty:remove()
  process.remove(self.dir)
end

return M
