-- curl_transfers: calls side by side on plain Lua.
local curl_transfers = require "equinix.transport.curl_transfers"
local paged = require "spec.support.paged"

local server, transfers
before_each(function()
  server = paged.start()
  transfers = curl_transfers.new()
end)
after_each(function()
  transfers:close()
  server:stop()
end)

local function start(query, seconds)
  return assert(transfers:start({ method = "GET",
    url = server.url .. "/list?total=9&size=1&" .. query }, seconds or 20))
end

local function wait_all(n)
  local results, count = {}, 0
  while count < n do
    for _, result in ipairs(transfers:wait(60)) do
      results[result.number], count = result, count + 1
    end
  end
  return results
end

describe("transfers side by side", function()
  it("each get their own result", function()
    local numbers = {}
    for i = 0, 5 do
      numbers[i] = start("hold=6&from=0&offset=" .. i)
    end
    local results = wait_all(6)
    for i = 0, 5 do
      assert.truthy(results[numbers[i]].response.body:find(
        ('"id":%d}'):format(i + 1), 1, true))
    end
    assert.equal(6, server:state().most)
  end)

  it("end with their time, and a wait with its own", function()
    local number = start("stuck=0", 0.1)
    assert.same({}, transfers:wait(0))
    local results = wait_all(1)
    assert.equal("timeout", results[number].err.kind)
    assert.same({}, transfers:wait(0.01)) -- nothing is under way
  end)

  it("are cancelled one by one, all together, or with their owner", function()
    local function stuck(n)
      for _ = 1, n do
        start "stuck=0"
      end
      assert.truthy(server:until_state(function(state)
        transfers:wait(0)
        return state.now == n
      end))
    end
    local function idle()
      return server:until_state(function(state)
        return state.now == 0
      end)
    end
    stuck(1)
    local number = start "stuck=0"
    transfers:cancel(number)
    transfers:cancel(number)
    transfers:close()
    assert.truthy(idle())
    stuck(3)
    transfers:close()
    assert.truthy(idle())
    stuck(2)
    transfers = nil
    collectgarbage()
    collectgarbage()
    transfers = curl_transfers.new()
    assert.truthy(idle())
  end)

  it("leave their connections to the next ones", function()
    start ""
    wait_all(1)
    transfers:close()
    local before = server.server:connections()
    for _ = 1, 3 do
      transfers = curl_transfers.new()
      start ""
      wait_all(1)
      transfers:close()
    end
    assert.equal(before, server.server:connections())
  end)
end)
