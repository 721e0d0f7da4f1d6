-- source: the life of a token, state by state, on scripted answers.
local core = require "equinix.core"
local equinix = require "equinix"
local scripted = require "spec.support.scripted"
local slots = require "spec.support.slots"

local token, refused = scripted.token, scripted.refused

local client = scripted.client

local function state_of(c)
  return (c.tokens:slot():read())
end

-- Waits for the end of a token's life.
local function expire(c)
  scripted.until_true(function()
    return state_of(c) == "expired"
  end, "the end of the token")
end

-- Gives the token another life, such as one of minutes in one state: a slow
-- machine would miss a short window.
local function put(c, life)
  local slot = c.tokens:slot()
  local _, _, header, record = slot:read()
  slots.fill(slot, header, life, record)
end

local UNAVAILABLE = scripted.json(503, "", { ["retry-after"] = "60" })

-- Plain Lua 5.1 can't yield across the pcall around what a leader does.
local it_yields = _VERSION == "Lua 5.1" and not jit and pending or it

describe("a fresh token", function()
  it("is requested once and served from then on", function()
    local c, transport = client { token "one" }
    for _ = 1, 50 do
      assert.equal("Bearer one", c:authorization())
      assert.equal("one", c:token().access_token)
    end
    assert.equal(1, #transport.sent)
  end)

  it("is the same table until it is renewed", function()
    local c = client { token "one", token "two" }
    local first = c:token()
    first.access_token = "meddled"
    assert.equal(first, c:token())
    assert.equal("Bearer one", c:authorization())
    assert.equal("two", c:refresh().access_token)
    assert.equal("two", c:token().access_token)
  end)

  it("is shared by all clients of the same credentials", function()
    local a, _, opts = client { token "one" }
    assert.equal("Bearer one", a:authorization())
    local b, transport = client({ token "other" }, {
      client_id = opts.client_id,
    })
    assert.equal("Bearer one", b:authorization())
    assert.equal(0, #transport.sent)
  end)

  it("that came between a caller's look and its turn is not requested again",
    function()
      local d, _, opts = client { token "one" }
      local c, transport = client({ token "two" }, {
        client_id = opts.client_id,
      })
      local asked = false
      -- Asked after the look at the cache, before the turn to lead.
      function transport.can_wait()
        if not asked then
          asked = true
          assert(d:token())
        end
        return true
      end
      assert.equal("Bearer one", c:authorization())
      assert.is_true(asked)
      assert.equal(0, #transport.sent)
    end)

  it("is not shared over another secret or another cache_key", function()
    local a, _, opts = client { token "one" }
    a:authorization()
    for _, change in ipairs { { client_secret = "another-secret" },
      { cache_key = "tenant" }, { encoding = "form" } } do
      change.client_id = opts.client_id
      local b = client({ token "other" }, change)
      assert.equal("Bearer other", b:authorization())
    end
  end)

  it("is renewed when less than min_life is left", function()
    local c, transport = client { token("one", { token_timeout = 100 }),
      token("two", { token_timeout = 3600 }) }
    assert.equal("one", c:token({ min_life = 60 }).access_token)
    assert.equal("two", c:token({ min_life = 1000 }).access_token)
    assert.equal("two", c:token({ min_life = 1000 }).access_token)
    assert.equal(2, #transport.sent)
  end)

  it("with less life than min_life is handed out, not asked for for ever",
    function()
      local c, transport = client { token("a", { token_timeout = 100 }) }
      assert.equal("a", c:token({ min_life = 1000 }).access_token)
      assert.equal(1, #transport.sent)
    end)
end)

describe("a token near its end", function()
  it("is renewed by the caller that notices, in the advisory window",
    function()
      local c, transport = client { token "one", token "two" }
      c:authorization()
      put(c, slots.ADVISORY)
      assert.equal("Bearer two", c:authorization())
      assert.equal(2, #transport.sent)
    end)

  it("is served when its renewal fails, and not renewed again at once",
    function()
      local c, transport = client { token "one", UNAVAILABLE }
      c:authorization()
      put(c, slots.ADVISORY)
      assert.equal("Bearer one", c:authorization())
      assert.equal("Bearer one", c:authorization())
      assert.equal(2, #transport.sent)
    end)

  for _, window in ipairs { "advisory", "mandatory" } do
    it("gets five seconds for its renewal in the " .. window .. " window",
      function()
        local c, transport = client { token "one", UNAVAILABLE }
        c:authorization()
        put(c, slots[window:upper()])
        assert.equal("Bearer one", c:authorization())
        assert.is_true(transport.sent[2].seconds <= 5)
        assert.is_true(transport.sent[1].seconds > 5)
      end)
  end

  it("is never served after its end", function()
    -- Longer than the pause between two requests, which has another error.
    local c = client { token("one", { token_timeout = 2 }), UNAVAILABLE }
    c:authorization()
    expire(c)
    local header, problem = c:authorization()
    assert.is_nil(header)
    assert.equal(503, problem.status, tostring(problem))
  end)

  it("is never served after its end, though it was there before the renewal",
    function()
      local c
      c = client { token "one", function()
        expire(c)
        return UNAVAILABLE
      end }
      c:authorization()
      put(c, { -2, -1, 0.5 })
      local header, problem = c:authorization()
      assert.is_nil(header)
      assert.equal(503, problem.status, tostring(problem))
    end)

  it_yields("is never served after its end to one who waited for another",
    function()
      local c, transport
      c, transport = client { token "one", function()
        coroutine.yield()
        return UNAVAILABLE
      end }
      transport.blocking = false
      transport.sleep = function()
        coroutine.yield()
      end
      c:authorization()
      put(c, { -2, -1, 0.5 })
      local function caller()
        return c:token()
      end
      local leader, waiter = coroutine.wrap(caller), coroutine.wrap(caller)
      leader()
      waiter()
      expire(c)
      leader()
      local value, problem = waiter()
      assert.is_nil(value)
      assert.equal(503, problem.status, tostring(problem))
    end)

  it("with a life of nothing serves its own flight and is gone; the next one "
    .. "is asked for a second later", function()
    for _, life in ipairs { 0, -5, "0" } do
      local c, transport = client { token("a", { token_timeout = life }) }
      local began = core.now()
      assert.equal("Bearer a", c:authorization())
      local refused_calls = 0
      scripted.until_true(function()
        local header, err = c:authorization()
        if header then
          return true
        end
        refused_calls = refused_calls + 1
        assert.equal("short_lived", err.code)
        assert.is_true(err.retryable)
        assert.is_true(err.retry_after > 0 and err.retry_after <= 1)
      end, "the next token request")
      assert.is_true(core.now() - began >= 1)
      assert.is_true(refused_calls > 0)
      assert.equal(2, #transport.sent)
      assert.equal("a", c:refresh({ force = true }).access_token)
    end
  end)

  it("is served as it is where waiting is not allowed", function()
    local c, transport = client { token "one", token "two" }
    c:authorization()
    put(c, slots.ADVISORY)
    transport.allowed = false
    assert.equal("Bearer one", c:authorization())
    put(c, slots.EXPIRED)
    local header, problem = c:authorization()
    assert.is_nil(header)
    assert.equal("cannot_wait", problem.code)
    assert.equal(1, #transport.sent)
  end)
end)

describe("a failed token request", function()
  it("is not repeated during the back-off, and all get its error", function()
    local c, transport, opts = client { UNAVAILABLE }
    local _, first = c:authorization()
    assert.equal(503, first.status)
    local other = client({ token "x" }, { client_id = opts.client_id })
    for _, call in ipairs { c.token, other.token, other.refresh } do
      local value, problem = call(call == c.token and c or other)
      assert.is_nil(value)
      assert.equal(503, problem.status, tostring(problem))
      assert.is_true(problem.retry_after > 1 and problem.retry_after <= 72)
    end
    assert.equal(1, #transport.sent)
  end)

  it("doubles the back-off with each one that follows", function()
    local c, transport = client { scripted.json(503, "") }
    local pauses = {}
    for i = 1, 4 do
      local _, problem = c:refresh { force = true }
      pauses[i] = problem.retry_after
    end
    for i, seconds in ipairs(pauses) do
      local nominal = 2 ^ (i - 1)
      assert.is_true(seconds >= 0.8 * nominal and seconds <= 1.2 * nominal)
    end
    assert.equal(4, #transport.sent)
  end)

  it("backs off for as long as Retry-After says, an hour at most", function()
    for asked, given in pairs { ["7"] = 7, ["999999"] = 3600 } do
      local c = client { scripted.json(429, "", { ["retry-after"] = asked }) }
      local _, problem = c:token()
      assert.equal("http", problem.kind)
      assert.equal(429, problem.status)
      assert.equal(given, problem.retry_after)
    end
  end)

  it("backs off as ever when Retry-After says nothing", function()
    local c, transport = client { scripted.json(503, "",
      { ["retry-after"] = "0" }) }
    transport.sleep = core.sleep
    local _, problem = c:get("/x", { timeout = 0.5 })
    assert.equal(503, problem.status, tostring(problem))
    assert.is_true(problem.retry_after >= 0.8)
    assert.equal(1, #transport.sent)
  end)

  it("that was a time-out backs off like any other", function()
    local c, transport = client { scripted.broken("timeout", true) }
    assert.equal("timeout", select(2, c:token()).kind)
    assert.is_true(select(2, c:token()).retry_after > 0)
    assert.equal("timeout", select(2, c:authorization()).kind)
    assert.equal(1, #transport.sent)
  end)

  it("is tried again after the back-off", function()
    local c = client { scripted.json(503, ""), token "two" }
    assert.is_nil(c:authorization())
    scripted.until_true(function()
      return c:authorization() == "Bearer two"
    end, "the end of the back-off")
  end)

  it("is repeated within the flight only when nothing was sent", function()
    local c, transport = client { scripted.broken("network", false),
      scripted.broken("timeout", false), token "three" }
    assert.equal("Bearer three", c:authorization())
    assert.equal(3, #transport.sent)
    local d, sent = client { scripted.broken("network", true), token "no" }
    local _, problem = d:authorization()
    assert.equal("network", problem.kind)
    assert.equal(1, #sent.sent)
  end)

  it("leaves no back-off behind when only the leader was in haste",
    function()
      local c, transport = client { scripted.broken("timeout", true),
        token "two" }
      local _, problem = c:get("/x", { timeout = 1, retry = false })
      assert.equal("timeout", problem.kind)
      assert.equal("Bearer two", c:authorization())
      assert.equal(2, #transport.sent)
    end)

  it("keeps a mistake of the program from blocking the next flight",
    function()
      local c = client { function()
        error("broken transport")
      end, token "two" }
      assert.has_error(function()
        c:authorization()
      end)
      assert.equal("Bearer two", c:authorization())
    end)

  it("tells all who wait of a mistake that was made at the side, once",
    function()
      local c, transport = client { function()
        error("broken transport")
      end }
      function transport.spawn(f)
        pcall(f)
        return true
      end
      assert.equal("raised", select(2, c:token()).code)
      assert.equal("raised", select(2, c:token()).code)
      assert.equal(1, #transport.sent)
    end)
end)

describe("invalidate", function()
  it("refuses the token for all, and only the current one", function()
    local c, transport, opts = client { token "one", token "two" }
    local d = client({ token "x" }, { client_id = opts.client_id })
    local header = c:authorization()
    assert.equal(header, d:authorization())
    assert.is_true(d:invalidate(header))
    assert.is_false(d:invalidate(header))
    assert.equal("Bearer two", c:authorization())
    assert.is_false(c:invalidate(header))
    assert.equal("Bearer two", d:authorization())
    assert.equal(2, #transport.sent)
  end)

  it("allows five renewals a minute for a key; then the newest token stays",
    function()
      local c, transport = client { token "t" }
      for i = 1, 8 do
        assert.equal(i <= 5, c:invalidate(assert(c:authorization())))
      end
      assert.equal("Bearer t", c:authorization())
      assert.equal(6, #transport.sent)
    end)
end)

describe("forget", function()
  it("drops the token for all who share it, but no latch", function()
    local c, transport, opts = client { token "one", token "two" }
    local d = client({ token "x" }, { client_id = opts.client_id })
    d:authorization()
    c:authorization()
    assert.is_true(c:forget())
    assert.equal("Bearer one", c:authorization())
    assert.equal(1, #transport.sent)
    local e, refusals = client { refused() }
    e:token()
    e:forget()
    assert.is_nil((e:token()))
    assert.equal(1, #refusals.sent)
  end)
end)

describe("a callback of the renewal", function()
  it("that asks for the token it renews gets an error, not a deadlock",
    function()
      local inner
      local c
      c = client({ token "one" }, {
        on_event = function(name)
          if name == "token_request" then
            inner = select(2, c:token())
          end
        end,
      })
      assert.equal("Bearer one", c:authorization())
      assert.equal("own_flight", inner.code)
    end)
end)

describe("waiting where others run in the same thread", function()
  it_yields("is the transport's sleep, and the waiter gets the leader's token",
    function()
      local c, transport
      transport = scripted.transport { function()
        coroutine.yield "sending"
        return token "one"
      end }
      transport.blocking = false
      transport.sleep = function()
        coroutine.yield "waiting"
      end
      c = assert(equinix.new {
        client_id = scripted.unique(),
        client_secret = "s3cret-of-this-app",
        transport = transport,
      })
      local results = {}
      local function caller(i)
        return coroutine.wrap(function()
          results[i] = c:token().access_token
          return "done"
        end)
      end
      local leader, waiter = caller(1), caller(2)
      assert.equal("sending", leader())
      assert.equal("waiting", waiter())
      assert.equal("done", leader())
      assert.equal("done", waiter())
      assert.same({ "one", "one" }, results)
      assert.equal(1, #transport.sent)
    end)
end)

describe("the lifetime of a token", function()
  it("counts from the start of its request", function()
    local c = client { function()
      core.sleep(0.2)
      return token("one", { token_timeout = 100 })
    end }
    c:authorization()
    local _, _, _, _, left = c.tokens:slot():read()
    assert.is_true(left <= 99.8)
  end)
end)
