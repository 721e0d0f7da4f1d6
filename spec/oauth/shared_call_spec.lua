-- shared_call: callers that sent exactly the same share one request.
local core = require "equinix.core"
local errors = require "equinix.base.error"
local json_text = require "equinix.base.json_text"
local scripted = require "spec.support.scripted"
local shared_call = require "equinix.oauth.shared_call"

local function key(text, operation)
  return shared_call.key(operation or "get", assert(json_text.read(text)))
end

describe("what a request is known by", function()
  local BODY = '{"client_id":"a","client_secret":"s"}'

  it("is its members, in whatever order", function()
    assert.equal(key(BODY), key '{ "client_secret": "s", "client_id": "a" }')
  end)

  it("differs with any letter, member, operation or type", function()
    for _, other in ipairs {
      '{"client_id":"a","client_secret":"t"}',
      '{"client_id":"b","client_secret":"s"}',
      '{"client_id":"a","client_secret":"s","user_name":null}',
      '{"client_id":"a","client_secret":"s","x":{"y":1}}',
      '{"client_id":"a","client_secret":"S"}',
    } do
      assert.not_equal(key(BODY), key(other))
    end
    assert.not_equal(key(BODY), key(BODY, "refresh"))
    -- Numbers that are one as floats, and a number beside its text.
    assert.not_equal(key '{"client_secret":12345678901234568}',
      key '{"client_secret":12345678901234569}')
    assert.not_equal(key '{"client_secret":1}', key '{"client_secret":"1"}')
    -- Where one member ends and the next begins.
    assert.not_equal(key '{"a":"1","b":"2"}', key [[{"a":"1\",\"b\":\"2"}]])
  end)
end)

local it_yields = _VERSION == "Lua 5.1" and not jit and pending or it

describe("callers at once", function()
  local calls, sent, port
  before_each(function()
    calls, sent = {}, 0
    port = scripted.transport {}
    port.blocking = false
    port.sleep = function()
      coroutine.yield()
    end
  end)

  -- A caller as a coroutine; each call of it is one step.
  local function caller(send, o)
    o = o or {}
    return coroutine.wrap(function()
      return "done", shared_call.run(calls, o.key or "key", {
        transport = port,
        deadline = core.now() + (o.seconds or 5),
        wanted = o.wanted or function()
          return true
        end,
      }, send)
    end)
  end

  local function answers(value)
    return function()
      sent = sent + 1
      coroutine.yield()
      return value
    end
  end

  local function never()
    error "it was sent"
  end

  it_yields("share the answer, and the next one sends anew", function()
    local first, second = caller(answers "one"), caller(never)
    first()
    second()
    assert.same({ "done", "one" }, { first() })
    assert.same({ "done", "one" }, { second() })
    local third = caller(answers "two")
    third()
    assert.same({ "done", "two" }, { third() })
    assert.equal(2, sent)
  end)

  it_yields("share nothing with another key", function()
    local first = caller(answers "one")
    first()
    local second = caller(answers "two", { key = "another" })
    second()
    assert.same({ "done", "one" }, { first() })
    assert.same({ "done", "two" }, { second() })
  end)

  it_yields("share an error, each as its own table", function()
    local err = errors.make("network", "broken", { code = "ECONNRESET" })
    local first, second = caller(function()
      coroutine.yield()
      return nil, err
    end), caller(never)
    first()
    second()
    assert.equal(err, select(3, first()))
    local other = select(3, second())
    assert.equal("ECONNRESET", other.code)
    assert.not_equal(tostring(nil), tostring(other))
    assert.is_false(rawequal(err, other))
  end)

  it_yields("do not share a fault of one caller's place", function()
    for _, fault in ipairs {
      { "timeout", "queue" }, { "config", "cannot_wait" },
      { "config", "no_thread_pool" }, { "memory", "ENOMEM" },
    } do
      local err = errors.make(fault[1], "not sent", { code = fault[2] })
      local first, second = caller(function()
        coroutine.yield()
        return nil, err
      end), caller(answers "mine")
      first()
      second()
      assert.equal(err, select(3, first()))
      second()
      assert.same({ "done", "mine" }, { second() })
    end
  end)

  it_yields("do not share one caller's lack of time, or what it raised",
    function()
      local late = errors.make("timeout", "late", { code = "token_wait" })
      local first, second = caller(function()
        coroutine.yield()
        return nil, late
      end), caller(answers "mine")
      first()
      second()
      assert.equal(late, select(3, first()))
      second()
      assert.same({ "done", "mine" }, { second() })
      local third, fourth = caller(function()
        coroutine.yield()
        error("a mistake", 0)
      end), caller(answers "mine")
      third()
      fourth()
      assert.error_matches(third, "a mistake")
      fourth()
      assert.same({ "done", "mine" }, { fourth() })
    end)

  it_yields("are not mixed up with those that hung up", function()
    local is_shared, here = nil, true
    local first = caller(function(shared)
      is_shared = shared
      coroutine.yield()
      return "one"
    end)
    first()
    assert.is_false(is_shared())
    local second = caller(never, { wanted = function()
      return here
    end })
    second()
    assert.is_true(is_shared())
    here = false
    assert.equal("caller_gone", select(3, second()).code)
    assert.is_false(is_shared())
    assert.same({ "done", "one" }, { first() })
  end)

  it_yields("wait no longer than their own deadline", function()
    local first = caller(answers "one")
    first()
    local second = caller(never, { seconds = 0 })
    assert.equal("token_wait", select(3, second()).code)
  end)

  it_yields("lead themselves where the leader never came back", function()
    local first = caller(answers "one", { seconds = -11 })
    first() -- and is dropped
    local second = caller(answers "two")
    second()
    assert.same({ "done", "two" }, { second() })
  end)

  it("send for themselves where waiting blocks the thread", function()
    port.blocking = true
    local function send(shared)
      sent = sent + 1
      assert.is_false(shared())
      return sent < 3 and shared_call.run(calls, "key", { transport = port,
        deadline = 0, wanted = never }, send) or "all"
    end
    assert.equal("all", (shared_call.run(calls, "key", { transport = port,
      deadline = 0, wanted = never }, send)))
    assert.equal(3, sent)
  end)
end)
