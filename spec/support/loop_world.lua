-- loop_world: a server, clients, and the runs of a loop, for the specs of the
-- adapters for event loops.
--
-- Law of this file: it knows no loop and asserts nothing.
local core = require "equinix.core"
local equinix = require "equinix"
local rawserver = require "spec.support.rawserver"

local M = {}

-- /token-slow: token requests take a second from then on. /refuse: the token
-- that is current gets 401. /again/...: 503 or a reset, then 200. /slow...: a
-- second. /held...: until a request for /go. /count: how many others wait for
-- their responses.
local SERVER = [[
  local c = ...
  local share = c.share
  share.issued = share.issued or 0
  share.seen = share.seen or {}
  local function json(status, text, more)
    c:send(("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s"
      .. "Content-Length: %d\r\n\r\n%s"):format(status, more or "", #text,
      text))
  end
  for request in function() return c:request() end do
    local path, sent = request.path, request.headers.authorization
    local first = not share.seen[path]
    share.now = (share.now or 0) + 1
    share.go = share.go or path == "/go"
    if path:find "^/again/" then
      share.seen[path] = true
    end
    if path == "/oauth2/v1/token" then
      share.issued = share.issued + 1
      local token = "token" .. share.issued
      c:sleep(share.token_slow or 0.05)
      json("200 OK", '{"access_token":"' .. token .. '","token_timeout":3600,'
        .. '"token_type":"Bearer"}')
    elseif path == "/token-slow" then
      share.token_slow = 1
      json("200 OK", "{}")
    elseif path == "/refuse" then
      share.refused = sent
      json("200 OK", "{}")
    elseif sent and sent == share.refused then
      json("401 Unauthorized", "{}")
    elseif path == "/again/503" and first then
      json("503 Service Unavailable", "{}", "Retry-After: 1\r\n")
    elseif path == "/again/reset" and first then
      c:reset()
      share.now = share.now - 1
      return
    else
      if path:find "^/slow" then
        c:sleep(1)
      end
      while path:find "^/held" and not share.go do
        c:sleep(0.005)
      end
      json("200 OK", path == "/count" and ("%d"):format(share.now - 1)
        or '"' .. path .. '"')
    end
    share.now = share.now - 1
  end
]]

local World = {}
World.__index = World

local number = 0

--- A client of that server with an account, and so a token, of its own.
---@param options? equinix.Options
function World:client(options)
  number = number + 1
  local all = {
    base_url = self.server.url,
    client_id = ("loop-%d-%d"):format(core.pid(), number),
    client_secret = "a secret of no use",
    transport = self.loop.transport,
  }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(equinix.new(all))
end

--- The body, or the error as text.
function M.get(c, path, opts)
  local response, err = c:get(path, opts)
  return response and response.body or tostring(err)
end

--- How many requests of a path have come.
function World:count(path)
  local n = 0
  for _, request in ipairs(self.server:requests()) do
    n = n + (request.path == path and 1 or 0)
  end
  return n
end

function World:token_requests()
  return self:count "/oauth2/v1/token"
end

--- Runs a function as a task until the loop ends by itself.
function World:run(f)
  local problem
  self.loop.start(function()
    local ok, message = xpcall(f, debug.traceback)
    problem = not ok and message or nil
  end)
  self.loop.finish()
  assert(not problem, problem)
end

--- Turns until a condition is true.
function World:turn_until(condition)
  local give_up = core.now() + 60
  while not condition() do
    assert(core.now() < give_up, "it did not come")
    self.loop.turn()
  end
end

--- Waits, in a task, until so many requests are being served.
function World:wait_for(client, n)
  local give_up = core.now() + 60
  while tonumber(M.get(client, "/count")) ~= n do
    assert(core.now() < give_up, "they did not come")
    self.loop.sleep(0.01)
  end
end

---@param loop table of spec/support/loops
---@param url? string of a server that runs already
function M.new(loop, url)
  return setmetatable({
    loop = loop,
    server = url and { url = url } or rawserver.start(SERVER),
  }, World)
end

return M
