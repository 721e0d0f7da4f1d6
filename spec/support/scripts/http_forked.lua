-- http_forked: on_chunk forks, and both processes go on inside it.
--
-- Law of this file: host.c runs it; it raises if a response is not complete,
-- or if the child took part of it. luacheck: read globals host
local core = require "equinix.core"

local url = ...
local handle = core.http()

local function get(path, with, on_chunk)
  return with:send({ method = "GET", url = url .. path }, 10, on_chunk)
end

local text, child = "", nil
local ok, response = pcall(get, "/drip", handle, function(chunk)
  text = text .. chunk
  if child == nil then
    child = host.fork()
    if not child then
      -- The rest is on its way: the child must not take it.
      assert(get("/go", core.http()))
      local limit = core.now() + 60
      while host.tally(1) == 0 and core.now() < limit do
        host.nap()
      end
    end
  end
end)

if child then
  assert(not ok and response:find("forked", 1, true), text)
  assert(assert(get("/go", handle)).body == "gone")
  host.tally(1, 1)
else
  assert(ok and response.status == 200)
  assert(text == "halfrest", text)
  assert(host.tally(1) == 1, "the child failed")
end
