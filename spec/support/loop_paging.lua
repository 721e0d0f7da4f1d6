-- loop_paging: what every adapter for an event loop promises of lists that are
-- read ahead.
--
-- Law of this file: it knows no loop (spec/support/loop_contract.lua says what
-- one is). The server counts what is under way.
local assert = require "luassert"
local busted = require "busted"
local paged = require "spec.support.paged"
local world = require "spec.support.loop_world"

local before_each, after_each, it = busted.before_each, busted.after_each,
  busted.it

---@param loop table
return function(loop)
  local w, server

  before_each(function()
    server = paged.start()
    w = world.new(loop, server.url)
  end)
  after_each(function()
    server:stop()
  end)

  -- Reads a list to its end, in a task. -> how many items came in order
  local function read(query, opts)
    local c, n = w:client { retry = { base = 0.01 } }, 0
    for item in c:items("/list?" .. query, opts) do
      assert.equal(n + 1, item.id)
      n = n + 1
    end
    return n
  end

  it("reads lists eight pages ahead, in several tasks at once", function()
    local lists = 0
    w:run(function()
      for _ = 1, 3 do
        loop.start(function()
          assert.equal(50, read "total=50&size=1&hold=24&from=3")
          lists = lists + 1
        end)
      end
      -- Three times eight, and never more.
      while lists < 3 do
        loop.sleep(0.01)
      end
    end)
    assert.equal(3, lists)
    assert.equal(24, server:state().most)
    assert.equal(150, #server:asked())
  end)

  it("repeats a page that failed, and keeps its place", function()
    w:run(function()
      assert.equal(40, read "total=40&size=1&status=503&at=9&after=0")
    end)
    assert.equal(1, server:state().tokens)
    assert.equal(41, #server:asked())
  end)

  it("ends by itself when a list is left early, in each way", function()
    local ways = {
      function(reader)
        reader:close()
      end,
      function() end,
      function(_, next_item)
        assert.is_false(pcall(next_item))
      end,
    }
    for i, way in ipairs(ways) do
      w:run(function()
        local next_item, _, _, reader = w:client():items(
          "/list?total=90&size=1&stuck=30" .. (i == 3
            and "&status=404&at=29&times=9" or ""))
        for _ = 1, 29 do
          next_item()
        end
        way(reader, next_item)
        next_item, reader = nil, nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
      end)
      collectgarbage()
      collectgarbage()
      assert.truthy(server:until_state(function(state)
        return state.now == 0
      end), "it is still under way")
    end
  end)

  it("ends a page that is waited for when another task closes the list",
    function()
      local err
      w:run(function()
        local next_item, _, _, reader = w:client():items(
          "/list?total=90&size=1&stuck=30")
        loop.start(function()
          local ok = true
          while ok do
            ok, err = pcall(next_item)
          end
        end)
        while #server:asked() < 31 do
          loop.sleep(0.05)
        end
        loop.sleep(0.05) -- by then it waits for the page that is stuck
        reader:close()
        while not err do
          loop.sleep(0.01)
        end
      end)
      assert.equal("closed", err.kind)
    end)

  it("refuses that two tasks wait for the next page of one list", function()
    local ids, refused, ended = {}, 0, 0
    w:run(function()
      local next_item = w:client():items "/list?total=50&size=1&sleep=0.01"
      for _ = 1, 3 do
        loop.start(function()
          local ok, item = pcall(next_item)
          while ok and item do
            ids[#ids + 1] = item.id
            ok, item = pcall(next_item)
          end
          if not ok then
            assert(item:find("another task waits for the next page", 1, true))
            refused = refused + 1
          end
          ended = ended + 1
        end)
      end
      while ended < 3 do
        loop.sleep(0.01)
      end
    end)
    assert.equal(2, refused)
    assert.equal(50, #ids)
  end)

  it("refuses to go on outside of tasks, and says so", function()
    local next_page
    w:run(function()
      next_page = w:client():pages "/list?total=50&size=1"
      for _ = 1, 10 do
        next_page()
      end
    end)
    local ok, err, n = true, nil, 10
    while ok do -- what has come already is there
      ok, err = pcall(next_page)
      n = n + 1
    end
    assert.equal("cannot_wait", err.code)
    assert.is_true(n <= 19)
  end)
end
