-- haproxy: the transport's tasks in a real HAProxy. (The gateway on it has a
-- spec of its own.)
--
-- The loaded file runs a case as a task and keeps what it returns; a service
-- passes that on.
local haproxy = require "spec.support.haproxy"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local resp = require "spec.support.resp"

local missing = haproxy.missing()
if missing then
  pending("the transport in HAProxy: " .. missing)
  return
end

local SERVER = [[
  local c = ...
  local s = c.share
  s.issued, s.seen = s.issued or 0, s.seen or {}
  local function json(status, text, more)
    c:send(("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s"
      .. "Content-Length: %d\r\n\r\n%s"):format(status, more or "", #text,
      text))
  end
  for request in function() return c:request() end do
    local path = request.path
    local first = not s.seen[path]
    s.seen[path] = true
    if path == "/oauth2/v1/token" then
      s.issued = s.issued + 1
      c:sleep(0.2)
      json("200 OK", ('{"access_token":"token%d","token_timeout":3600,'
        .. '"token_type":"Bearer"}'):format(s.issued))
    elseif path == "/again/503" and first then
      json("503 Service Unavailable", "{}", "Retry-After: 1\r\n")
    elseif path == "/again/reset" and first then
      c:reset()
      return
    else
      if path:find "^/slow" then
        c:sleep(1)
      end
      json("200 OK", '"' .. path .. '"')
    end
  end
]]

-- What each case has: `client`, `run`, `sleep`, `now`; all that it begins has
-- to end before it returns.
local LUA = [[
  local run, sleep = gateway.run, gateway.sleep
  local now = require("equinix.core").now
  local client, result = demo(), nil
  local function together(n, f)
    local left = n
    for i = 1, n do
      run(function()
        f(i)
        left = left - 1
      end)
    end
    while left > 0 do sleep(0.005) end
  end
  if (core.thread or 0) <= 1 then
    run(function()
      local ok, value = pcall(function() %s end)
      result = ok and tostring(value) or "raised: " .. tostring(value)
    end)
  end
  service("result", function()
    return result
  end)
]]

describe("a task in HAProxy", function()
  local server, h
  before_each(function()
    server = rawserver.start(SERVER)
  end)
  after_each(function()
    h:stop()
    server:stop()
  end)

  -- What the case returned, as text. Services run in any thread's state.
  local function run(code, load)
    h = haproxy.start { server = server, load = load or "lua-load",
      lua = LUA:format(code), services = { "result" }, backend = "" }
    return process.eventually(function()
      local body = h:ask "result"
      return body ~= "nil" and body
    end)
  end

  local function token_requests()
    local n = 0
    for _, request in ipairs(server:requests()) do
      n = n + (request.path == "/oauth2/v1/token" and 1 or 0)
    end
    return n
  end

  for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
    it("is one of 500 that begin without a token, which cost one request: "
      .. load, function()
      assert.equal("500", run([[
        local right = 0
        together(500, function(i)
          local response = client:get("/" .. i)
          right = right + (response and response.body == '"/' .. i .. '"'
            and 1 or 0)
        end)
        return right
      ]], load))
      assert.equal(1, token_requests())
    end)
  end

  it("waits side by side with others, and its deadline ends it", function()
    assert.equal("timeout 200 true", run [[
      assert(client:token())
      local start, outcomes = now(), {}
      together(2, function(i)
        local response, err = client:get("/slow" .. i,
          { timeout = i == 1 and 0.3 or 5, retry = false })
        outcomes[i] = response and response.status or err.kind
      end)
      return outcomes[1] .. " " .. outcomes[2] .. " "
        .. tostring(now() - start < 4)
    ]])
  end)

  it("repeats a 503 and a reset while others go on", function()
    assert.equal("/again/503", run [[
      local order = {}
      local paths = { "/again/503", "/again/reset", "/other" }
      together(3, function(i)
        assert(client:get(paths[i]).status == 200)
        order[#order + 1] = paths[i]
      end)
      return order[3]
    ]])
  end)

  it("sends many, writes a file, and takes no function", function()
    assert.equal("20 sink_function file true", run [[
      local requests = {}
      for i = 1, 20 do requests[i] = { path = "/" .. i } end
      local right = 0
      for i, one in ipairs(client:all(requests, { concurrency = 4 })) do
        right = right + (one.response.body == '"/' .. i .. '"' and 1 or 0)
      end
      local _, err = client:get("/f", { sink = function() end })
      local path = os.tmpname()
      assert(client:get("/file", { sink = path }))
      local file = io.open(path)
      local text = file:read "*a"
      file:close()
      os.remove(path)
      return right .. " " .. err.code .. " " .. text:match "%a+" .. " "
        .. tostring(gateway.can_wait())
    ]])
  end)

  it("carries exchanges of many tasks, each with its own reply", function()
    local raw = rawserver.start(resp.SERVER .. [[
      for text in command do c:send("+" .. text:match "%S+$" .. "\r\n") end
    ]])
    finally(function()
      raw:stop()
    end)
    assert.equal("50 true", run((([[
      local own, resp = require "equinix.core", require "spec.support.resp"
      local transport, right = require "equinix.transport.haproxy", 0
      local function send(i)
        return assert(transport.send(own.exchange(resp.options(PORT, {
          send = resp.command("ECHO", i) })), 30))
      end
      together(50, function(i)
        local body = send(i).body
        right = right + (body == "+" .. i .. "\r\n" and 1 or 0)
      end)
      return right .. " " .. tostring(send(1).kept)
    ]]):gsub("PORT", raw.port))))
  end)

  it("shares its token with the next HAProxy by a file store", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local code = ([[
      local c = demo { client_id = "store", store =
        require("equinix.store.file").new { dir = %q } }
      return c:get("/").status
    ]]):format(dir .. "/store")
    assert.equal("200", run(code))
    h:stop()
    assert.equal("200", run(code, "lua-load-per-thread"))
    assert.equal(1, token_requests())
  end)

  it("harms no other when it raises, or yields by itself", function()
    assert.equal("200 3", run [[
      local yielded = 0
      run(function() error "on purpose" end)
      run(function()
        for _ = 1, 3 do
          coroutine.yield()
          yielded = yielded + 1
        end
      end)
      while yielded < 3 do sleep(0.005) end
      return client:get("/").status .. " " .. yielded
    ]])
    assert.is_truthy(h:log():find("a task raised an error: ", 1, true))
  end)
end)
