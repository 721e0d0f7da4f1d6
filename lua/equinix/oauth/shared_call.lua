--- shared_call: one request behind all callers that sent exactly the same one.
--
-- Law of this file: a caller gets the response to another's request only if it
-- sent the same members to the same operation, letter by letter, all
-- credentials included, while that request was waiting or in flight; after its
-- end the next caller sends anew. Requests are compared by a digest. Callers
-- share within one Lua state; where waiting blocks the thread there is nothing
-- to share.

local await = require "equinix.transport.await"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local json_text = require "equinix.base.json_text"
local local_fault = require "equinix.oauth.local_fault"
local tables = require "equinix.base.table"

local M = {}

local PACE = { first = 0.005, longest = 0.05 } -- of looks, in seconds
local GRACE = 10 -- seconds after its deadline until a flight counts as lost

---@class equinix.SharedCall a request that is waiting or in flight
---@field callers integer that want it
---@field ends number on core.now(): it was lost if it is there after that
---@field over? boolean
---@field response? table
---@field err? equinix.Error

--- What a request is known by: its operation and its members, as they are
--- written, in whatever order.
---@param operation string
---@param text string the body, read by base/json_text
---@return string
function M.key(operation, text)
  return core.sha256(operation .. "\0"
    .. json_text.object(json_text.members(text)))
end

-- What says nothing about the request, but about the time of one caller.
local ITS_OWN = { token_wait = true, caller_gone = true }

local function is_shared(err)
  return err and not ITS_OWN[err.code] and not local_fault.is(err)
end

local function lead(calls, key, deadline, send)
  local flight = { callers = 1, ends = deadline + GRACE }
  calls[key] = flight
  local ok, response, err = pcall(send, function()
    return flight.callers > 1
  end)
  flight.over = true
  if calls[key] == flight then
    calls[key] = nil
  end
  if not ok then
    error(response, 0)
  end
  flight.response = response
  flight.err = is_shared(err) and err or nil
  return response, err
end

-- Waits for the end of a flight. -> "over" | "dropped" | nil: not in time
local function wait(transport, flight, deadline, wanted)
  flight.callers = flight.callers + 1
  local what = await.poll(transport, PACE, deadline, function()
    if flight.over or core.now() > flight.ends then
      return "over"
    elseif not wanted() then
      return "dropped"
    end
  end)
  flight.callers = flight.callers - 1
  return what
end

--- Sends a request, or waits for the same one of another caller.
---@param calls table<string, equinix.SharedCall> of all callers of a client
---@param key string of M.key
---@param call {transport: table, deadline: number, wanted: fun(): boolean}
---@param send fun(shared: fun(): boolean): any, equinix.Error|nil sends it;
---  shared: whether others wait for it
---@return any response what send() returned, to this caller or another
---@return equinix.Error|nil
function M.run(calls, key, call, send)
  local flight = calls[key]
  if call.transport.blocking then
    return send(function()
      return false
    end)
  end
  while flight and not flight.over and core.now() <= flight.ends do
    local what = wait(call.transport, flight, call.deadline, call.wanted)
    if what == "dropped" then
      return errors.fail("timeout", "the caller hung up", {
        code = "caller_gone" })
    elseif not what then
      return errors.fail("timeout", "the deadline passed while the same "
        .. "request of another caller was in flight", { code = "token_wait" })
    elseif flight.response or flight.err then
      return flight.response, flight.err
        and errors.new(tables.copy(flight.err)) or nil
    end
    flight = calls[key]
  end
  return lead(calls, key, call.deadline, send)
end

return M
