--- terminal: whether there is one, and how wide it is.
--
-- Law of this file: the shell's own programs know. What is no terminal has no
-- width: what a pipe gets does not depend on a window.

local output = require("equinix.base.shell").output

local M = {}

local DEFAULT = 80
local LEAST, MOST = 8, 10000 -- beyond, it is no width

--- Whether a standard file is a terminal.
---@param descriptor integer 1: standard output, 2: standard error
---@return boolean
function M.is_open(descriptor)
  local ok = os.execute(("test -t %d"):format(descriptor))
  return ok == true or ok == 0 -- Lua 5.1 returns the number
end

local function width_of(text)
  local width = text and text:find "^%d+$" and tonumber(text)
  return width and width >= LEAST and width <= MOST and width or nil
end

--- The width of the terminal that standard output is.
---@return integer|nil columns nil: it is none
function M.width()
  if not M.is_open(1) then
    return nil
  end
  return width_of(os.getenv "COLUMNS")
    -- stty asks the terminal on its standard input.
    or width_of(output("stty size </dev/tty 2>/dev/null"):match " (%d+)$")
    or DEFAULT
end

return M
