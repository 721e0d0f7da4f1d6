--- request_id: which request it was: for its caller, and in the access log.
--
-- Law of this file: of what a caller wrote only an id and a trace get into the
-- log, of these bytes and no longer. A caller's X-Request-Id is kept, else the
-- request gets one; but a token from the cache, which nothing can be wrong
-- with, costs none. What is not in the form of an id is not repeated.

local json = require "equinix.base.json"
local traceparent = require "equinix.http.traceparent"
local ngx = ngx -- the one global, given by ngx_lua

local M = {}

local var = ngx and ngx.var

local MAX_ID = 64 -- bytes; a UUID has 36

--- Whether a caller's id is kept.
---@param id string|nil
---@return boolean
function M.is_valid(id)
  return id ~= nil and #id <= MAX_ID and id:find "^[A-Za-z0-9._:/+=-]+$" ~= nil
end

-- The members, in the order of the log.
local MEMBERS = { "reason", "upstream_status", "upstream_code",
  "correlation_id" }

--- The members of a line of the log, behind others.
---@param id string
---@param trace string|nil a traceparent
---@param note equinix.problem.Note|nil
---@return string
function M.members(id, trace, note)
  local parts = { (',"request_id":"%s"'):format(id) }
  if traceparent.is_valid(trace) then
    parts[2] = (',"trace_id":"%s"'):format(trace:sub(4, 35))
  end
  for _, name in ipairs(note and MEMBERS or {}) do
    local value = note[name]
    if type(value) == "number" then
      parts[#parts + 1] = (',"%s":%d'):format(name, value)
    elseif value then
      parts[#parts + 1] = (',"%s":%s'):format(name, json.encode(value))
    end
  end
  return table.concat(parts)
end

--- Whether the caller of the current request sent an id or a trace.
---@return boolean
function M.is_sent()
  return (var.http_x_request_id or var.http_traceparent) ~= nil
end

--- The id of the current request: its caller's, or one that nginx makes.
---@return string
function M.current()
  local id = var.http_x_request_id
  return M.is_valid(id) and id or var.request_id
end

--- Notes in the access log which request this is, and why it failed.
---@param note equinix.problem.Note|nil
---@return string id for the caller
function M.note(note)
  local id = M.current()
  var.equinix_more = M.members(id, var.http_traceparent, note)
  return id
end

return M
