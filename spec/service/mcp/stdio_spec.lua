-- cli/mcp/desk: lines in, answers out, and what is under way between them.
local desk = require "equinix.service.mcp.stdio"
local json = require "equinix.base.json"
local lines = require "equinix.service.mcp.line_reader"
local loop = require "equinix.transport.loop.scheduler"
local mcp = require "spec.support.mcp"

if not loop.able() then
  describe("a desk", function()
    it("has nothing between its lines on Lua 5.1", function()
      pending "this is Lua 5.1"
    end)
  end)
  return
end

-- A desk whose input is these pieces, and whose server answers "hold" when it
-- is released. A function is called for its piece; nil: not yet. Reading
-- standard input is left out: it is the spec's own.
local function new(pieces, options)
  options = options or {}
  local tasks = loop.new(error)
  local turn = tasks.turn
  function tasks.turn(self, seconds, wants)
    turn(self, wants and 0 or seconds)
  end
  local d = { answers = {}, held = {}, begun = 0, most = 0, now = 0, i = 0,
    asked = 0 }
  local server = {}
  function server.line(_, line, agreed)
    d.begun, d.now = d.begun + 1, d.now + 1
    d.most, d.agreed = math.max(d.most, d.now), agreed
    local asked = json.decode(line)
    if asked.method == "hold" then
      d.held[#d.held + 1] = tasks:task()
      tasks:sleep()
    elseif asked.method == "raise" then
      error("a mistake", 0)
    end
    d.now = d.now - 1
    return asked.id and (asked.method == "initialize"
      and '{"protocolVersion":"2025-03-26"}' or tostring(asked.id)) or nil
  end
  function server.too_long()
    return "too long"
  end
  function d.release()
    for _, task in ipairs(d.held) do
      tasks:wake(task)
    end
    d.held = {}
  end
  local input = lines.new(function()
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
      return options.problem and nil or "", options.problem
    end
    return piece or nil
  end, 10000, desk.cancelled)
  d.desk = desk.new {
    server = server,
    input = input,
    loop = tasks,
    write = function(answer)
      d.answers[#d.answers + 1] = answer
      return not options.deaf
    end,
    told = options.told or function()
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

-- The moment when so many are held and then go on; nothing is read in it.
local function release(n)
  return function(d)
    if #d.held < n then
      return nil
    end
    d.release()
    return false
  end
end

describe("a desk", function()
  it("answers what needs no waiting at once, and the rest when it is there",
    function()
      local d = new { message("hold", 1) .. message("ping", 2),
        function(d)
          return #d.answers == 1 and message("ping", 3) or nil
        end,
        function(d)
          if #d.answers == 2 then
            d.release()
            return false
          end
        end }
      assert.equal(0, (d.desk:run()))
      assert.same({ "2", "3", "1" }, d.answers)
    end)

  it("answers no notification, no blank line, and a line too long with one",
    function()
      local d = new { message("note", false), "\n \t\n", ("x"):rep(20000),
        "\n", message("ping", 1) }
      assert.equal(0, (d.desk:run()))
      assert.same({ "too long", "1" }, d.answers)
      assert.equal(2, d.begun)
    end)

  it("finishes what is under way when the input ends", function()
    local d = new { message("hold", 1) .. message("hold", 2) .. "x",
      function(d)
        if #d.held < 2 then
          return nil
        end
        d.release()
        return "" -- the end
      end }
    -- The last line has no end, and is JSON no more than the server minds.
    local line = d.desk.server.line
    d.desk.server.line = function(self, text, agreed)
      if text == "x" then
        return "broken"
      end
      return line(self, text, agreed)
    end
    assert.equal(0, (d.desk:run()))
    table.sort(d.answers)
    assert.same({ "1", "2", "broken" }, d.answers)
  end)

  it("withholds what was cancelled, before its turn or meanwhile", function()
    local d = new { message("hold", 1) .. message("hold", 2),
      when_held(2, cancel(1)),
      message("ping", 3) .. message("ping", 4) .. cancel(4), release(2) }
    assert.equal(0, (d.desk:run()))
    assert.same({ "3", "2" }, d.answers)
    assert.equal(5, d.begun) -- the notifications too, the cancelled ping not
  end)

  it("takes an id for what it is, and may see it again", function()
    local d = new { message("hold", 1) .. message("hold", "1")
      .. message("hold", "\240\159\152\128"),
      when_held(3, cancel(1) .. '{"jsonrpc":"2.0","method":"notifications'
        .. '\\/cancelled","params":{"requestId":"\\ud83d\\ude00"}}\n'
        .. message("ping", 1)),
      release(3) }
    assert.equal(0, (d.desk:run()))
    -- The ping has the id of a call that was cancelled before it.
    assert.same({ "1", "1" }, d.answers)
  end)

  it("never cancels initialize", function()
    local d = new { message("initialize", 1) .. cancel(1) }
    assert.equal(0, (d.desk:run()))
    assert.equal(1, #d.answers)
  end)

  it("keeps the version that initialize agreed on", function()
    local d = new { message("ping", 1), function(d)
      assert.is_nil(d.agreed)
      return message("initialize", 2) .. message("ping", 3)
    end }
    assert.equal(0, (d.desk:run()))
    assert.equal("2025-03-26", d.agreed)
  end)

  it("has 128 calls under way at most; the lines behind them wait",
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
          return nil -- time enough to begin one too many
        end
        checked = d.begun == 128 and #d.answers == 0
        return cancel(129) .. cancel(131)
      end
      pieces[133], pieces[134] = release(128), release(1)
      local d = new(pieces)
      assert.equal(0, (d.desk:run()))
      assert.is_true(checked)
      assert.equal(128, d.most)
      -- 129 and 131 were cancelled while they waited for their turn.
      assert.equal(129, #d.answers)
      table.sort(d.answers)
      for _, answer in ipairs(d.answers) do
        assert.is_true(answer ~= "129" and answer ~= "131")
      end
    end)

  it("stops to read when it is told to end, and finishes", function()
    local told = false
    local d
    d = new({ message("hold", 1), function()
      told = #d.held == 1
      if told then
        return false
      end
    end, message("ping", 2) }, {
      told = function()
        if told then
          d.release()
        end
        return told
      end,
    })
    assert.equal(0, (d.desk:run()))
    assert.same({ "1" }, d.answers)
    assert.equal(2, d.i)
  end)

  it("ends with 1 when nobody reads its answers", function()
    local d = new({ message("hold", 1) .. message("ping", 2)
      .. message("ping", 3) }, { deaf = true })
    assert.equal(1, (d.desk:run()))
    assert.same({ "2" }, d.answers)
  end)

  it("says why the input can't be read, when all is done", function()
    local d = new({ message("hold", 1), release(1) },
      { problem = "broken" })
    local code, problem = d.desk:run()
    assert.is_nil(code)
    assert.equal("broken", problem)
    assert.same({ "1" }, d.answers)
  end)

  it("raises what its server raises", function()
    local d = new { message("raise", 1) }
    local ok, problem = pcall(d.desk.run, d.desk)
    assert.is_false(ok)
    assert.equal("a mistake", problem)
  end)

  it("waits for what runs at the side before it ends", function()
    local done = false
    local d = new {}
    local l = d.desk.loop
    l:spawn(function()
      l:sleep(0.02)
      done = true
    end)
    assert.equal(0, (d.desk:run()))
    assert.is_true(done)
  end)
end)
