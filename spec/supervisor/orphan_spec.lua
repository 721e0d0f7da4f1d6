-- supervisor/orphan: a worker whose master is gone ends itself.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"

describe("a worker of nginx", function()
  it("stays while its master lives, and ends after it", function()
    local e = emulator.start { plain = true, workers = 2 }
    finally(function()
      e:stop()
    end)
    local master = process.capture("cat " .. e.dir .. "/nginx.pid")
    local workers = {}
    for pid in process.capture("ps -o pid= --ppid " .. master)
      :gmatch "%d+" do
      workers[#workers + 1] = tonumber(pid)
    end
    assert.equal(2, #workers)
    os.execute("kill -KILL " .. master)
    for _, pid in ipairs(workers) do
      assert.is_true(process.eventually(function()
        return not process.alive(pid)
      end))
    end
  end)
end)
