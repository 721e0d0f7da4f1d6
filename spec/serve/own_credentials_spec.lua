-- serve/own_credentials: callers that bring credentials of their own, to a
-- real service, and a token endpoint that counts what it gets and how much of
-- it at once. What such callers do costs the service neither its account nor
-- its own token.
local core = require "equinix.core"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("callers with credentials of their own: " .. missing)
  return
end

local TOKEN, REFRESH = "/oauth2/v1/token", "/oauth2/v1/refreshaccesstoken"
local JSON = { ["Content-Type"] = "application/json" }

-- What a request's secret says, the endpoint does: "slow" takes a second,
-- "slower" three, "stuck" as long as it may; "wrong" is refused, and so is all
-- else after a request for /refuse. /most: how many were in flight at once.
local ENDPOINT = [[
  local c = ...
  local share = c.share
  share.flying, share.most = share.flying or 0, share.most or 0
  local function answer(status, body)
    return c:send(("HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
      .. "Content-Length: %d\r\n\r\n%s"):format(status, #body, body))
  end
  while true do
    local request = c:request()
    if not request then
      return
    elseif request.path == "/most" then
      answer("200 OK", tostring(share.most))
    elseif request.path == "/refuse" then
      share.refuses = true
      answer("200 OK", "{}")
    else
      share.flying = share.flying + 1
      share.most = math.max(share.most, share.flying)
      if request.body:find("stuck", 1, true) then
        c:hangup()
      elseif request.body:find("slow", 1, true) then
        c:sleep(request.body:find("slower", 1, true) and 3 or 1)
      end
      share.flying = share.flying - 1
      if share.refuses or request.body:find("wrong", 1, true) then
        answer("401 Unauthorized", '{"errorCode":"S1006"}')
      else
        answer("200 OK", '{"access_token":"token-' .. c.n
          .. '","token_timeout":"3600","token_type":"Bearer"}')
      end
    end
  end
]]

local SECRET = "the-secret-of-the-service"

local function credentials(id, secret, more)
  local fields = { grant_type = "client_credentials", client_id = id,
    client_secret = secret }
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  return json.encode(fields)
end

describe("callers with credentials of their own", function()
  local endpoint, s, http

  local function start(words, secret)
    endpoint = rawserver.start(ENDPOINT)
    s = serve.start(nil, words, { env = {
      EQUINIX_API_ENDPOINT = endpoint.url,
      EQUINIX_API_CLIENTID = "the-service",
      EQUINIX_API_CLIENTSECRET = secret or SECRET,
    } })
    http = core.http()
  end
  after_each(function()
    http:close()
    s:stop()
    endpoint:stop()
  end)

  local function ask(path)
    local response = assert(http:send({ method = "GET",
      url = endpoint.url .. path }, 10))
    return response.body
  end

  -- What reached the token endpoint with this in its body.
  local function sent(what)
    local count = 0
    for _, request in ipairs(endpoint:requests()) do
      if request.body:find(what, 1, true) then
        count = count + 1
      end
    end
    return count
  end

  local function post(body, path)
    local status, _, object = s:rest("POST", path or TOKEN, {
      body = body, headers = JSON, fresh_connect = true })
    return status, object
  end

  -- All at once, each on its own connection. -> status -> number
  local function post_all(bodies, seconds)
    local requests, statuses = {}, {}
    for i, body in ipairs(bodies) do
      requests[i] = { method = "POST", url = s.rest_url .. TOKEN,
        headers = { { "Content-Type", "application/json" } }, body = body,
        http1 = true, fresh_connect = true }
    end
    for _, result in ipairs(http:send_many(requests, #requests,
        seconds or 60)) do
      local key = result.response and tostring(result.response.status)
        or result.err.kind
      statuses[key] = (statuses[key] or 0) + 1
    end
    return statuses
  end

  local function many(n, make)
    local bodies = {}
    for i = 1, n do
      bodies[i] = make(i)
    end
    return bodies
  end

  describe("of one account", function()
    it("share a request where their credentials are the same", function()
      start { "--timeout", "60" }
      assert.same({ ["200"] = 100 }, post_all(many(100, function()
        return credentials("app", "a-slow-secret-that-is-right")
      end)))
      assert(sent "a-slow-secret" <= 4, sent "a-slow-secret")
    end)

    it("share it through MCP as well", function()
      start { "--timeout", "60" }
      local requests, call = {}, '{"jsonrpc":"2.0","id":1,"method":'
        .. '"tools/call","params":{"name":"getoauth2accesstoken",'
        .. '"arguments":%s}}'
      for i = 1, 40 do
        local body = credentials("app", "a-slow-secret-that-is-right")
        requests[i] = { method = "POST", http1 = true, fresh_connect = true,
          url = i % 2 == 0 and s.mcp_url or s.rest_url .. TOKEN,
          headers = { { "Content-Type", "application/json" } },
          body = i % 2 == 0 and call:format(body) or body }
      end
      for _, result in ipairs(http:send_many(requests, #requests, 60)) do
        assert.equal(200, result.response.status)
        assert.matches("token%-%d", result.response.body)
      end
      assert(sent "a-slow-secret" <= 2, sent "a-slow-secret")
    end)

    it("cost what the guard has left where they are wrong", function()
      start { "--timeout", "60" }
      local statuses = post_all(many(100, function(i)
        return credentials("app", "a-slow-secret-that-is-wrong-" .. i)
      end))
      assert.equal(4, sent "a-slow-secret")
      assert.same({ ["401"] = 4, ["429"] = 96 }, statuses)
    end)

    it("run side by side, no more than could all be refused", function()
      start { "--timeout", "60" }
      assert.same({ ["200"] = 10 }, post_all(many(10, function(i)
        return credentials("app", "a-slow-secret-that-is-right-" .. i)
      end)))
      assert.equal("4", ask "/most")
    end)

    it("are not sent any more when they have hung up", function()
      start { "--timeout", "20", "--workers", "1", "--no-store" }
      local gone = post_all(many(60, function(i)
        return credentials("app", "a-slow-secret-of-one-that-hangs-up-" .. i)
      end), 0.7)
      assert.same({ timeout = 60 }, gone)
      for _ = 1, 6 do -- meanwhile they would be sent
        assert.equal(200, (post(credentials("another", "a-slow-secret"))))
      end
      assert(sent "hangs-up" <= 4, sent "hangs-up")
    end)

    it("have the account that every parser reads", function()
      start()
      for _, body in ipairs {
        '{"client_id":"victim","client_secret":"wrong-1","client_id":"x"}',
        '{"client_id":"victim","client_secret":"wrong","client\\u005fid":"x"}',
      } do
        assert.equal(400, (post(body)))
      end
      for i = 1, 8 do
        local body = credentials("VICTIM " .. (" "):rep(i), "wrong-" .. i)
        post(i % 2 == 0 and body or body:lower())
      end
      assert.equal(4, sent "ictim" + sent "ICTIM")
      for i = 1, 8 do
        post(('{"client_id":"other","client_secret":"wrong","refresh_token":'
          .. '"%d","user_name":"%d"}'):format(i, i), REFRESH)
      end
      assert(sent "other" <= 4, sent "other")
    end)
  end)

  describe("that name the service's own account", function()
    it("can't use up what its own secret needs", function()
      start()
      assert.equal(200, (post()))
      for i = 1, 6 do
        post(credentials("the-service", "wrong-" .. i))
        post(json.encode { client_id = "the-service", user_name = "u" .. i,
          client_secret = "wrong-too-" .. i, user_password = "x" })
      end
      assert(sent "wrong" <= 2, sent "wrong")
      assert.equal(200, (s:rest("GET", "/readyz")))
      local before = sent(SECRET)
      assert.equal(200, (post(nil, REFRESH)))
      assert.equal(before + 1, sent(SECRET))
      -- And what was accepted is sent for callers, too.
      assert.equal(200, (post(credentials("the-service", SECRET))))
    end)

    it("find a service that is not ready while its secret is held back",
      function()
        start()
        assert.equal(200, (post()))
        assert.equal(200, (s:rest("GET", "/readyz")))
        ask "/refuse"
        assert.equal(401, (post(credentials("the-service", SECRET))))
        -- The token is still served, but there will be no other one.
        assert.equal(200, (post()))
        assert.equal(503, (s:rest("GET", "/readyz")))
      end)
  end)

  describe("of very many accounts", function()
    it("leave room for the service's own renewal", function()
      start({ "--timeout", "8", "--workers", "1", "--no-store" },
        "the-slower-secret-of-the-service")
      -- 1,600 logins that get no answer, 200 at once.
      local load = process.start { "lua5.4", "-e", ([[
        package.path, package.cpath = %q, %q
        local http = require("equinix.core").http()
        for wave = 1, 8 do
          io.stderr:write(wave)
          local requests = {}
          for i = 1, 200 do
            requests[i] = { method = "POST", url = %q, http1 = true,
              headers = { { "Content-Type", "application/json" } },
              fresh_connect = true, body = ('{"client_id":"app-%%d-%%d",'
                .. '"client_secret":"a-stuck-secret"}'):format(wave, i) }
          end
          http:send_many(requests, #requests, 1.5)
        end
      ]]):format(package.path, "build/lua5.4/?.so;" .. package.cpath,
        s.rest_url .. TOKEN) }
      finally(function()
        load:stop()
      end)
      assert(process.eventually(function()
        return load:stderr():find "6"
      end, 30))
      assert.equal(200, (post()))
      while load:alive() do
        assert.equal(200, (post(nil, REFRESH)))
      end
      assert(sent "stuck" > 40, sent "stuck")
    end)

    it("do not make the guard forget a refusal, nor the service its token",
      function()
        start()
        local _, token = post()
        for i = 1, 3 do
          post(credentials("victim", "wrong-" .. i))
        end
        for from = 1, 1500, 50 do
          post_all(many(50, function(i)
            return credentials("flood-" .. from + i, "wrong-of-the-flood")
          end))
        end
        for i = 4, 10 do
          post(credentials("victim", "wrong-" .. i))
        end
        assert.equal(4, sent '"victim"')
        local _, same = post()
        assert.equal(token.access_token, same.access_token)
        assert.equal(1, sent(SECRET))
        local files = process.capture(("ls -A %s/equinix | wc -l"):format(
          s.runtime_dir))
        assert(tonumber(files) < 50, files)
      end)
  end)
end)
