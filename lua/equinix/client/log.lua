--- log: where the lines of a trace go.
--
-- Law of this file: a line is one write, so that the lines of processes and
-- threads never mix; it is written at once. Inside nginx a line goes to its
-- error log at the level `info`: there `debug` would come with all that nginx
-- says of itself.

local core = require "equinix.core"

local M = {}

-- When, and which process: "2026-11-28T12:00:00.123Z equinix[42] ".
local function start()
  local now = core.time()
  local whole = math.floor(now)
  return ("%s.%03dZ equinix[%d] "):format(os.date("!%Y-%m-%dT%H:%M:%S", whole),
    math.floor((now - whole) * 1000), core.pid())
end

local function to_stderr(line)
  io.stderr:write(start() .. line .. "\n")
end

local function to_nginx(line)
  local ngx = rawget(_G, "ngx")
  ngx.log(ngx.INFO, "equinix: ", line)
end

--- Writes a line. A program of ours may put another function here.
---@param line string without its end
function M.write(line)
  local ngx = rawget(_G, "ngx")
  return (type(ngx) == "table" and ngx.log and to_nginx or to_stderr)(line)
end

return M
