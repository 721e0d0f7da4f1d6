--- shell: commands of a POSIX shell.
--
-- Law of this file: a quoted argument reaches the program byte for byte. What
-- comes from outside is always quoted, and a secret is never an argument.

local trim = require "equinix.base.trim"

local M = {}

--- Quotes one argument, whatever it contains.
---@param word any
---@return string
function M.quote(word)
  return "'" .. tostring(word):gsub("'", [['\'']]) .. "'"
end

--- What a command prints, without the newlines at the end; "" when it can't be
--- run.
---@param command string
---@return string
function M.output(command)
  local pipe = io.popen(command, "r")
  if not pipe then
    return ""
  end
  local text = pipe:read "*a" or ""
  pipe:close()
  return trim.tail(text, "\n")
end

return M
