-- loop_exchange: what every adapter for an event loop promises of exchanges
-- with a server that is no HTTP server; loop_contract describes a loop.
--
-- Law of this file: it knows no loop. The server is a raw one that answers
-- with the last word of the command.
local assert = require "luassert"
local busted = require "busted"
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local resp = require "spec.support.resp"

local before_each, after_each, it = busted.before_each, busted.after_each,
  busted.it

-- /slow: a second. /never: no reply.
local SERVER = resp.SERVER .. [[
  for text in command do
    local word = text:match "%S+$"
    if word == "/slow" then
      c:sleep(1)
    elseif word == "/never" then
      c:hangup()
      c:log { method = "closed", path = "", body = "", headers = {} }
      return
    end
    c:send("+" .. word .. "\r\n")
  end
]]

---@param loop table as loop_contract describes it
return function(loop)
  local transport, server = loop.transport, nil

  before_each(function()
    server = rawserver.start(SERVER)
  end)
  after_each(function()
    server:stop()
  end)

  local function exchange(word, fields)
    local options = resp.options(server.port, fields)
    options.send = resp.command("ECHO", word)
    return core.exchange(options)
  end

  -- Runs a function as a task until the loop ends by itself.
  local function run(f)
    local problem
    loop.start(function()
      local ok, message = xpcall(f, debug.traceback)
      problem = not ok and message or nil
    end)
    loop.finish()
    assert(not problem, problem)
  end

  it("carries exchanges of many tasks, each with its own reply", function()
    local right, kept = 0, nil
    run(function()
      for i = 1, 50 do
        loop.start(function()
          local response = assert(transport.send(exchange(i), 30))
          right = right + (response.body == "+" .. i .. "\r\n" and 1 or 0)
        end)
      end
    end)
    assert.equal(50, right)
    run(function()
      assert(transport.send(exchange "x", 30))
      kept = assert(transport.send(exchange "y", 30)).kept
    end)
    assert.is_true(kept)
  end)

  it("lets other tasks go on during an exchange", function()
    local ticks = 0
    run(function()
      local stop = loop.ticker(0.01, function()
        ticks = ticks + 1
      end)
      assert.equal("+/slow\r\n", assert(transport.send(exchange "/slow",
        30)).body)
      stop()
    end)
    assert.is_true(ticks >= 20, ticks .. " ticks in more than a second")
  end)

  it("ends an exchange at its deadline, and that of a refused one at once",
    function()
      local late, none, refused
      run(function()
        late = select(2, transport.send(exchange "/never", 0.2))
        local options = resp.options(server.port, { identity = "none" })
        options.login = nil
        none = select(2, transport.send(core.exchange(options), 30))
        refused = select(2, transport.send(exchange("x", { port = 1 }), 30))
      end)
      assert.equal("timeout", late.kind)
      assert.is_true(late.maybe_sent)
      assert.equal("no_connection", none.code)
      assert.equal("refused", refused.code)
    end)

  it("sends no exchange outside of a task", function()
    local _, err = transport.send(exchange "x", 30)
    assert.same({ "config", "cannot_wait", false },
      { err.kind, err.code, err.maybe_sent })
    assert.equal(0, server:connections())
  end)
end
