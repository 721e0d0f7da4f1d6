--- log: the service's own log, one JSON object a line.
--
-- Law of this file: what a caller must not see is written here; never a
-- secret, a query or a body. nginx's error log is not used for it, since that
-- quotes requests.

local log_lines = require "equinix.supervisor.log_lines"

local M = {}

local path
local file -- opened by each worker for itself

--- Sets where the log is written.
---@param new_path string
function M.set_path(new_path)
  path, file = new_path, nil
end

local function open()
  local opened = io.open(path, "a")
  if opened then
    opened:setvbuf "no" -- what is one text is one write
  end
  return opened
end

--- Writes a line; without a file it is dropped.
---@param level "debug"|"warn"|"error"
---@param event string
---@param fields table<string, any>
function M.write(level, event, fields)
  file = file or open()
  if file then
    -- One text, so that the lines of the workers never mix.
    file:write(log_lines.text(level, event, fields) .. "\n")
  end
end

-- The client's events that are logged. Their fields hold no secrets.
local LEVELS = {
  token_failed = "error",
  latched = "error",
  store_failed = "warn",
  refresh_failed = "warn",
  lifetime_assumed = "warn",
  members_dropped = "warn",
  grant_deprecated = "warn",
  cache_full = "warn",
}

--- Writes an event of the client, where it is one to log.
---@param name string
---@param fields table<string, any>
function M.event(name, fields)
  if LEVELS[name] then
    M.write(LEVELS[name], name, fields)
  end
end

--- Writes why a request was refused.
---@param face "rest"|"mcp"
---@param err equinix.Error
---@param id? string of the request
function M.refused(face, err, id)
  M.write("error", "refused", {
    face = face,
    request_id = id,
    status = err.status,
    correlation_id = err.correlation_id,
    kind = err.kind,
    code = err.code,
    message = err.message,
  })
end

return M
