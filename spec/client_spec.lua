-- client: the one object, its life and its manners.
local equinix = require "equinix"
local old_token = require "spec.support.old_token"
local scripted = require "spec.support.scripted"

local function client(opts)
  local all = {
    client_id = scripted.unique(),
    client_secret = "s3cret-of-this-app",
    transport = scripted.transport { scripted.token "one" },
  }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return assert(equinix.new(all))
end

-- Plain Lua 5.1 can't yield across the pcall around what a leader does.
local it_yields = _VERSION == "Lua 5.1" and not jit and pending or it

describe("a client", function()
  it("prints what it talks to and no secret", function()
    local c = client()
    assert.equal("equinix.Client (https://api.equinix.com)", tostring(c))
    c:close()
    assert.truthy(tostring(c):find("closed", 1, true))
  end)

  it("shows no secret to one who walks its tables", function()
    local c = client { user_password = "p4ssword", user_name = "u",
      grant = "password" }
    c:token()
    local seen = {}
    local function walk(value)
      if type(value) == "string" then
        assert.is_nil(value:find("s3cret", 1, true))
        assert.is_nil(value:find("p4ssword", 1, true))
      elseif type(value) == "table" and not seen[value] then
        seen[value] = true
        for k, v in pairs(value) do
          -- The scripted transport keeps requests, as a transport may.
          if k ~= "transport" then
            walk(k)
            walk(v)
          end
        end
      end
    end
    walk(c)
  end)

  it("does nothing at construction", function()
    local c = client()
    assert.equal(0, #c.transport.sent)
    -- Naming a slot takes a digest, whose first use reads libcrypto's files.
    assert.is_nil(c.tokens.open_slot)
  end)

  it("refuses every call once closed, and closes twice", function()
    local c = client()
    local cached = c.authorization
    assert(c:authorization())
    assert.is_true(c:close())
    assert.is_true(c:close())
    for _, call in ipairs { "authorization", "token", "refresh", "forget" } do
      local value, problem = c[call](c)
      assert.is_nil(value)
      assert.equal("closed", problem.kind)
    end
    assert.equal("closed", select(2, c:get "/x").kind)
    assert.equal("closed", select(2, c:invalidate "Bearer x").kind)
    assert.equal("closed", select(2, cached(c)).kind)
  end)

  it("refuses every call once closed, with a static token too", function()
    local c = assert(equinix.new { token = "a-token",
      transport = scripted.transport { scripted.json(200, {}) } })
    local cached = c.authorization
    assert.equal("Bearer a-token", cached(c))
    c:close()
    assert.equal("closed", select(2, cached(c)).kind)
    assert.equal("closed", select(2, c:token()).kind)
  end)

  it("may be closed in a callback of its own renewal", function()
    local c
    c = client { on_event = function(name)
      if name == "token_request" then
        c:close()
      end
    end }
    local other = client { client_id = c.config.client_id }
    assert.equal("one", c:token().access_token)
    assert.equal("closed", select(2, c:token()).kind)
    -- The flight came to its end, for those who share the token.
    assert.equal("one", other:token().access_token)
    assert.equal(0, #other.transport.sent)
  end)

  -- Two callers of one client that take turns: the first one leads, the
  -- second one waits for it, then something happens, then they go on.
  local function meanwhile(opts, happens)
    local transport = scripted.transport { function()
      coroutine.yield()
      return scripted.token "one"
    end }
    transport.blocking, transport.sleep = false, coroutine.yield
    opts.transport = transport
    if opts.client_secret_file then
      opts.client_id = scripted.unique()
    end
    local c = opts.client_secret_file and assert(equinix.new(opts))
      or client(opts)
    local callers = {}
    for i = 1, 2 do
      callers[i] = coroutine.wrap(function()
        return assert(c:token()).access_token
      end)
      callers[i]()
    end
    assert.equal(1, #transport.sent)
    happens(c)
    local sent = #transport.sent
    assert.equal("one", callers[1]())
    assert.equal("one", callers[2]())
    assert.equal(sent, #transport.sent)
    return c
  end

  it_yields("lets a renewal end for its callers though it was closed",
    function()
      local c = meanwhile({}, function(c)
        c:close()
      end)
      assert.equal("closed", select(2, c:token()).kind)
    end)

  it_yields("lets a renewal end though the secret file changed", function()
    local path = os.tmpname()
    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end
    write "first-secret-value"
    meanwhile({ client_secret_file = path }, function(c)
      write "second-secret-value"
      coroutine.wrap(c.token)(c) -- leads at the other place, and stays there
    end)
    os.remove(path)
  end)

  it("ends what is under way with an error when it is closed", function()
    for _, call in ipairs {
      function(c)
        return c:get "/x"
      end,
      function(c)
        return c:request { path = "/x" }
      end,
      function(c)
        return nil, c:all({ { path = "/x" } })[1].err
      end,
      function(c)
        return nil, select(2, pcall(c:pages "/x"))
      end,
    } do
      for _, warm in ipairs { true, false } do
        local c
        local transport = scripted.transport { scripted.token "one",
          function()
            c:close()
            return scripted.json(401, "")
          end }
        c = client { transport = transport }
        if warm then
          old_token(c)
          assert.equal("closed", select(2, call(c)).kind)
        else
          -- The token is some moments old: this 401 is the path's own.
          assert.equal("auth", select(2, call(c)).kind)
        end
        assert.equal(2, #transport.sent)
      end
    end
  end)

  it("leaves the token with those who share it when it closes", function()
    local a = client()
    a:authorization()
    local b = client { client_id = a.config.client_id }
    a:close()
    assert.equal("Bearer one", b:authorization())
    assert.equal(0, #b.transport.sent)
  end)

  it("reads a secret file at each token request and at no hit", function()
    local path = os.tmpname()
    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end
    write "first-secret-value\n"
    local transport = scripted.transport { scripted.token "one",
      scripted.token "two" }
    local c = assert(equinix.new {
      client_id = scripted.unique(),
      client_secret_file = path,
      transport = transport,
    })
    assert.equal("Bearer one", c:authorization())
    assert.equal("first-secret-value", transport.body(1).client_secret)
    os.remove(path)
    assert.equal("Bearer one", c:authorization())
    write "second-secret-value"
    assert.equal("two", c:refresh().access_token)
    assert.equal("second-secret-value", transport.body(2).client_secret)
    assert.equal("Bearer two", c:authorization())
    os.remove(path)
    c:invalidate "Bearer two"
    local _, problem = c:authorization()
    assert.equal("config", problem.kind)
    assert.truthy(problem.message:find(path, 1, true))
  end)

  it("reads no secret file as long as the token is fresh", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "first-secret-value"
    file:close()
    local function with_file(answers, id)
      return assert(equinix.new {
        client_id = id,
        client_secret_file = path,
        transport = scripted.transport(answers),
      })
    end
    local id = scripted.unique()
    local c = with_file({ scripted.token("one", { token_timeout = 2 }),
      scripted.json(200, {}) }, id)
    local token = assert(c:token())
    local d = with_file({ scripted.token "two" }, id)
    os.remove(path)
    assert.equal(token, c:token())
    assert(c:request { path = "/x" })
    -- Nor does a file that is away for a moment spoil a token that is good.
    scripted.until_true(function()
      return c.tokens.open_slot:read() == "advisory"
    end, "advisory")
    assert.equal(token, c:token())
    assert.equal("config", select(2, d:token()).kind)
  end)

  it("forgets for all, before it has read its secret file itself", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "first-secret-value"
    file:close()
    local a = client()
    local opts = { client_id = a.config.client_id, client_secret_file = path,
      transport = a.transport }
    local b, c = assert(equinix.new(opts)), assert(equinix.new(opts))
    b:token()
    c:forget()
    assert.equal("empty", (b.tokens:slot():read()))
    os.remove(path)
  end)

  it("tells its events, and lives through a listener's mistake", function()
    local names = {}
    local c = client { on_event = function(name, fields)
      names[#names + 1] = name
      for _, value in pairs(fields) do
        assert.is_nil(tostring(value):find("s3cret", 1, true))
      end
      error "a mistake"
    end }
    c:token()
    c:invalidate(c:authorization())
    assert.same({ "token_request", "request", "response", "token_renewed",
      "token_rejected" }, names)
  end)

  it("says that the password grant is deprecated", function()
    local names = {}
    client { grant = "password", user_name = "u", user_password = "p",
      on_event = function(name)
        names[#names + 1] = name
      end }
    assert.same({ "grant_deprecated" }, names)
  end)

  it("continues a caller's trace with the requests that it causes",
    function()
      local trace = "00-" .. ("a"):rep(32) .. "-" .. ("b"):rep(16) .. "-01"
      local c, transport = scripted.client { scripted.token("one",
        { refresh_token = "r" }), scripted.token "two", scripted.refused(),
        scripted.token "three" }
      c:token { traceparent = trace }
      c:refresh { traceparent = trace } -- by the refresh token
      c:token { traceparent = trace } -- a hit: nothing is sent
      c:refresh() -- refused, then by the grant
      local seen = {}
      for i, entry in ipairs(transport.sent) do
        local headers = entry.request.headers
        seen[i] = headers[#headers][1] == "traceparent"
      end
      assert.same({ true, true, false }, { seen[1], seen[2], seen[3] })
    end)

  it("raises for misuse at the caller's line", function()
    local c = client()
    for _, call in ipairs {
      function() c:token { min_life = "1" } end,
      function() c:token { min_live = 1 } end,
      function() c:token(60) end,
      function() c:token { traceparent = 1 } end,
      function() c:refresh { forced = true } end,
      function() c:refresh(true) end,
      function() c:pages("/x", "y") end,
      function() c:items("/x", { path = "/y" }) end,
      function() c:invalidate(nil) end,
      function() c:get("/x", "y") end,
      function() c:get("/x", { method = "GET" }) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.truthy(message:find("client_spec.lua:", 1, true))
    end
  end)
end)

describe("the hot path", function()
  it("allocates nothing", function()
    local c = client()
    assert(c:authorization())
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    for _ = 1, 1000 do
      c:authorization()
    end
    local after = collectgarbage "count"
    collectgarbage "restart"
    -- LuaJIT may compile the loop meanwhile; a string each would be 40 kB.
    assert.is_true(after - before < 10)
  end)
end)
