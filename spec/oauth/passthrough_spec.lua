-- passthrough: a token request with the caller's own body.
local core = require "equinix.core"
local memory_store = require "spec.support.memory_store"
local scripted = require "spec.support.scripted"

local GET, REFRESH = "getoauth2accesstoken", "refreshoauth2accesstoken"

local client = scripted.client

describe("client:operation", function()
  it("sends the caller's body as it is, with no bearer", function()
    local c, transport = client { scripted.token "one" }
    local body = '{ "client_id":"a", "client_secret":"b",  "x": 1 }'
    local answer = assert(c:operation(GET, body))
    assert.equal("one", answer:json().access_token)
    local request = transport.sent[1].request
    assert.equal(body, request.body)
    assert.truthy(request.url:find("/oauth2/v1/token$"))
    for _, field in ipairs(request.headers) do
      assert.not_equal("authorization", field[1]:lower())
    end
    assert(c:operation(REFRESH, { refresh_token = "r" }))
    assert.truthy(transport.sent[2].request.url
      :find("/oauth2/v1/refreshaccesstoken$"))
  end)

  it("returns every status as it came, once", function()
    for _, status in ipairs { 200, 400, 401, 429, 500, 503 } do
      local c, transport = client { scripted.json(status, { a = 1 }) }
      local answer = assert(c:operation(GET, {
        client_id = scripted.unique(), client_secret = "x" }))
      assert.equal(status, answer.status)
      assert.equal(1, answer:json().a)
      assert.equal(1, #transport.sent)
    end
  end)

  it("touches no cache", function()
    local c, transport, opts = client { scripted.token "one" }
    c:operation(GET, { client_id = opts.client_id,
      client_secret = opts.client_secret })
    assert.equal("Bearer one", c:authorization())
    assert.equal(2, #transport.sent)
  end)

  it("counts refusals for the account, and holds latched ones back",
    function()
      local id = scripted.unique()
      local c, transport = client { scripted.refused() }
      for i = 1, 6 do
        c:operation(GET, { client_id = id, client_secret = "wrong-" .. i })
      end
      assert.equal(4, #transport.sent)
      local _, problem = c:operation(GET, { client_id = id,
        client_secret = "another" })
      assert.equal("latched", problem.code)
      -- The same account through a client of its own.
      local d, sent = client({ scripted.token "x" }, { client_id = id })
      assert.equal("latched", select(2, d:token()).code)
      assert.equal(0, #sent.sent)
    end)

  it("counts what is meant as well as what is said", function()
    -- A user beside an app's own grant; an id that is a number; no id at all.
    local id = scripted.unique()
    local function sent(body)
      local c, transport = client { scripted.refused() }
      for i = 1, 8 do
        c:operation(GET, body(i))
      end
      return #transport.sent
    end
    assert.equal(4, sent(function(i)
      return { grant_type = "client_credentials", client_id = id,
        client_secret = "wrong-" .. i, user_name = "user-" .. i }
    end))
    local number = tonumber(core.sha256(id):sub(1, 6), 16)
    assert.equal(4, sent(function(i)
      return { client_id = number, client_secret = "wrong-" .. i }
    end))
    assert.equal(4, sent(function(i)
      return { user_name = "the user of " .. id, user_password = "w" .. i }
    end))
  end)

  it("leaves the tokens where they are, whatever accounts callers bring",
    function()
      local c, transport = client { scripted.token "ours",
        scripted.refused() }
      assert(c:token())
      for i = 1, core.tokens.info().slots * 2 do
        c:operation(GET, { client_id = "stranger-" .. i,
          client_secret = "wrong" })
      end
      local before = #transport.sent
      assert.equal("Bearer ours", c:authorization())
      assert.equal(before, #transport.sent)
      -- And a new key finds a place that all share.
      local d, _, opts = client { scripted.token "one" }
      assert(d:token())
      local e, sent = client({ scripted.token "two" },
        { client_id = opts.client_id })
      assert.equal("Bearer one", e:authorization())
      assert.equal(0, #sent.sent)
    end)

  it("has one deadline for its turn and its request", function()
    local store = memory_store.new()
    local c, transport = client({ scripted.token "one" }, {
      store = store, timeout = 5,
    })
    transport.sleep = core.sleep
    local lock, tries = store.lock, 0
    function store.lock(...)
      tries = tries + 1
      if tries < 6 then -- some tenths of a second, by the pauses between
        return nil, "busy"
      end
      return lock(...)
    end
    local began = core.now()
    assert(c:operation(GET, { client_id = scripted.unique(),
      client_secret = "a-secret-of-the-caller" }))
    assert(transport.sent[1].seconds < 5 - 0.3)
    assert(transport.sent[1].seconds > 5 - (core.now() - began) - 0.1)
  end)

  it("continues the caller's trace", function()
    local c, transport = client { scripted.token "one" }
    local trace = "00-" .. ("a"):rep(32) .. "-" .. ("b"):rep(16) .. "-01"
    c:operation(GET, { client_id = scripted.unique() },
      { traceparent = trace })
    local headers = transport.sent[1].request.headers
    assert.same({ "traceparent", trace }, headers[#headers])
  end)

  it("returns an error when there was no answer", function()
    local c = client { scripted.broken("network", true) }
    local _, problem = c:operation(GET, { client_id = "a" })
    assert.equal("network", problem.kind)
    assert.equal("POST /oauth2/v1/token", problem.op)
  end)

  it("is not sent for a caller that hung up while there was no room",
    function()
      local c, transport = client { scripted.token "one" }
      local here = true
      function transport.capacity()
        return 1
      end
      function transport.hung_up()
        return not here
      end
      c.callers = { shared = {}, flying = { [{}] = core.now() + 60 } }
      function transport.sleep()
        here = false
      end
      for _, body in ipairs { { grant_type = "password" },
        { client_id = scripted.unique() } } do
        here = true
        local _, err = c:operation(GET, body)
        assert.equal("caller_gone", err.code)
      end
      assert.equal(0, #transport.sent)
    end)

  it("raises for an unknown name and for a body of another type", function()
    local c = client { scripted.token "one" }
    for _, call in ipairs {
      function() c:operation("gettoken", {}) end,
      function() c:operation(GET, nil) end,
      function() c:operation(GET, {}, { trace = "x" }) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.truthy(message:find("oauth/passthrough_spec.lua:", 1, true))
    end
  end)
end)
