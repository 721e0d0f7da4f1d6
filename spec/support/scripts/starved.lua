-- starved: without memory a call raises, and that is all: no lock is kept, no
-- lease is lost, and the next call returns the right result.
-- luacheck: read globals host
local core = require "equinix.core"
local tokens = core.tokens
local slot = tokens.open "starved"

local function fill(header)
  local turn, lease = slot:acquire(nil, true)
  assert(turn == "lead", turn)
  local t = core.now() + 1000
  assert(slot:publish(lease, ("r"):rep(3000), header,
    { fresh = t, advisory = t, expires = t }))
end

local function check(header)
  assert(slot:peek() == header)
  local state, _, same, record = slot:read()
  assert(state == "fresh" and same == header and #record == 3000)
end

local calls = {
  peek = function() return slot:peek() end,
  read = function() return slot:read() end,
  bind = function() return slot:bind()() end,
  bind_slow = function() return slot:bind(error)() end,
  open = function() return tokens.open("starved"):peek() end,
  alone = function() return tokens.open("starved", nil, true):read() end,
  rate_limit = function() return slot:rate_limit(8, 0) end,
  info = function() return tokens.info() end,
  counters = function() return slot:counters() end,
}
for name, call in pairs(calls) do
  local n = 0
  repeat
    -- Made anew for each use: LuaJIT has every string once, and to return a
    -- string that exists takes no memory.
    local function header()
      return ("Bearer %s %d "):format(name, n) .. ("h"):rep(1000)
    end
    fill(header())
    collectgarbage()
    collectgarbage()
    local ok = host.starve(n, call)
    check(header())
    n = n + 1
  until ok
  assert(name == "rate_limit" or n > 1, name .. " never ran out of memory")
end

-- acquire may take the lease and then have no memory to return it: a slot that
-- is closed, or collected, ends it all the same.
for n = 0, 20 do
  local key = "starved leader " .. n
  local other = tokens.open(key)
  host.starve(n, function()
    local one = tokens.open(key)
    one:acquire()
  end)
  collectgarbage()
  collectgarbage()
  assert(other:acquire() == "lead")
end
