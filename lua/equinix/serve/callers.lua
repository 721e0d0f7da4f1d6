--- callers: how many requests are in flight in this worker, and whose; and
--- which of them are still sending their body.
--
-- Law of this file: what takes no time is not counted. A request has a place
-- from before its body is read until it is answered. Where there is no free
-- place, for an address or at all, the caller that has been sending its body
-- for longest loses its own; only where none is sending is the new request
-- refused. Nothing here waits.

local M = {}

local PER_ADDRESS, TOTAL = 1000, 4000 -- requests in flight in a worker

-- nginx ends a request without our knowledge when its caller leaves in the
-- middle of the body. Its place is free at the deadline of the body, and a
-- second, since the request itself may be about to end.
local SPARE = 1

---@class equinix.serve.Place of a request in flight
---@field address string
---@field drop fun()|nil ends the reading of the body, while that goes on
---@field deadline number|nil of the body
---@field before equinix.serve.Place|nil the next older one that reads
---@field after equinix.serve.Place|nil the next younger one

---@class equinix.serve.Callers
---@field private now fun(): number seconds
---@field private total integer
---@field private of table<string, integer> by address
---@field private oldest? equinix.serve.Place of those that read a body
---@field private youngest? equinix.serve.Place
local Callers = {}
Callers.__index = Callers

-- A place is in the list exactly while it has a deadline.
local function unlink(self, place)
  if not place.deadline then
    return
  end
  local before, after = place.before, place.after
  if before then
    before.after = after
  else
    self.oldest = after
  end
  if after then
    after.before = before
  else
    self.youngest = before
  end
  place.before, place.after, place.deadline = nil, nil, nil
end

-- Takes the place of the slowest caller, of an address or of all.
local function drop(self, address)
  local place = self.oldest
  while place and address and place.address ~= address do
    place = place.after
  end
  if not place then
    return false
  end
  place.drop()
  self:leave(place)
  return true
end

local function expire(self)
  local oldest = self.oldest
  if oldest and oldest.deadline + SPARE < self.now() then
    self:leave(oldest)
    return expire(self)
  end
end

--- Takes a place for a request.
---@param address string of its caller
---@return equinix.serve.Place|nil place nil: all are taken
function Callers:enter(address)
  expire(self)
  local count = self.of[address] or 0
  if count >= PER_ADDRESS and not drop(self, address)
    or self.total >= TOTAL and not drop(self) then
    return nil
  end
  self.of[address] = (self.of[address] or 0) + 1
  self.total = self.total + 1
  return { address = address }
end

--- Notes that a body is about to be read. The one that began first is dropped
--- first, so all bodies have to get the same time.
---@param place equinix.serve.Place
---@param seconds number that it may take
---@param on_drop fun() called at most once, without waiting
function Callers:read(place, seconds, on_drop)
  local youngest = self.youngest
  place.deadline, place.drop = self.now() + seconds, on_drop
  place.before = youngest
  if youngest then
    youngest.after = place
  else
    self.oldest = place
  end
  self.youngest = place
end

--- Notes that the body has been read.
---@param place equinix.serve.Place
function Callers:done(place)
  unlink(self, place)
end

--- Gives a place back; a second call does nothing.
---@param place equinix.serve.Place
function Callers:leave(place)
  local address = place.address
  unlink(self, place)
  if address then
    local count = self.of[address] - 1
    self.of[address] = count > 0 and count or nil
    self.total = self.total - 1
    place.address = nil
  end
end

---@param now fun(): number
---@return equinix.serve.Callers
function M.new(now)
  return setmetatable({ now = now, total = 0, of = {} }, Callers)
end

return M
