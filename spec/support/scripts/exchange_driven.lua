-- exchange_driven: one thread starts exchanges, the others drive them.
--
-- Law of this file: host.c runs it in three threads, with the port of a Redis.
-- The first one starts, cancels and reads; it raises if a reply is lost, is
-- another one's, or comes twice.
local core = require "equinix.core"
local resp = require "spec.support.resp"

local port = tonumber((...))

if worker ~= 1 then -- luacheck: globals worker host
  while host.tally(1) == 0 do
    host.nap()
  end
  local id = host.tally(1)
  while host.tally(2) == 0 do
    if not core.drive(id, 0.05) then
      host.nap() -- the other one drives
    end
  end
  return
end

local engine = core.engine()
engine:limit(8)
host.tally(1, assert(engine:id()))

local texts, started, ended, cancelled = {}, 0, 0, 0

local function start()
  started = started + 1
  local text = ("%06d"):format(started):rep(50)
  local number = assert(engine:start(core.exchange(resp.options(port, {
    login = resp.command("SELECT", 1), identity = "of " .. started % 3,
    send = resp.command("ECHO", text) })), 60))
  texts[number] = text
  if started % 10 == 0 then
    assert(engine:cancel(number))
    texts[number] = nil
    cancelled = cancelled + 1
  end
end

local function read()
  for _, result in ipairs(engine:results()) do
    local text = assert(texts[result.number], "not under way")
    texts[result.number] = nil
    ended = ended + 1
    assert(result.response, result.err and result.err.message)
    assert(result.response.body == "$300\r\n" .. text .. "\r\n")
  end
end

while started < 400 do
  for _ = 1, 10 do
    start()
  end
  read()
  collectgarbage "step"
end
while next(texts) do
  host.nap()
  read()
end
assert(ended + cancelled == 400)
-- It is closed under a thread that drives.
for _ = 1, 20 do
  start()
end
engine:close()
assert(not core.drive(host.tally(1), 0), "a closed engine is driven")
host.tally(2, 1)
