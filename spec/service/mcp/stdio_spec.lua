-- stdio: lines in, responses out, and calls in flight in between.
local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"
local line_reader = require "equinix.service.mcp.line_reader"
local mcp = require "spec.support.mcp"
local scheduler = require "equinix.transport.loop.scheduler"
local scripted = require "spec.support.scripted"
local stdio = require "equinix.service.mcp.stdio"
local token_service = require "equinix.service.token_service"

if not scheduler.able() then
  describe("MCP over stdio", function()
    it("runs no calls side by side on Lua 5.1", function()
      pending "this is Lua 5.1"
    end)
  end)
  return
end

-- MCP over stdio whose input is these pieces, and whose server answers "hold"
-- when it is released. A function is called for its piece; nil: not yet. The
-- loop does not wait for standard input, which is the spec's own.
local function new(pieces, options)
  options = options or {}
  local loop = scheduler.new(error)
  local turn = loop.turn
  function loop.turn(self, seconds, wants)
    turn(self, wants and 0 or seconds)
  end
  local d = { responses = {}, held = {}, started = 0, most = 0, now = 0, i = 0,
    asked = 0 }
  local server = {}
  function server.line(_, parsed, agreed)
    d.started, d.now = d.started + 1, d.now + 1
    d.most, d.agreed = math.max(d.most, d.now), agreed
    local message = parsed.message
    if message.method == "hold" then
      d.held[#d.held + 1] = loop:task()
      loop:sleep()
    elseif message.method == "raise" then
      error("a mistake", 0)
    end
    d.now = d.now - 1
    local id = json_text.string(message.id) or message.id
    return id, message.method == "initialize" and "2025-03-26" or nil
  end
  function server.too_long()
    return "too long"
  end
  function d.release()
    for _, task in ipairs(d.held) do
      loop:wake(task)
    end
    d.held = {}
  end
  local input = line_reader.new(function()
    local piece = pieces[d.i + 1]
    if type(piece) == "function" then
      piece = piece(d)
      if piece == nil then
        d.asked = d.asked + 1
        assert(d.asked < 100000, "a piece's moment never came")
        return nil
      end
    end
    d.i = d.i + 1
    if piece == nil then
      return options.failure and nil or "", options.failure
    end
    return piece or nil
  end, 10000, stdio.inspect)
  d.stdio = stdio.new {
    server = options.server or server,
    input = input,
    loop = loop,
    write = function(line)
      d.responses[#d.responses + 1] = line
      return not options.closed
    end,
    ending = options.ending or function()
      return false
    end,
  }
  return d
end

local function message(method, id)
  return mcp.message(method, nil, id) .. "\n"
end

local function cancel(id)
  return mcp.message("notifications/cancelled", { requestId = id }, false)
    .. "\n"
end

-- A piece that comes when so many are held.
local function when_held(n, piece)
  return function(d)
    return #d.held == n and piece or nil
  end
end

-- The moment when so many are held; then they go on. Nothing is read.
local function release(n)
  return function(d)
    if #d.held < n then
      return nil
    end
    d.release()
    return false
  end
end

describe("MCP over stdio", function()
  it("answers each line as soon as its response is ready",
    function()
      local d = new { message("hold", 1) .. message("ping", 2),
        function(d)
          return #d.responses == 1 and message("ping", 3) or nil
        end,
        function(d)
          if #d.responses == 2 then
            d.release()
            return false
          end
        end }
      assert.equal(0, (d.stdio:run()))
      assert.same({ "2", "3", "1" }, d.responses)
    end)

  it("answers a line that is too long, but no notification or blank line",
    function()
      local d = new { message("notify", false), "\n \t\n", ("x"):rep(20000),
        "\n", message("ping", 1) }
      assert.equal(0, (d.stdio:run()))
      assert.same({ "too long", "1" }, d.responses)
      assert.equal(2, d.started)
    end)

  it("finishes the calls in flight when the input ends", function()
    local d = new { message("hold", 1) .. message("hold", 2) .. "x",
      function(d)
        if #d.held < 2 then
          return nil
        end
        d.release()
        return "" -- the end
      end }
    -- The last line has no end, and is not JSON.
    local line = d.stdio.server.line
    d.stdio.server.line = function(self, parsed, agreed)
      if parsed.rpc_error then
        return "broken"
      end
      return line(self, parsed, agreed)
    end
    assert.equal(0, (d.stdio:run()))
    table.sort(d.responses)
    assert.same({ "1", "2", "broken" }, d.responses)
  end)

  it("does not answer a call that was cancelled, in flight or before its turn",
    function()
      local d = new { message("hold", 1) .. message("hold", 2),
        when_held(2, cancel(1)),
        message("ping", 3) .. message("ping", 4) .. cancel(4), release(2) }
      assert.equal(0, (d.stdio:run()))
      assert.same({ "3", "2" }, d.responses)
      -- The notifications too, but not the cancelled ping.
      assert.equal(5, d.started)
    end)

  it("compares ids by their value, and accepts one again later", function()
    local d = new { message("hold", 1) .. message("hold", "1")
      .. message("hold", "\240\159\152\128"),
      when_held(3, cancel(1) .. '{"jsonrpc":"2.0","method":"notifications'
        .. '\\/cancelled","params":{"requestId":"\\ud83d\\ude00"}}\n'
        .. message("ping", 1)),
      release(3) }
    assert.equal(0, (d.stdio:run()))
    -- The ping has the id of a call that was cancelled before it.
    assert.same({ "1", "1" }, d.responses)
  end)

  it("does not cancel initialize", function()
    local d = new { message("initialize", 1) .. cancel(1) }
    assert.equal(0, (d.stdio:run()))
    assert.equal(1, #d.responses)
  end)

  it("remembers the version that initialize agreed on", function()
    local d = new { message("ping", 1), function(d)
      assert.is_nil(d.agreed)
      return message("initialize", 2) .. message("ping", 3)
    end }
    assert.equal(0, (d.stdio:run()))
    assert.equal("2025-03-26", d.agreed)
  end)

  it("has 128 calls in flight at most; the lines after them wait",
    function()
      local pieces = {}
      for i = 1, 130 do
        pieces[i] = message("hold", i)
      end
      pieces[131] = message("ping", 131)
      local checked = false
      local looks = 0
      pieces[132] = function(d)
        looks = looks + (#d.held >= 128 and 1 or 0)
        if looks < 20 then
          return nil -- enough time to start one too many
        end
        checked = d.started == 128 and #d.responses == 0
        return cancel(129) .. cancel(131)
      end
      pieces[133], pieces[134] = release(128), release(1)
      local d = new(pieces)
      assert.equal(0, (d.stdio:run()))
      assert.is_true(checked)
      assert.equal(128, d.most)
      -- 129 and 131 were cancelled while they waited for their turn.
      assert.equal(129, #d.responses)
      table.sort(d.responses)
      for _, response in ipairs(d.responses) do
        assert.is_true(response ~= "129" and response ~= "131")
      end
    end)

  it("stops reading when it is to end, and finishes", function()
    local ending = false
    local d
    d = new({ message("hold", 1), function()
      ending = #d.held == 1
      if ending then
        return false
      end
    end, message("ping", 2) }, {
      ending = function()
        if ending then
          d.release()
        end
        return ending
      end,
    })
    assert.equal(0, (d.stdio:run()))
    assert.same({ "1" }, d.responses)
    assert.equal(2, d.i)
  end)

  it("ends with 1 when its output is closed", function()
    local d = new({ message("hold", 1) .. message("ping", 2)
      .. message("ping", 3) }, { closed = true })
    assert.equal(1, (d.stdio:run()))
    assert.same({ "2" }, d.responses)
  end)

  it("reports why the input can't be read, after all calls", function()
    local d = new({ message("hold", 1), release(1) },
      { failure = "broken" })
    local code, reason = d.stdio:run()
    assert.is_nil(code)
    assert.equal("broken", reason)
    assert.same({ "1" }, d.responses)
  end)

  it("raises what its server raises", function()
    local d = new { message("raise", 1) }
    local ok, raised = pcall(d.stdio.run, d.stdio)
    assert.is_false(ok)
    assert.equal("a mistake", raised)
  end)

  it("waits for what runs at the side before it ends", function()
    local done = false
    local d = new {}
    local loop = d.stdio.loop
    loop:spawn(function()
      loop:sleep(0.02)
      done = true
    end)
    assert.equal(0, (d.stdio:run()))
    assert.is_true(done)
  end)
end)

describe("a line over stdio", function()
  -- Runs one line through the real server and service, and counts.
  local function count(line)
    local client = scripted.client { scripted.token "one" }
    local server = mcp.new { service = token_service.new(client),
      client = client }
    local reads, parses = 0, 0
    local read, parse = json_text.read, jsonrpc.read
    json_text.read = function(text)
      reads = reads + 1
      return read(text)
    end
    jsonrpc.read = function(text)
      parses = parses + 1
      return parse(text)
    end
    local d = new({ line .. "\n" }, { server = server.mcp })
    local ok, code = pcall(d.stdio.run, d.stdio)
    json_text.read, jsonrpc.read = read, parse
    assert.is_true(ok, code)
    assert.equal(0, code)
    return reads, parses, d.responses[1]
  end

  it("is parsed once, and its response is not parsed", function()
    for _, case in ipairs {
      { mcp.message "ping", '"result":{}' },
      { mcp.message("initialize", { protocolVersion = "2025-03-26" }),
        '"protocolVersion":"2025%-03%-26"' },
      { mcp.message("tools/call", { name = "getoauth2accesstoken" }),
        '\\"access_token\\":\\"one\\"' },
      { mcp.message("refresh", { word = "cancelled" }), '"code":%-32601' },
      { mcp.message("notifications/cancelled", { requestId = 9 }, false) },
      { mcp.message("notifications/cancelled", { requestId = 9 }),
        '"code":%-32601' },
    } do
      local reads, parses, response = count(case[1])
      assert.same({ 1, 1 }, { reads, parses }, case[1])
      assert.matches(case[2] or "^none$", response or "none")
    end
  end)

  it("that is not JSON, or a batch, is read once", function()
    local reads, parses, response = count "{cancelled"
    assert.same({ 1, 0 }, { reads, parses })
    assert.matches('"code":%-32700', response)
    reads, parses, response = count("[" .. mcp.message "ping" .. ","
      .. mcp.message("cancelled", nil, 2) .. "]")
    assert.same({ 1, 2 }, { reads, parses }) -- each message of it once
    assert.matches('"result":{}.*"code":%-32601', response)
  end)
end)
