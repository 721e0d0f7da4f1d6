-- round trips: a token request leaves its connection to the calls that follow,
-- and takes one that is alive. Counted by a relay, or by the server.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local equinix = require "equinix"
local frames = require "spec.support.frames"
local rawserver = require "spec.support.rawserver"
local relays = require "spec.support.relay"
local scripted = require "spec.support.scripted"

describe("a client", function()
  local made, server, relay, opened

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  before_each(function()
    opened = {}
  end)
  after_each(function()
    for _, c in ipairs(opened) do
      c:close()
    end
    if relay then
      relay:stop()
      relay = nil
    end
    server:stop()
  end)

  local function start(script, over)
    server = rawserver.start(frames.script(script, over),
      frames.tls(over, made.good))
  end

  local function client(over, more)
    local options = { client_id = scripted.unique(), client_secret = "secret",
      base_url = server.url:gsub("%d+$", relay and relay.port or "%0"),
      ca_file = over ~= "TCP" and made.ca_file or nil }
    for name, value in pairs(more or {}) do
      options[name] = value
    end
    opened[#opened + 1] = assert(equinix.new(options))
    return opened[#opened]
  end

  for _, over in ipairs(frames.all) do
    it("needs one connection for token, calls and refresh over " .. over,
      function()
        start(frames.TOKENS, over)
        local c = client(over)
        assert(c:get "/fabric/v4/ports")
        assert.equal(1, server:connections())
        assert.equal(2, #server:requests())
        if not Handle.ANNOUNCES then
          return -- an old libcurl: token requests take new ones only
        end
        assert(c:refresh())
        assert(c:get "/fabric/v4/ports")
        assert(c:refresh { force = true })
        assert(c:post("/fabric/v4/ports", { json = {} }))
        assert.equal(1, server:connections())
        assert.equal(6, #server:requests())
      end)
  end

  it("needs four round trips for its first call, one for a refresh",
    function()
      start(frames.TOKENS, "TLS 1.3")
      relay = relays.start(server.port, 0.1)
      local c = client "TLS 1.3"
      assert(c:get "/fabric/v4/ports")
      -- TCP, TLS, the token, the call.
      assert.same({ 1, 4 }, { relay:counts() })
      if Handle.ANNOUNCES then
        assert(c:refresh())
        assert.same({ 1, 5 }, { relay:counts() })
      end
    end)

  it("keeps connections apart by their TLS settings", function()
    start(frames.TOKENS, "TLS 1.3")
    local plain = client "TLS 1.3"
    assert(plain:get "/")
    local certified = client("TLS 1.3", { client_cert = made.good.certificate,
      client_key = made.good.key })
    assert(certified:get "/")
    assert.equal(2, server:connections())
    assert(plain:get "/")
    assert(certified:get "/")
    assert.equal(2, server:connections())
  end)

  it("sends each account's own token and secret on a shared connection",
    function()
      start(frames.TOKENS, "HTTP/2")
      local one = client("HTTP/2", { client_id = "one" .. scripted.unique() })
      local two = client("HTTP/2", { client_id = "two" .. scripted.unique() })
      local a, b = assert(one:token()), assert(two:token())
      assert.is_not.equal(a, b)
      assert.equal(a, assert(one:token()))
      assert.equal(Handle.ANNOUNCES and 1 or 2, server:connections())
      local bodies = server:requests()
      assert.is_truthy(bodies[1].body:find("one", 1, true))
      assert.is_nil(bodies[2].body:find("one", 1, true))
    end)

  -- Nothing of the token request is in the call that follows, and nothing of
  -- the call in the next token request.
  it("mixes nothing of a token request into the calls", function()
    start([[
      local c = ...
      for request in function() return c:request() end do
        c:send(c.ok('{"access_token":"aaa","token_timeout":"3600"}'))
      end
    ]], "TCP")
    local c = client "TCP"
    assert(c:get "/fabric/v4/ports")
    assert(c:refresh())
    local requests = server:requests()
    assert.equal(3, #requests)
    assert.equal("", requests[2].body)
    assert.equal("Bearer aaa", requests[2].headers.authorization)
    for _, i in ipairs { 1, 3 } do
      assert.is_nil(requests[i].headers.authorization)
      assert.is_truthy(requests[i].body:find("secret", 1, true))
    end
    assert.is_nil(requests[2].headers["content-type"])
  end)

  -- The token endpoint sends more than its response.
  it("takes no bytes that a token response left behind", function()
    start([[
      local c = ...
      for request in function() return c:request() end do
        local token = request.method == "POST"
        c:send(c.ok('{"access_token":"aaa","token_timeout":"3600"}')
          .. (token and c.ok "not the call's" or ""))
      end
    ]], "TCP")
    local c = client "TCP"
    local response = assert(c:get "/fabric/v4/ports")
    assert.is_nil(response.body:find("not the call's", 1, true))
  end)
end)
