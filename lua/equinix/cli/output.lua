--- output: standard output, and progress on a terminal.
--
-- Law of this file: no byte of data is lost silently. A full disk, a pipe
-- without a reader or a standard output that was never open makes the command
-- fail; and nothing that is meant for standard output can end up in another
-- file. (Where SIGPIPE is not ignored it ends the command at once, as it ends
-- any filter in a pipe.)

local core = require "equinix.core"
local environment = require("equinix.base.lazy") "equinix.client.environment"
local terminal = require("equinix.base.lazy") "equinix.cli.terminal"

local M = {}

local write_failure -- why something was not written
local placeholders -- files in place of missing standard ones

--- Makes sure that the numbers of the three standard files are in use. If one
--- were free, the next file or connection to be opened would get it, and with
--- it everything that is printed. The placeholder can't be written to.
function M.guard()
  placeholders = placeholders or {}
  for i = 1, 3 do
    placeholders[i] = placeholders[i] or io.open("/dev/null", "r")
  end
end

--- Writes to standard output.
function M.write(...)
  if not write_failure then
    local ok, reason = io.stdout:write(...)
    write_failure = not ok and tostring(reason) or nil
  end
end

--- Writes what is buffered: at the end, or before something slow.
---@return string|nil reason why some of it, now or earlier, was not written
function M.flush()
  local ok, reason = io.stdout:flush()
  write_failure = write_failure or not ok and tostring(reason) or nil
  return write_failure
end

-- Progress ------------------------------------------------------------------

local INTERVAL = 0.1 -- seconds between two updates

--- Whether standard error is a terminal.
---@return boolean
function M.on_terminal()
  return terminal.is_open(2)
end

---@class equinix.cli.Progress
local Progress = {}
Progress.__index = Progress

--- Shows how far the work is, in place of what was shown last.
---@param text string
function Progress:show(text)
  if self.enabled and core.now() >= self.due then
    self.due, self.visible = core.now() + INTERVAL, true
    io.stderr:write("\r", text, "\27[K")
  end
end

--- Removes what was shown last.
function Progress:clear()
  if self.visible then
    io.stderr:write "\r\27[K"
    self.visible = false
  end
end

--- Progress of something that may take long: on a terminal only, and not
--- where lines of the log go, each of which would begin behind it.
---@return equinix.cli.Progress
function M.progress()
  return setmetatable({ enabled = not environment.log() and M.on_terminal(),
    due = 0, visible = false }, Progress)
end

return M
