-- silent_libcurl: libcurl never says that a transfer has ended.
--
-- Law of this file: faults.c is preloaded; the arguments are its folder and
-- the server's URL. Each wait ends by our own deadline.
local core = require "equinix.core"

local dir, url = ...
assert(io.open(dir .. "/silent", "w")):close()

local function request(path)
  return { method = "GET", url = url .. path }
end

local function assert_timeout(response, err)
  assert(not response and err.kind == "timeout", err and err.message)
end

local handle = core.http()
assert_timeout(handle:send(request "/never", 0.2))
assert_timeout(handle:send(request "/", 0.2))
assert_timeout(handle:send(request "/", 0.2, function() end))
local list = {}
for i = 1, 5 do
  list[i] = request "/"
end
for _, result in ipairs(handle:send_many(list, 3, 0.3)) do
  assert_timeout(result.response, result.err)
end

local engine = require("spec.support.engine").new()
for _ = 1, 3 do
  assert(engine:start(core.prepare(request "/"), 0.2))
end
for _ = 1, 3 do
  local number, response, err = engine:wait(60)
  assert(number, "a transfer is under way for ever")
  assert_timeout(response, err)
end

-- What it has missed is no harm to the next one.
assert(os.remove(dir .. "/silent"))
assert(handle:send(request "/", 60))
assert(engine:start(core.prepare(request "/"), 10))
assert(select(2, engine:wait(60)))
engine:close()
handle:close()
