--- emitter: passes the events of a client on to its listener and its log.
--
-- Law of this file: a mistake of the listener must not break a renewal, nor
-- may that it found no memory: what it raises is lost. The steps in between
-- are for the log, and for listeners that name them.

local M = {}

--- The names of all events: the types that a listener for one may have.
---@type table<string, "function">
M.NAMES = {}
for _, name in ipairs { "cache_full", "grant_deprecated", "latched",
  "lifetime_assumed", "members_dropped", "refresh_failed", "request",
  "response", "retry", "store_failed", "store_step", "token_cache",
  "token_failed", "token_loaded", "token_rejected", "token_renewed",
  "token_request", "token_turn", "wait" } do
  M.NAMES[name] = "function"
end

---@alias equinix.Listener fun(name: string, fields: table)

-- Not for a listener of all events.
local STEPS = { store_step = true, token_cache = true, token_turn = true,
  wait = true }

---@param listen? equinix.Listener|table<string, equinix.Listener> the option
---  on_event: for all events but the steps, or one for each name
---@param log? equinix.Listener gets all of them first
---@return equinix.Listener emit
function M.new(listen, log)
  local by_name = type(listen) == "table" and listen or nil
  return function(name, fields)
    if log then
      pcall(log, name, fields)
    end
    local listener = not STEPS[name] and listen
    if by_name then
      listener = by_name[name]
    end
    if listener then
      pcall(listener, name, fields)
    end
  end
end

--- Whether a listener is for what client/observed sees.
---@param listen? equinix.Listener|table<string, equinix.Listener>
---@return boolean
function M.is_for_requests(listen)
  return type(listen) == "function" or type(listen) == "table"
    and (listen.request or listen.response or listen.wait) ~= nil
end

return M
