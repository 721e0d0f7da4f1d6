-- token_endpoint: what goes to a token endpoint, and how often.
local core = require "equinix.core"
local equinix = require "equinix"
local form = require "equinix.http.form"
local json = require "equinix.base.json"
local rawserver = require "spec.support.rawserver"
local scripted = require "spec.support.scripted"

local STS = "https://sts.example.com"

local function exchanged(name)
  return scripted.json(200, {
    access_token = name,
    issued_token_type = "urn:ietf:params:oauth:token-type:access_token",
    token_type = "Bearer",
    expires_in = 3600,
  })
end

local function client(answers, opts)
  local transport = scripted.transport(answers)
  local all = {
    scope = "roleassignments:" .. scripted.unique "org",
    subject_token = "subject-one",
    sts_endpoint = STS,
    transport = transport,
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return assert(equinix.new(all)), transport, all
end

describe("token exchange", function()
  it("sends the form of RFC 8693 to the STS", function()
    local c, transport, opts = client { exchanged "one" }
    assert.equal("Bearer one", c:authorization())
    assert.equal("Bearer one", c:authorization())
    assert.equal(1, #transport.sent)
    local request = transport.sent[1].request
    assert.equal(STS .. "/use/token", request.url)
    assert.equal(form.encode {
      grant_type = "urn:ietf:params:oauth:grant-type:token-exchange",
      scope = opts.scope,
      subject_token = "subject-one",
      subject_token_type = "urn:ietf:params:oauth:token-type:id_token",
    }, request.body)
    assert.same({ "Content-Type", "application/x-www-form-urlencoded" },
      request.headers[1])
  end)

  it("calls a subject_token function anew for each exchange", function()
    local n = 0
    local function subject()
      n = n + 1
      return "subject-" .. n
    end
    local c, transport, opts = client({ exchanged "one", exchanged "two" },
      { subject_token = subject })
    c:authorization()
    c:authorization()
    assert.equal(1, n)
    assert.equal("two", c:refresh().access_token)
    assert.truthy(transport.sent[2].request.body:find("subject-2", 1, true))
    -- A function says nothing of who it speaks for: no other client shares.
    local d = client({ exchanged "mine" }, {
      subject_token = subject, scope = opts.scope,
    })
    assert.equal("Bearer mine", d:authorization())
  end)

  it("shares the token of functions under one cache_key", function()
    local function subject()
      return "s"
    end
    local key = scripted.unique "key"
    local a, _, opts = client({ exchanged "one" }, { subject_token = subject,
      cache_key = key })
    a:authorization()
    local b, transport = client({ exchanged "two" }, { cache_key = key,
      subject_token = subject, scope = opts.scope })
    assert.equal("Bearer one", b:authorization())
    assert.equal(0, #transport.sent)
  end)

  it("says what a bad subject_token function did, without its words",
    function()
      for _, subject in ipairs {
        function() error "secret words" end,
        function() return nil end,
        function() return "" end,
        function() return "a\nb" end,
      } do
        local c, transport = client({ exchanged "x" },
          { subject_token = subject })
        local _, problem = c:token()
        assert.equal("config", problem.kind)
        assert.falsy(problem.message:find("secret words", 1, true))
        assert.equal(0, #transport.sent)
      end
    end)

  it("repeats a 409 five times, from 100 ms, doubling", function()
    local c, transport = client { scripted.json(409, "") }
    assert.equal(409, select(2, c:token()).status)
    assert.equal(6, #transport.sent)
    assert.same({ 0.1, 0.2, 0.4, 0.8, 1.6 }, transport.slept)
    local d, sent = client { scripted.json(409, ""), exchanged "one" }
    assert.equal("one", d:token().access_token)
    assert.equal(2, #sent.sent)
  end)

  it("takes precedence over a token, which does over the app", function()
    local transport = scripted.transport { exchanged "one" }
    local c = assert(equinix.new { scope = "s", subject_token = "t",
      token = "static", client_id = "i", client_secret = "secret-of-i",
      sts_endpoint = STS, transport = transport })
    assert.equal("token_exchange", c.config.grant)
    c = assert(equinix.new { token = "static", client_id = "i",
      client_secret = "secret-of-i", transport = transport })
    assert.equal("Bearer static", c:authorization())
  end)

  it("names what is missing, and wants https", function()
    for _, opts in ipairs {
      { subject_token = "t" },
      { scope = "s", grant = "token_exchange", token = "x" },
    } do
      local c, problem = equinix.new(opts)
      assert.is_nil(c)
      assert.truthy(problem.message:find("EQUINIX_TOKEN_EXCHANGE_SCOPE", 1,
        true))
    end
    local c, problem = equinix.new { scope = "s", subject_token = "t",
      sts_endpoint = "http://sts.example.com" }
    assert.is_nil(c)
    assert.truthy(problem.message:find("https", 1, true))
  end)
end)

describe("a token endpoint of the app", function()
  it("is asked once when it says 409", function()
    local transport = scripted.transport { scripted.json(409, "") }
    local c = assert(equinix.new { client_id = scripted.unique(),
      client_secret = "s3cret-of-this-app", transport = transport })
    assert.equal(409, select(2, c:token()).status)
    assert.equal(1, #transport.sent)
  end)

  it("never has its redirect followed", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local transport = scripted.transport { scripted.json(status, "",
        { location = "https://api.equinix.com/other" }) }
      local c = assert(equinix.new { client_id = scripted.unique(),
        client_secret = "s3cret-of-this-app", transport = transport })
      local _, problem = c:token()
      assert.equal("protocol", problem.kind)
      assert.equal(1, #transport.sent)
    end
  end)

  it("is asked by a request that goes out once, with a small cap", function()
    local transport = scripted.transport { scripted.token "one" }
    local c = assert(equinix.new { client_id = scripted.unique(),
      client_secret = "s3cret-of-this-app", transport = transport })
    c:token()
    local request = transport.sent[1].request
    assert.is_true(request.once)
    assert.is_string(request.account)
    assert.is_false(request.may_resend)
    assert.equal(64 * 1024, request.max_body)
  end)
end)

describe("an answer of a real token endpoint", function()
  local servers

  before_each(function()
    servers = {}
  end)
  after_each(function()
    for _, server in ipairs(servers) do
      server:stop()
    end
  end)

  -- A server with this answer to all token requests, and a client of it.
  local function ask(status, body, headers, opts)
    local server = rawserver.start(([[
      local c = ...
      local answer = "HTTP/1.1 %s x\r\nContent-Length: %d\r\n%s\r\n"
      while true do
        local request = c:request()
        if not request then
          return
        elseif request.path:find("^/oauth2/") then
          c:send(answer .. %q)
        else
          c:send(c.ok "{}")
        end
      end
    ]]):format(status, #body, (headers or ""):gsub("\r\n", "\\r\\n"), body))
    servers[#servers + 1] = server
    local all = { client_id = scripted.unique(), client_secret = "s3cret",
      base_url = server.url, timeout = 3 }
    for name, value in pairs(opts or {}) do
      all[name] = value
    end
    return assert(equinix.new(all)), server
  end

  local function token_requests(server)
    local count = 0
    for _, request in ipairs(server:requests()) do
      count = count + (request.path:find "^/oauth2/" and 1 or 0)
    end
    return count
  end

  -- What three calls come to. -> the last error
  local function three_calls(c)
    local err
    for _ = 1, 3 do
      local response
      response, err = c:get "/x"
      assert.is_nil(response)
    end
    return err
  end

  it("latches after one request where it is a refusal, as a success too",
    function()
      for _, case in ipairs {
        { "200", { error = "invalid_client" } },
        { "200", { errorCode = "S1006", errorMessage = "Login Failure" } },
        { "200", { errors = { { code = "S1006" } } } },
        { "200", { error = "unauthorized_client", access_token = json.null } },
        { "201", { error = { code = "invalid_grant" } } },
        { "400", { error = "invalid_grant" } },
        { "503", { error_code = "S1006" } },
        { "401", {} },
      } do
        local latched
        local c, server = ask(case[1], json.encode(case[2]), nil, {
          on_event = function(name)
            latched = latched or name == "latched"
          end,
        })
        local err = three_calls(c)
        assert.equal("auth", err.kind, case[2].error)
        assert.is_true(err.retry_after > 590)
        assert.is_true(latched)
        assert.equal(1, token_requests(server))
        -- With the caller's own body as well.
        local _, held = c:operation("getoauth2accesstoken", {
          client_id = c.config.client_id, client_secret = "s3cret" })
        assert.equal("latched", held.code)
        assert.equal(1, token_requests(server))
      end
    end)

  it("counts for the caller's own body, too, as a success", function()
    local c, server = ask("200", '{"error":"invalid_client"}')
    local body = { client_id = scripted.unique(), client_secret = "theirs" }
    assert.equal(200, c:operation("getoauth2accesstoken", body).status)
    assert.equal("latched",
      select(2, c:operation("getoauth2accesstoken", body)).code)
    assert.equal(1, token_requests(server))
  end)

  it("is a failure without evidence, and holds nothing for long", function()
    local HTML = "<html><center>The plain HTTP request was sent to HTTPS "
      .. "port</center></html>"
    for _, case in ipairs {
      { "403", "<html>Request blocked. invalid_client</html>" },
      { "400", HTML }, { "400", "" }, { "403", "{}" },
      { "200", '{"error":"server_error"}' }, { "200", "<html></html>" },
      { "500", '{"error":"oops"}' },
    } do
      local c, server = ask(case[1], case[2])
      local began = core.now()
      local err = three_calls(c)
      assert.not_equal("auth", err.kind, case[2])
      assert.is_false(err.retryable)
      assert.is_true(err.retry_after < 2)
      local most = 1 + math.floor((core.now() - began) / 0.8)
      assert.is_true(token_requests(server) <= most)
    end
  end)

  it("that says when to come back is waited for, and no refusal", function()
    for _, case in ipairs {
      { "400", '{"error":"temporarily_unavailable"}', "Retry-After: 60\r\n" },
      { "400", '{"error":"slow_down"}', "Retry-After: 60\r\n" },
      { "403", "<html></html>", "Retry-After: 60\r\n" },
      { "200", '{"error":"slow_down"}', "Retry-After: 60\r\n" },
    } do
      local c, server = ask(case[1], case[2], case[3])
      local err = three_calls(c)
      assert.equal("http", err.kind)
      assert.is_true(err.retryable)
      assert.is_true(err.retry_after > 50 and err.retry_after <= 60)
      assert.equal(1, token_requests(server))
    end
  end)

  it("with a lifetime that can't be read has a token all the same", function()
    local assumed
    local c, server = ask("200",
      '{"access_token":"a","token_timeout":"0x10"}', nil, {
        on_event = function(name, fields)
          assumed = name == "lifetime_assumed" and fields or assumed
        end,
      })
    for _ = 1, 3 do
      assert(c:get "/x")
    end
    assert.equal(1, token_requests(server))
    assert.equal(3600, assumed.expires_in)
  end)

  it("is not even asked for where the scope of an exchange is empty",
    function()
      local _, server = ask("200", "{}")
      for _, scope in ipairs { "", " " } do
        local c, err = equinix.new { scope = scope, subject_token = "t",
          sts_endpoint = server.url, base_url = server.url }
        assert.is_nil(c)
        assert.equal("config", err.kind)
        assert.matches("scope is empty", err.message)
      end
      assert.equal(0, #server:requests())
    end)

  it("without a lifetime costs one request a second at most", function()
    for _, life in ipairs { "0", "-1", '"0"', "0.001" } do
      local c, server = ask("200", '{"access_token":"a","token_timeout":'
        .. life .. "}")
      local started = core.now()
      assert(c:get "/x")
      assert(c:get "/x") -- waits for the next one
      for _ = 1, 20 do
        local header, err = c:authorization()
        assert.truthy(header or err.code == "short_lived")
      end
      local most = 1 + math.floor(core.now() - started)
      assert.is_true(token_requests(server) <= most, life)
    end
  end)
end)
