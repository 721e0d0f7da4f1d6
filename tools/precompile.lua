-- precompile: compiles what a short command and a service's start load.
--
--   lua tools/precompile.lua OUT
--
-- Law of this file: cli/precompiled.lua reads what it writes. The first line
-- is the index: NAME OFFSET SIZE SIZE of each module, that of its source and
-- that of its code, which stand one after the other behind the index. Line
-- numbers are kept, since errors name them. A Lua that does not promise to
-- load what another release of it compiled (LuaJIT), or has no searchers
-- (5.1), gets a file without modules.
local OUT = assert(arg[1], "usage: lua tools/precompile.lua OUT")

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  return text, file and file:close()
end

local function source_of(name)
  local path = "lua/equinix/" .. name:gsub("%.", "/")
  for _, ending in ipairs { ".lua", "/init.lua" } do
    local source = read(path .. ending)
    if source then
      return source, "@" .. path .. ending
    end
  end
end

local index, parts, offset = {}, {}, 0
local function add(name)
  local source, chunk_name = source_of(name)
  if source then -- else it is in C, or not ours
    local code = string.dump(assert(load(source, chunk_name)))
    index[#index + 1] = ("equinix.%s %d %d %d"):format(name, offset, #source,
      #code)
    parts[#parts + 1] = source .. code
    offset = offset + #source + #code
  end
end

if package.searchers and not jit then
  local lists = dofile "tools/start_modules.lua"
  for name in (lists.token .. " " .. lists.request .. " " .. lists.serve)
    :gmatch "%S+" do
    add(name)
  end
end

local file = assert(io.open(OUT, "wb"))
assert(file:write(" ", table.concat(index, " "), " \n", table.concat(parts)))
assert(file:close())
