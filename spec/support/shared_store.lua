--- shared_store: a user's own store, for processes that share nothing but a
-- file: as simple as a table in a database. A lock ends when its time is over,
-- whatever happens to its holder.
--
-- While there is a file of the name `<path>.cut.<pid>`, that process can't
-- reach it: each step hangs for the seconds that it was given, then fails.

local core = require "equinix.core"
local json = require "equinix.base.json"
local lfs = require "lfs"

local M = {}

local Store = {}
Store.__index = Store

local function hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function unhex(text)
  return (text:gsub("..", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- Runs `use` with the table, alone; what it changed is kept.
local function with(self, seconds, use)
  local cut = lfs.attributes(("%s.cut.%d"):format(self.path, core.pid()))
  if cut then
    core.sleep(seconds)
    return nil, "the network is unreachable", { temporary = true }
  end
  local file = assert(io.open(self.path, "r+b"))
  while not lfs.lock(file, "w") do
    core.sleep(0.001)
  end
  local data = json.decode(file:read "*a") or {}
  data.records, data.locks = data.records or {}, data.locks or {}
  local a, b, c = use(data, core.time())
  local text, size = assert(json.encode(data)), file:seek "end"
  file:seek("set", 0)
  -- Blanks over what is left of a longer text.
  file:write(text, (" "):rep(math.max(0, size - #text)))
  file:close()
  return a, b, c
end

function Store:load(key, seconds)
  return with(self, seconds, function(data, now)
    local found = data.records[key]
    if found and found.ends > now then
      return unhex(found.bytes), found.ends - now
    end
  end)
end

local function is_held(data, lease, now)
  local held = data.locks[lease.key]
  return held and held.mark == lease.mark and held.ends > now
end

function Store:save(key, bytes, ttl, lease, seconds)
  return with(self, seconds, function(data, now)
    if lease.key ~= key or not is_held(data, lease, now) then
      return nil, "stale"
    end
    data.records[key] = { bytes = hex(bytes), ends = now + ttl }
    return true
  end)
end

function Store:lock(key, ttl, seconds)
  return with(self, seconds, function(data, now)
    local held = data.locks[key]
    if held and held.ends > now then
      return nil, "busy"
    end
    local lease = { key = key, mark = core.sha256(tostring(core.random())) }
    data.locks[key] = { mark = lease.mark, ends = now + ttl }
    return lease
  end)
end

local function extend(self, lease, ttl, seconds)
  return with(self, seconds, function(data, now)
    if not is_held(data, lease, now) then
      return nil, "stale"
    end
    data.locks[lease.key].ends = now + ttl
    return true
  end)
end

function Store:unlock(lease, seconds)
  return with(self, seconds, function(data, now)
    if is_held(data, lease, now) then
      data.locks[lease.key] = nil
    end
    return true
  end)
end

function Store:delete(key, seconds)
  return with(self, seconds, function(data)
    data.records[key] = nil
    return true
  end)
end

--- Cuts this process off from it.
function Store:cut()
  assert(io.open(("%s.cut.%d"):format(self.path, core.pid()), "w")):close()
end

--- Opens it; the first one makes the file.
---@param path string
---@param plain? boolean without `extend`
function M.open(path, plain)
  assert(io.open(path, "ab")):close()
  return setmetatable({ path = path, extend = not plain and extend or nil },
    Store)
end

return M
