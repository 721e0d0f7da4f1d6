-- faults: runs a script of spec/support/scripts while faults.c is preloaded.
-- The script makes the assertions.
local process = require "spec.support.process"

local M = {}

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

-- A sanitizer, and valgrind, want to be the first library.
local function is_preloaded()
  return (os.getenv "LD_PRELOAD" or "") ~= ""
end

--- Whether it can be built and preloaded here.
function M.can_run()
  return not is_preloaded() and not os.getenv "ASAN_OPTIONS"
    and process.capture "uname -s" == "Linux"
    and select(2, process.capture "command -v cc") == 0
end

--- Runs a script; raises an error when it failed.
---@param script string its name, without path and extension
---@param ... string its arguments, after the folder of the faults
function M.run(script, ...)
  local dir = process.tempdir()
  local at = process.quote(dir)
  local output, code = process.capture(("cc -std=c11 -D_GNU_SOURCE -shared "
    .. "-fPIC -o %s/faults.so spec/support/faults.c -Wl,--no-as-needed "
    .. "-lcurl 2>&1"):format(at))
  if code == 0 then
    local words = {
      "FAULTS=" .. at,
      "LUA_PATH=" .. process.quote(package.path),
      "LUA_CPATH=" .. process.quote(package.cpath),
      "LD_PRELOAD=" .. at .. "/faults.so",
      "timeout 300", lua, "spec/support/scripts/" .. script .. ".lua", at,
    }
    for _, argument in ipairs { ... } do
      words[#words + 1] = process.quote(argument)
    end
    output, code = process.capture(table.concat(words, " ") .. " 2>&1")
  end
  process.remove(dir)
  if code ~= 0 then
    error(script .. ": " .. output, 2)
  end
end

return M
