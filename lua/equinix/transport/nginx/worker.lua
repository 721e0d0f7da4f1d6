--- worker: the part that runs in a worker thread of nginx, in its own Lua VM.
--
-- Law of this file: it loads as little as possible, because ngx_lua runs a
-- full garbage collection of that VM after each call; and nothing is raised,
-- since ngx_lua loses an error that is not a string. Requests and responses
-- never come here: the core has them.

local core = require "equinix.core"

local M = {}

--- Drives an engine of this process.
---@param id integer engine:id()
---@param seconds number at most
---@return boolean driven
function M.drive(id, seconds)
  return core.drive(id, seconds)
end

return M
