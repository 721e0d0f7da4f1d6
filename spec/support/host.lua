--- host: runs a script of spec/support/scripts in many threads or processes,
-- with the program of spec/support/host.c. The script makes the assertions.

local process = require "spec.support.process"

local M = {}

local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local build = (os.getenv "BUILD" or "build") .. "/" .. lua

--- A script that runs for longer than these seconds fails.
M.limit = 600

--- The command that runs a script, for process.start.
---@param options string "--threads 8", "--preload equinix --forks 8" ...
---@param script string its name, without path and extension
---@param ... string its arguments
---@return string[]
function M.command(options, script, ...)
  local words = {
    "LUA_PATH=" .. process.quote(package.path),
    "LUA_CPATH=" .. process.quote(build .. "/?.so;" .. package.cpath),
    ("timeout %d"):format(M.limit),
    process.quote(M.program),
    options,
    "spec/support/scripts/" .. script .. ".lua",
  }
  for _, argument in ipairs { ... } do
    words[#words + 1] = process.quote(tostring(argument))
  end
  return { "sh", "-c", table.concat(words, " ") }
end

--- Runs a script; raises an error when any worker failed.
---@param options string
---@param script string
---@param ... string
---@return string output
function M.run(options, script, ...)
  local output, code = process.capture(M.command(options, script, ...)[3]
    .. " 2>&1")
  if code ~= 0 then
    error(script .. ": " .. output, 2)
  end
  return output
end

--- The program itself.
M.program = build .. "/host"

return M
