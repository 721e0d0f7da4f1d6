-- http_starved: sends while the memory runs out, at every point in turn.
--
-- Law of this file: host.c runs it, with the server's URL. A call either
-- returns or raises; in both cases the handle works afterwards.
local core = require "equinix.core"

local url = ...
local handle = core.http()
local request = {
  method = "POST", url = url, body = ("x"):rep(5000), may_resend = true,
  headers = { { "X-A", "1" }, { "X-B", ("2"):rep(300) } },
}

local function send()
  return assert(handle:send(request, 60)).body
end

local function send_many()
  local list = {}
  for i = 1, 10 do
    list[i] = request
  end
  local results = handle:send_many(list, 3, 10)
  for i = 1, 10 do
    assert(results[i].response, "a response is missing")
  end
  return results[10].response.body
end

local function make()
  local new = core.http()
  local body = assert(new:send(request, 60)).body
  new:close()
  return body
end

local expected = send()
local failures = 0
for _, use in ipairs { send, send_many, make } do
  local n, ok, body = 0, false, nil
  while not ok do
    ok, body = host.starve(n, use) -- luacheck: globals host
    if not ok then
      failures = failures + 1
      assert(tostring(body):find "not enough memory", body)
    end
    assert(send() == expected)
    n = n + 1
    assert(n < 2000, "it never succeeded")
  end
  assert(body == expected)
end
-- It ran out of memory at many points.
assert(failures > 30, failures)
handle:close()
