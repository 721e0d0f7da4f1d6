-- side_by_side: when calls are sent, and what happens to those under way.
local core = require "equinix.core"
local equinix = require "equinix"
local paged = require "spec.support.paged"
local side_by_side = require "equinix.client.side_by_side"

local server, c, calls
before_each(function()
  server = paged.start()
  c = assert(equinix.new { base_url = server.url, token = "t",
    retry = { base = 0.01 } })
  calls = side_by_side.new(c)
end)
after_each(function()
  calls:close()
  server:stop()
end)

local function add(query, fields)
  local opts = { path = "/list?total=9&size=1&" .. query }
  for name, value in pairs(fields or {}) do
    opts[name] = value
  end
  return calls:add(opts)
end

local function all()
  local ended = {}
  while calls.n > 0 do
    for _, entry in ipairs(calls:turn()) do
      ended[#ended + 1] = entry
    end
  end
  return ended
end

describe("calls side by side", function()
  it("end each with a response or an error, and are returned once", function()
    local good, bad = add "offset=1", add "offset=2&status=404&at=2"
    local evil = calls:add { path = "//evil" }
    assert.equal(evil, calls:turn()[1])
    assert.equal(2, #all())
    assert.equal(200, good.response.status)
    assert.equal(404, bad.err.status)
    assert.equal("config", evil.err.kind)
    assert.same({}, calls:turn(0))
  end)

  it("send nothing before the time that their owner sets", function()
    local at = core.now() + 0.3
    calls.not_before = at
    add "offset=1"
    assert.same({}, calls:turn(0.05))
    assert.same({}, server:asked())
    assert.equal(200, all()[1].response.status)
    assert.is_true(core.now() >= at)
  end)

  it("end at once where that time is beyond their deadline", function()
    calls.not_before = core.now() + 100
    local entry = add("offset=1", { timeout = 5 })
    assert.equal(1, #all())
    assert.equal("timeout", entry.err.kind)
    assert.is_true(entry.err.retry_after > 90)
    assert.matches("asked for a pause that ends after the deadline",
      entry.err.message)
  end)

  it("tell the owner of the pause that a server asks for", function()
    local told
    calls.on_told = function(seconds)
      told = seconds
    end
    add "offset=1&status=404&at=1"
    all()
    assert.is_nil(told)
    add "offset=2&status=429&at=2&after=0"
    assert.equal(200, all()[1].response.status)
    assert.equal(0, told)
    add "offset=3&status=503&at=3&after=70"
    assert.equal(503, all()[1].err.status)
    assert.equal(70, told)
  end)

  it("have their time put off while the caller is away", function()
    local entry = add("offset=1&sleep=0.4", { timeout = 0.2, retry = false })
    calls:turn(0)
    calls:away(0)
    calls:away(5)
    all()
    assert.equal(200, entry.response.status)
  end)

  it("are cancelled, except what may have an effect when they stop",
    function()
      add "stuck=0"
      local order = add("sleep=0.2", { method = "POST",
        json = { pagination = { offset = 1 } } })
      assert.truthy(server:until_state(function(state)
        calls:turn(0)
        return state.now == 2
      end))
      calls:stop()
      assert.equal(200, order.response.status)
      assert.truthy(server:until_state(function(state)
        return state.now == 0 and state.aborted == 1
      end))
    end)

  it("are none for a transport without them", function()
    local curl = require "equinix.transport.curl"
    assert.truthy(side_by_side.of(curl))
    assert.is_nil(side_by_side.of { send = curl.send })
    assert.is_nil(side_by_side.of { send = print,
      transfers = curl.transfers })
  end)
end)
