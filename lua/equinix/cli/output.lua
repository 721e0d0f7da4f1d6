--- output: standard output, and the terminal that looks on.
--
-- Law of this file: no byte of data is lost in silence. A full disk, a pipe
-- that nobody reads or an output that was never open ends a command with a
-- failure; and nothing that is meant for standard output can land anywhere
-- else. (Where SIGPIPE is not ignored it ends the command at once, as it ends
-- any filter in a pipe.)

local core = require "equinix.core"

local M = {}

local lost -- why something was not written
local held -- files that stand where standard ones are missing

--- Makes sure that the numbers of the three standard files are taken. Were
-- one free, the next file or connection that is opened would get it, and with
-- it all that is printed. What stands there now can't be written to.
function M.guard()
  held = held or {}
  for i = 1, 3 do
    held[i] = held[i] or io.open("/dev/null", "r")
  end
end

--- Writes to standard output.
function M.write(...)
  if not lost then
    local ok, reason = io.stdout:write(...)
    lost = not ok and tostring(reason) or nil
  end
end

--- Writes what is left: at the end, or before something that takes its time.
---@return string|nil reason why some of it, now or earlier, was not written
function M.flush()
  local ok, reason = io.stdout:flush()
  lost = lost or not ok and tostring(reason) or nil
  return lost
end

-- A terminal's words -------------------------------------------------------

local PAUSE = 0.1 -- seconds between two of them

-- Whether somebody looks at stderr.
local function watched()
  local ok = os.execute "test -t 2"
  return ok == true or ok == 0 -- Lua 5.1 gives the number
end

---@class equinix.cli.Progress
local Progress = {}
Progress.__index = Progress

--- Says how far it is, over what was said last.
---@param text string
function Progress:tell(text)
  if self.on and core.now() >= self.due then
    self.due, self.told = core.now() + PAUSE, true
    io.stderr:write("\r", text, "\27[K")
  end
end

--- Takes the last words away.
function Progress:done()
  if self.told then
    io.stderr:write "\r\27[K"
    self.told = false
  end
end

--- Progress of something that may take long: on a terminal only.
---@return equinix.cli.Progress
function M.progress()
  return setmetatable({ on = watched(), due = 0, told = false }, Progress)
end

return M
