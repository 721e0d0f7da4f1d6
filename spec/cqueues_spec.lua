-- cqueues: the client in the coroutines of cqueues' controllers.
local loop = require "spec.support.loop_specs"("cqueues", "cqueues")
local world = require "spec.support.loop_world"

if not loop then
  return
end

describe("equinix.cqueues", function()
  local cqueues = require "cqueues"
  local adapter = require "equinix.cqueues"
  local w

  before_each(function()
    w = world.new(loop)
  end)
  after_each(function()
    w.server:stop()
  end)

  it("gives one token to a controller and one inside of it", function()
    local client, bodies = w:client(), {}
    local outer, inner = cqueues.new(), cqueues.new()
    outer:wrap(function()
      bodies.outer = world.get(client, "/outer")
    end)
    inner:wrap(function()
      bodies.inner = world.get(client, "/inner")
    end)
    outer:wrap(function()
      assert(inner:loop()) -- waits as a coroutine of the outer one
      bodies.after = world.get(client, "/after")
    end)
    assert(outer:loop())
    assert.same({ outer = '"/outer"', inner = '"/inner"', after = '"/after"' },
      bodies)
    assert.equal(1, w:token_requests())
  end)

  it("runs a function in a controller of its own", function()
    local client, bodies = w:client(), {}
    for i = 1, 2 do
      adapter.run(function()
        bodies[i] = world.get(client, "/" .. i)
      end)
    end
    assert.same({ '"/1"', '"/2"' }, bodies)
    assert.equal(1, w:token_requests())
  end)

  it("begins no task where no controller runs", function()
    local begun, message = adapter.call(print, print)
    assert.is_nil(begun)
    assert.matches("no controller", message)
  end)

  it("can't wait in a coroutine inside of a controller's", function()
    local client, code = w:client(), nil
    adapter.run(function()
      coroutine.wrap(function()
        local _, err = client:get "/"
        code = err.code
      end)()
    end)
    assert.equal("cannot_wait", code)
  end)
end)
