-- call: one API call; scripted answers, for each rule of repetition.
local equinix = require "equinix"
local old_token = require "spec.support.old_token"
local rawserver = require "spec.support.rawserver"
local scripted = require "spec.support.scripted"

local token = scripted.token

-- A client whose transport gives out tokens t1, t2 ... and these answers to
-- everything else; `calls` lists what went to the API.
local function client(answers, opts)
  local calls, tokens = {}, 0
  local transport
  transport = scripted.transport { function(request, seconds)
    if request.url:find("/oauth2/v1/", 1, true) then
      tokens = tokens + 1
      return token("t" .. tokens)
    end
    calls[#calls + 1] = {
      method = request.method,
      url = request.url,
      body = request.body,
      seconds = seconds,
      may_resend = request.may_resend,
      headers = {},
    }
    local seen = calls[#calls]
    for _, field in ipairs(request.headers) do
      seen.headers[field[1]:lower()] = field[2]
    end
    local answer = answers[math.min(#calls, #answers)]
    return type(answer) == "function" and answer(seen) or answer
  end }
  local all = {
    client_id = scripted.unique(),
    client_secret = "s3cret-of-this-app",
    base_url = "https://api.example.com",
    transport = transport,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  local c = assert(equinix.new(all))
  return c, calls, transport, function()
    return tokens
  end
end

local OK = scripted.json(200, { state = "HEALTHY" })

local function status(code, headers, body)
  return scripted.json(code, body or "", headers)
end

describe("a request", function()
  it("carries the token, our name and JSON both ways", function()
    local c, calls = client { OK }
    local answer = assert(c:post("/v2/x", {
      json = { a = 1 },
      query = { b = "x y" },
      headers = { ["X-Mine"] = "yes" },
    }))
    assert.equal("HEALTHY", answer:json().state)
    assert.equal("https://api.example.com/v2/x?b=x%20y", answer.url)
    local sent = calls[1]
    assert.equal("POST", sent.method)
    assert.equal('{"a":1}', sent.body)
    assert.equal("Bearer t1", sent.headers.authorization)
    assert.equal("application/json", sent.headers["content-type"])
    assert.equal("application/json", sent.headers.accept)
    assert.equal("yes", sent.headers["x-mine"])
    assert.truthy(sent.headers["user-agent"]:find("^lua%-equinix/"))
  end)

  it("sends each verb as itself", function()
    local c, calls = client { OK }
    for _, verb in ipairs { "get", "head", "delete", "post", "put",
      "patch" } do
      assert(c[verb](c, "/x"))
      assert.equal(verb:upper(), calls[#calls].method)
    end
  end)

  it("sends a form, a body, and lets a caller's header win", function()
    local c, calls = client { OK }
    assert(c:post("/x", { form = { b = "2", a = "1 &" } }))
    assert.equal("a=1%20%26&b=2", calls[1].body)
    assert(c:put("/x", { body = "raw", headers = { Accept = "text/csv" } }))
    assert.equal("raw", calls[2].body)
    assert.equal("text/csv", calls[2].headers.accept)
  end)

  it("returns 2xx and accepted statuses, and nothing else", function()
    for code, kind in pairs { [400] = "http", [401] = "auth", [403] = "http",
      [404] = "http", [500] = "http", [304] = "http" } do
      local c = client { status(code) }
      local answer, problem = c:get "/fabric/v4/ports?name=secret-name"
      assert.is_nil(answer)
      assert.equal(kind, problem.kind)
      assert.equal(code, problem.status)
      assert.equal(code, problem.response.status)
      assert.equal("GET /fabric/v4/ports", problem.op)
      assert.falsy(tostring(problem):find("secret-name", 1, true))
    end
    local c = client { status(404) }
    assert.equal(404, assert(c:get("/x", { accept = { 404 } })).status)
  end)

  it("refuses what can't be sent, before a token is asked for", function()
    local c, calls, transport = client { OK }
    for _, opts in ipairs {
      { path = "//evil.example/x" },
      { path = "https://evil.example/x" },
      { path = "http://api.example.com/x" },
      { path = "https://api.example.com:444/x" },
      { path = "https://u@api.example.com/x" },
      { path = "/a\\b" }, { path = "/a\r\nb" }, { path = "/a\0b" },
      { path = "fabric" }, { path = "" },
      { path = "/x", method = "GE T" }, { path = "/x", method = "GET\r\n" },
      { path = "/x", headers = { ["X-A"] = "1\r\nX-B: 2" } },
      { path = "/x", headers = { ["X-A"] = "1\0" } },
      { path = "/x", headers = { ["X A"] = "1" } },
      { path = "/x", json = { f = print } },
    } do
      local answer, problem = c:request(opts)
      assert.is_nil(answer)
      assert.equal("config", problem.kind)
    end
    assert.equal(0, #calls)
    assert.equal(0, #transport.sent)
  end)

  it("raises at the caller's line for a mistake in the program", function()
    local c = client { OK }
    for _, case in ipairs {
      { { path = "/x", json = {}, body = "" }, "one of json, body and form" },
      { { path = "/x", headers = { authorization = "x" } }, "Authorization" },
      { { path = "/x", tiemout = 3 }, "did you mean 'timeout'" },
      { { path = 3 }, "must be a string" },
    } do
      local ok, message = pcall(function()
        local _ = c:request(case[1])
      end)
      assert.is_false(ok)
      assert.truthy(message:find("client/call_spec.lua:", 1, true))
      assert.truthy(message:find(case[2], 1, true))
    end
    local _, message = pcall(function()
      c:get("/x", { tiemout = 3 })
    end)
    assert.truthy(message:find("client/call_spec.lua:", 1, true))
  end)

  it("goes with the token to an allowed origin", function()
    local c, calls = client({ OK }, {
      allowed_origins = { "https://sts.example.com" },
    })
    assert(c:get "https://sts.example.com/x")
    assert.equal("Bearer t1", calls[1].headers.authorization)
    assert.is_nil((c:get "https://sts.example.com:8443/x"))
  end)

  it("has a deadline for everything together", function()
    local c, calls = client { OK }
    assert(c:get("/x", { timeout = 7 }))
    assert.is_true(calls[1].seconds <= 7)
    assert(c:get "/x")
    assert.is_true(calls[2].seconds > 7 and calls[2].seconds <= 30)
  end)
end)

describe("a 401", function()
  it("costs one renewal and one repetition", function()
    local c, calls, _, tokens = client { status(401), OK }
    old_token(c)
    assert(c:post("/x", { json = { a = 1 } }))
    assert.equal(2, #calls)
    assert.equal(2, tokens())
    assert.equal("Bearer t2", calls[2].headers.authorization)
    assert.equal(calls[1].body, calls[2].body)
  end)

  it("the second time is final, and leaves the newer token alone", function()
    local c, calls, _, tokens = client { status(401, nil, { {
      errorCode = "EQ-3000039",
      errorMessage = "Unauthorized",
      correlationId = "c-1",
    } }) }
    old_token(c)
    local answer, problem = c:get "/x"
    assert.is_nil(answer)
    assert.equal("auth", problem.kind)
    assert.equal("EQ-3000039", problem.code)
    assert.equal("c-1", problem.correlation_id)
    assert.equal(2, #calls)
    assert.equal(2, tokens())
  end)

  it("is no reason to renew when the token is newer already", function()
    local c, calls, _, tokens
    c, calls, _, tokens = client { function(call)
      if call.headers.authorization == "Bearer t1" then
        c:refresh()
        return status(401)
      end
      return OK
    end }
    assert(c:get "/x")
    assert.equal(2, tokens())
    assert.equal("Bearer t2", calls[2].headers.authorization)
  end)

  it("of a static token is final at once", function()
    local calls = 0
    local transport = scripted.transport { function()
      calls = calls + 1
      return status(401)
    end }
    local c = assert(equinix.new { token = "mine", transport = transport })
    local _, problem = c:get "/x"
    assert.equal("auth", problem.kind)
    assert.matches("EQUINIX_API_TOKEN", problem.message, 1, true)
    assert.equal(1, calls)
    assert.equal("Bearer mine", c:authorization())
    assert.is_nil((c:refresh()))
  end)

  it("as a 403 is a permission: no renewal", function()
    local c, calls, _, tokens = client { status(403) }
    c:get "/x"
    assert.equal(1, #calls)
    assert.equal(1, tokens())
  end)
end)

describe("a repetition", function()
  it("follows 429 and 503 for any method, by Retry-After", function()
    for _, code in ipairs { 429, 503 } do
      local c, calls, transport = client {
        status(code, { ["retry-after"] = "3" }), OK }
      assert(c:post("/x", { json = {} }))
      assert.equal(2, #calls)
      assert.same({ 3 }, transport.slept)
    end
    local c, calls = client { status(429), OK }
    assert(c:post("/x", { json = {} }))
    assert.equal(2, #calls)
  end)

  -- A gateway says 503 also when its backend broke off while it read the
  -- request, so without Retry-After it may have been carried out.
  it("follows 502, 503, 504 and broken transfers only where it is harmless",
    function()
      for _, answer in ipairs { status(502), status(504), status(503),
        status(503, { ["retry-after"] = "soon" }),
        -- As Varnish says it when its backend broke off.
        { status = 503, body = "<!DOCTYPE html>", headers = {
          { "Content-Type", "text/html; charset=utf-8" },
          { "Retry-After", "5" } } },
        scripted.broken("network", true),
        scripted.broken("timeout", true) } do
        local c, calls = client { answer, OK }
        assert.is_nil((c:post("/x", { json = {} })))
        assert.equal(1, #calls)
        assert(c:post("/x", { json = {}, idempotent = true }))
        c, calls = client { answer, OK }
        assert(c:get "/x")
        assert.equal(2, #calls)
      end
    end)

  it("follows a connect that sent nothing for any method", function()
    local c, calls = client { scripted.broken("network", false), OK }
    assert(c:patch("/x", { json = {} }))
    assert.equal(2, #calls)
  end)

  it("stops after the attempts, and at once with retry=false", function()
    local c, calls = client { status(503) }
    assert.equal(503, select(2, c:get "/x").status)
    assert.equal(4, #calls)
    c:get("/x", { retry = false })
    assert.equal(5, #calls)
    c:get("/x", { retry = { attempts = 2 } })
    assert.equal(7, #calls)
  end)

  it("that would pass the deadline is left out", function()
    local c, calls, transport = client {
      status(429, { ["retry-after"] = "60" }) }
    local _, problem = c:get("/x", { timeout = 5 })
    assert.equal(429, problem.status)
    assert.equal(60, problem.retry_after)
    assert.equal(1, #calls)
    assert.same({}, transport.slept)
  end)

  it("never lets the transport send a POST again by itself", function()
    local c, calls = client { OK }
    c:get "/x"
    c:post "/x"
    c:patch "/x"
    c:post("/x", { idempotent = true })
    local may_resend = {}
    for i, call in ipairs(calls) do
      may_resend[i] = call.may_resend
    end
    assert.same({ true, false, false, true }, may_resend)
  end)
end)

describe("an answer that quotes the token", function()
  it("brings it into no error, however it is written", function()
    local secret = "the/access+token=0123"
    for _, echo in ipairs { secret, "the%2Faccess%2Btoken%3D0123",
      [[the\/access+token=0123]] } do
      local body = [[{"errorCode":"E-1","errorMessage":"no: Bearer %s"}]]
      local c = scripted.client { token(secret), scripted.json(400,
        body:format((echo:gsub("\\", "\\\\")))) }
      local _, problem = c:get "/x"
      assert.equal("E-1", problem.code)
      assert.matches("redacted", problem.errors[1].message)
      for _, word in ipairs { "0123", "access" } do
        assert.is_nil(problem.errors[1].message:find(word, 1, true))
      end
    end
  end)
end)

describe("a token endpoint in back-off", function()
  it("is waited for inside the deadline, but not with retry=false",
    function()
      local tokens = 0
      local transport
      transport = scripted.transport { function(request)
        if request.url:find("/oauth2/", 1, true) then
          tokens = tokens + 1
          return tokens == 1 and status(503) or token "t"
        end
        return OK
      end }
      -- Sleeping has to take its time here, or the back-off never ends.
      transport.sleep = require("equinix.core").sleep
      local c = assert(equinix.new {
        client_id = scripted.unique(), client_secret = "s3cret-of-this-app",
        transport = transport,
      })
      assert.equal(503, select(2, c:get("/x", { retry = false })).status)
      assert.equal(503, select(2, c:get("/x", { timeout = 0.1 })).status)
      assert.equal(1, tokens)
      assert(c:get "/x")
      assert.equal(2, tokens)
    end)

  it("is not waited for where waiting mends nothing", function()
    for _, kind in ipairs { "tls", "config" } do
      local c, transport = scripted.client { scripted.broken(kind, false) }
      assert.equal(kind, select(2, c:get "/x").kind)
      assert.equal(1, #transport.sent)
      assert.same({}, transport.slept)
    end
  end)
end)

describe("a redirect", function()
  local function to(location, code)
    return status(code or 302, { location = location })
  end

  it("of a GET is followed within the origin, five times", function()
    for _, code in ipairs { 301, 302, 303, 307, 308 } do
      local c, calls = client { to("/elsewhere", code), OK }
      assert(c:get "/x")
      assert.equal("https://api.example.com/elsewhere", calls[2].url)
    end
    local c, calls = client { to "/again" }
    assert.equal("protocol", select(2, c:get "/x").kind)
    assert.equal(6, #calls)
  end)

  it("to another origin is an error that names it", function()
    for _, location in ipairs { "https://evil.example/x", "//evil.example/x",
      "http://api.example.com/x", "https://api.example.com:444/x" } do
      local c, calls = client { to(location) }
      local _, problem = c:get "/x"
      assert.equal("protocol", problem.kind)
      assert.equal("redirect", problem.code)
      assert.equal(1, #calls)
    end
    local c = client { to "https://evil.example/x?token=abc" }
    local text = tostring(select(2, c:get "/x"))
    assert.truthy(text:find("https://evil.example:443", 1, true))
    assert.falsy(text:find("token=abc", 1, true))
  end)

  it("of a POST is never followed", function()
    for _, code in ipairs { 301, 302, 303, 307, 308 } do
      local c, calls = client { to("/elsewhere", code) }
      assert.equal("protocol", select(2, c:post("/x", { json = {} })).kind)
      assert.equal(1, #calls)
    end
  end)

  it("is not followed against field follow", function()
    local function never()
      return false
    end
    for _, follow in ipairs { false, never, function() end } do
      local c, calls = client { to "/elsewhere", OK }
      local answer, problem = c:get("/x", { follow = follow })
      assert.is_nil(answer)
      assert.equal("protocol", problem.kind)
      assert.equal("redirect", problem.code)
      assert.equal(302, problem.response.status)
      assert.equal("/elsewhere", problem.response.headers.location)
      assert.matches("follow", problem.message)
      assert.equal(1, #calls)
    end
  end)

  it("asks field follow about each URL that it leads to", function()
    local asked = {}
    local function follow(url)
      asked[#asked + 1] = url
      return #asked < 3
    end
    local c, calls = client { to "/a/../b?q=1", to "c", to "d", OK }
    assert.equal("redirect", select(2, c:get("/x", { follow = follow })).code)
    assert.same({ "https://api.example.com/b?q=1",
      "https://api.example.com/c", "https://api.example.com/d" }, asked)
    assert.equal(3, #calls)
    c, calls = client { to "/b", OK }
    assert(c:get("/x", { follow = true }))
    assert.equal(2, #calls)
  end)

  it("is not allowed by field follow where it is not allowed at all",
    function()
      local function always()
        return true
      end
      local c, calls = client { to "https://evil.example/x" }
      assert.is_nil((c:get("/x", { follow = always })))
      c = client { to "/elsewhere" }
      assert.is_nil((c:post("/x", { follow = always })))
      assert.equal(1, #calls)
    end)
end)

describe("a sink", function()
  local function client_with(answers)
    local given = {}
    local transport = scripted.transport { scripted.token "t" }
    local n = 0
    local send = transport.send
    function transport.send(request, seconds, drain)
      if request.url:find("/oauth2/", 1, true) then
        return send(request, seconds)
      end
      n = n + 1
      given[n] = { sink = request.sink, drain = drain }
      return answers[n](drain)
    end
    return assert(equinix.new {
      client_id = scripted.unique(), client_secret = "s3cret-of-this-app",
      base_url = "https://api.example.com", transport = transport,
    }), given
  end

  it("that is a path goes to the transport", function()
    local c, given = client_with { function()
      return scripted.json(200, "")
    end }
    assert(c:get("/x", { sink = "/tmp/file" }))
    assert.same({ sink = "/tmp/file" }, given[1])
  end)

  it("that is a function gets the chunks, of the repeated call too", function()
    local c = client_with { function()
      return scripted.json(503, "", { ["retry-after"] = "0" })
    end, function(drain)
      drain "a"
      drain "b"
      return scripted.json(200, "")
    end }
    local text = ""
    assert(c:get("/x", { sink = function(chunk)
      text = text .. chunk
    end }))
    assert.equal("ab", text)
  end)

  it("that got something ends the repetitions", function()
    local c, given = client_with { function(drain)
      drain "a"
      return nil, { kind = "network", maybe_sent = true, message = "cut" }
    end }
    local _, problem = c:get("/x", { sink = function() end })
    assert.equal("network", problem.kind)
    assert.equal(1, #given)
  end)
end)

describe("a POST to a real server that answers 503", function()
  -- The body was read before: it may have been carried out.
  local function sent(headers, opts)
    local server = rawserver.start(([[
      local c = ...
      while c:request() do
        c.share.n = (c.share.n or 0) + 1
        c:send(c.share.n == 1 and
          "HTTP/1.1 503 x\r\n%sContent-Length: 0\r\n\r\n" or c.ok "{}")
      end
    ]]):format(headers))
    local c = assert(equinix.new { token = "mine", base_url = server.url })
    local response, err = c:request(opts)
    local count = #server:requests()
    server:stop()
    return count, response, err
  end

  it("is sent again only when that names a time, or the caller allows it",
    function()
      for _, method in ipairs { "POST", "PATCH" } do
        local count, _, err = sent("", { path = "/x", method = method,
          json = {} })
        assert.equal(1, count)
        assert.equal(503, err.status)
        assert.is_true(err.retryable)
        for _, case in ipairs { { "Retry-After: 0\\r\\n" }, { "", true } } do
          local response
          count, response = sent(case[1], { path = "/x", method = method,
            json = {}, idempotent = case[2] })
          assert.equal(2, count)
          assert.equal(200, response.status)
        end
      end
      assert.equal(2, (sent("", { path = "/x", method = "PUT", json = {} })))
      local page = "Retry-After: 0\\r\\nContent-Type: text/html\\r\\n"
      assert.equal(1, (sent(page, { path = "/x", method = "POST",
        json = {} })))
    end)
end)
