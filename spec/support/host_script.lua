-- host_script: a script of spec/support/scripts in a process of its own.
--
--   host.check("full")        fails unless it ends well
--   local output, code = host.run(path, argument, { places = 300 })
local process = require "spec.support.process"

local M = {}

M.LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local BUILD = (os.getenv "BUILD" or "build") .. "/" .. M.LUA

--- Runs it.
---@param path string
---@param argument? string
---@param options? {places?: integer|string, program?: string,
---  workers?: string} places: the value of EQUINIX_CACHE_PLACES; workers:
---  options of the host
---@return string output
---@return integer code
function M.run(path, argument, options)
  options = options or {}
  local places = options.places or ""
  if type(places) == "number" then
    places = ("%d"):format(places)
  end
  return process.capture(table.concat({
    "EQUINIX_CACHE_PLACES=" .. process.quote(places),
    "LUA_PATH=" .. process.quote(package.path),
    "LUA_CPATH=" .. process.quote(package.cpath),
    "timeout 600", options.program or process.quote(BUILD .. "/host"),
    options.workers or "", path, argument,
  }, " ") .. " 2>&1")
end

--- Runs one of spec/support/scripts; fails unless it ends well.
function M.check(name, argument, options)
  local output, code = M.run("spec/support/scripts/" .. name .. ".lua",
    argument, options)
  if code ~= 0 then
    error(name .. ": " .. output, 2)
  end
end

return M
