--- side_by_side: calls of one caller that are under way at the same time.
--
-- Law of this file: all of it happens in the caller's task, while it waits for
-- one of them. Each call is judged and retried by itself, as one that is made
-- alone; so a token that was refused costs one renewal for all. The time in
-- which the caller does something else does not count for them. Nothing is
-- sent before a time that the owner may set.

local call = require "equinix.client.call"
local core = require "equinix.core"
local errors = require "equinix.base.error"

local M = {}

---@class equinix.SideBySide.Entry
---@field call equinix.Call
---@field at number when it may be sent, on core.now()
---@field seconds? number for the whole call, from when it is first sent
---@field sent? number when it was sent last
---@field number? integer of its transfer, while that is under way
---@field index? integer of the owner
---@field extended? boolean its deadline was put off since it was sent
---@field ended? boolean with one of:
---@field response? equinix.Response
---@field err? equinix.Error

---@class equinix.SideBySide
---@field not_before number nothing is sent earlier, on core.now()
---@field on_told? fun(seconds: number, sent: number) the server asked for a
---  pause, in its response to what was sent then
---@field patient? boolean the time in which one gets its token does not count
---  for the others
---@field n integer calls that have not ended
---@field private transfers equinix.Transfers
---@field private entries equinix.SideBySide.Entry[] that have not ended
---@field private ended equinix.SideBySide.Entry[] that `turn` returns next
local SideBySide = {}
SideBySide.__index = SideBySide

local function finish(self, entry, response, err)
  entry.ended, entry.response, entry.err = true, response, err
  self.ended[#self.ended + 1] = entry
end

-- The entries that are left.
local function tidy(self)
  local left = {}
  for _, entry in ipairs(self.entries) do
    if not entry.ended then
      left[#left + 1] = entry
    end
  end
  self.entries, self.n = left, #left
end

--- Adds a call; it is sent by `turn`.
---@param opts equinix.Request checked by equinix.http.validate
---@return equinix.SideBySide.Entry
function SideBySide:add(opts)
  local one, err = call.new(self.client, opts)
  local entry = { call = one, at = 0 }
  if one then
    self.n = self.n + 1
    self.entries[self.n] = entry
  else
    finish(self, entry, nil, err)
  end
  return entry
end

local WORTH_IT = 0.1 -- seconds

-- What came of a transfer.
local function settle(self, entry, response, transport_err)
  local one = entry.call
  entry.number = nil
  if transport_err and transport_err.kind == "timeout" and entry.extended
    and core.now() + WORTH_IT < one.deadline then
    return -- it is sent again: the caller was away
  end
  local result, extra = one:settle(response, transport_err)
  if one.told and self.on_told then
    self.on_told(one.told, entry.sent)
  end
  one.told = nil
  if result == "again" then
    entry.at = core.now() + extra
  else
    finish(self, entry, result, extra)
  end
end

-- When the entry is sent; nil: it never is, and has ended.
local function time_to_send(self, entry)
  local at = math.max(entry.at, self.not_before)
  if at <= core.now() or at < entry.call.deadline then
    return at
  end
  local op = entry.call:op()
  finish(self, entry, errors.fail("timeout", op .. ": the server asked for a "
    .. "pause that ends after the deadline", {
    op = op,
    retry_after = math.ceil(at - core.now()),
  }))
end

-- Gives the calls so much more time.
local function put_off(self, seconds, but)
  for _, entry in ipairs(self.entries) do
    if entry ~= but then
      entry.call.deadline = entry.call.deadline + seconds
      entry.extended = true
    end
  end
end

local function send(self, entry)
  local started = core.now()
  if entry.seconds then
    entry.call.deadline, entry.seconds = started + entry.seconds, nil
  end
  local request, seconds = entry.call:ready()
  if self.patient then
    put_off(self, core.now() - started, entry) -- it may have got a token
  end
  if entry.ended then
    return -- another task closed it meanwhile
  elseif not request then
    return finish(self, entry, nil, seconds)
  end
  local number, transport_err = self.transfers:start(request, seconds)
  entry.number, entry.extended, entry.sent = number, false, core.now()
  if not number then
    settle(self, entry, nil, transport_err)
  end
end

-- Sends what is due. -> when the next one is, on core.now()
local function send_due(self)
  local first = math.huge
  for _, entry in ipairs(self.entries) do
    local at = not entry.number and not entry.ended
      and time_to_send(self, entry)
    if at and at <= core.now() then
      send(self, entry)
      at = not entry.number and not entry.ended and entry.at
    end
    first = math.min(first, at or math.huge)
  end
  return first
end

-- Waits for transfers and judges them.
local function receive(self, seconds)
  local by_number = {}
  for _, entry in ipairs(self.entries) do
    by_number[entry.number or 0] = entry
  end
  for _, result in ipairs(self.transfers:wait(seconds)) do
    local entry = by_number[result.number]
    if entry and result.moved then
      entry.number = nil
    elseif entry then
      settle(self, entry, result.response, result.err)
    end
  end
end

local LONGEST = 3600 -- seconds of a wait: any transfer ends earlier

--- Sends what is due, waits for the first call to end, or to be sent again,
--- and returns what has ended.
---@param seconds? number how long it waits at most; 0: not at all
---@return equinix.SideBySide.Entry[]
function SideBySide:turn(seconds)
  local first = send_due(self)
  if #self.ended == 0 then
    receive(self, math.max(0, math.min(first - core.now(),
      seconds or LONGEST)))
  end
  tidy(self)
  local ended = self.ended
  self.ended = {}
  return ended
end

--- The caller was away for that long. What came meanwhile is judged before
--- anything is sent.
---@param seconds number
function SideBySide:away(seconds)
  put_off(self, seconds)
  receive(self, 0)
end

--- Cancels a call.
---@param entry equinix.SideBySide.Entry
function SideBySide:cancel(entry)
  if entry.number then
    self.transfers:cancel(entry.number)
  end
  entry.ended, entry.number = true, nil
  tidy(self)
end

--- Cancels all of them.
function SideBySide:close()
  self.transfers:close()
  for _, entry in ipairs(self.entries) do
    entry.ended, entry.number = true, nil
  end
  self.entries, self.ended, self.n = {}, {}, 0
end

local HARMLESS = { GET = true, HEAD = true }

--- Sends nothing any more. What may have an effect is waited for, all else is
--- cancelled.
function SideBySide:stop()
  local kept
  repeat
    kept = false
    for _, entry in ipairs(self.entries) do
      if entry.number and not HARMLESS[entry.call.request.method] then
        kept = true
      elseif entry.number then
        self.transfers:cancel(entry.number)
        entry.number = nil
      end
    end
    if kept then
      receive(self, LONGEST)
    end
  until not kept
  self:close()
end

--- What a transport has for that; one whose `send` was replaced has nothing.
---@param transport table the port
---@return {new: fun(): equinix.Transfers}|nil
function M.of(transport)
  local transfers = transport.transfers
  return transfers and transfers.send == transport.send and transfers or nil
end

--- No calls yet.
---@param client table config, tokens, transport, emit
---@return equinix.SideBySide
function M.new(client)
  return setmetatable({
    client = client,
    transfers = M.of(client.transport).new(),
    not_before = 0,
    entries = {},
    ended = {},
    n = 0,
  }, SideBySide)
end

return M
