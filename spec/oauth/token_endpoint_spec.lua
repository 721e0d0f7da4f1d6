-- token_endpoint: what goes to a token endpoint, and how often.
local equinix = require "equinix"
local form = require "equinix.http.form"
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

  it("gets a connection of its own and a small cap", function()
    local transport = scripted.transport { scripted.token "one" }
    local c = assert(equinix.new { client_id = scripted.unique(),
      client_secret = "s3cret-of-this-app", transport = transport })
    c:token()
    local request = transport.sent[1].request
    assert.is_true(request.fresh_connect)
    assert.is_false(request.may_resend)
    assert.equal(64 * 1024, request.max_body)
  end)
end)
