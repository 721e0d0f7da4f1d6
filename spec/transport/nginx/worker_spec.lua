-- worker: the part that runs in nginx's threads, here without nginx.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local worker = require "equinix.transport.nginx.worker"

describe("the part in a worker thread", function()
  it("drives an engine that is another state's, and says whether it did",
    function()
      local server = rawserver.start [[
        local c = ...
        while c:request() do c:send(c.ok "here") end
      ]]
      finally(function()
        server:stop()
      end)
      local engine = core.engine()
      local id = assert(engine:id())
      assert(engine:start(core.prepare { method = "GET", url = server.url },
        10))
      assert.is_true(worker.drive(id, 10))
      assert.equal("here", engine:results()[1].response.body)
      engine:close()
      assert.is_false(worker.drive(id, 10))
    end)
end)
