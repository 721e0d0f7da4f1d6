-- async_wait: a task of a host waits for a condition; what is called meanwhile
-- may wait itself.
local async_wait = require "equinix.transport.async_wait"
local core = require "equinix.core"

-- A host whose parked task is woken after a moment, for whatever reason.
local function a_host()
  local host = { parks = 0 }
  function host.park(_, seconds)
    host.parks = host.parks + 1
    core.sleep(math.min(seconds, 0.005))
  end
  return host
end

describe("a task", function()
  it("goes on when the condition holds, however often it is woken", function()
    local host = a_host()
    assert.is_true(async_wait.await(host, {}, 60, function()
      return host.parks == 3
    end))
    assert.equal(3, host.parks)
  end)

  it("goes on when its time is over", function()
    local never = function()
      return false
    end
    assert.is_false(async_wait.await(a_host(), {}, 0.02, never))
    assert.is_false(async_wait.await_meanwhile(a_host(), {}, 0.02, never,
      { every = 0.01, call = function() end }))
    assert.is_false(async_wait.await_meanwhile(a_host(), {}, 0.02, never))
  end)

  it("calls a function now and then, which may wait itself", function()
    local host, calls = a_host(), 0
    assert.is_true(async_wait.await_meanwhile(host, {}, 60, function()
      return calls == 3
    end, { every = 0.01, call = function()
      calls = calls + 1
      async_wait.await(host, {}, 0.01, function()
        return false
      end)
    end }))
    assert.equal(3, calls)
  end)
end)
