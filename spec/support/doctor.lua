-- doctor: runs `equinix-auth doctor` and finds the line of one check.
--
--   local line, code = doctor.line("tls", { "--ca-file", path }, env)
local command = require "spec.support.command"

local M = {}

--- The line of a check, without its name.
---@param check string
---@param words? string[]
---@param env table<string, string|false>
---@return string line "FAILED ..."
---@return integer code
---@return string all
function M.line(check, words, env)
  local argv = { "doctor" }
  for _, word in ipairs(words or {}) do
    argv[#argv + 1] = word
  end
  local code, out, said = command.run(argv, { env = env })
  assert(said == "", said)
  local status, rest = ("\n" .. out):match("\n(%l*%u*) +" .. check
    .. " +([^\n]+)")
  assert(status, out)
  return status .. " " .. rest, code, out
end

return M
