-- emulator/objects: what was created: its ids, and how it is found.
local objects = require "equinix.emulator.objects"
local worlds = require "spec.support.world"

describe("what was created at the emulator", function()
  local world
  before_each(function()
    world = worlds.new()
  end)

  local function get(path)
    return objects.get(world, {}, { path = path })
  end

  it("is found under its path, and nowhere else", function()
    objects.store(world, "/a/1", { x = 1 })
    assert.same({ x = 1 }, world.decode(get("/a/1").body))
    assert.equal(404, get("/a/2").status)
    assert.equal(404, get("/b/1").status)
  end)

  it("is gone after a day, and with a reset", function()
    objects.store(world, "/a/1", { x = 1 })
    world:send("POST", "/_emulator/reset")
    assert.equal(404, get("/a/1").status)
    objects.store(world, "/a/1", { x = 1 })
    world.time = world.time + 24 * 3600
    assert.equal(404, get("/a/1").status)
  end)

  it("has a new id each time", function()
    local seen = {}
    for _ = 1, 100 do
      local uuid, number = objects.uuid(world), objects.order_number(world)
      assert.matches("^%x+%-%x+%-4%x%x%x%-a%x%x%x%-%x+$", uuid)
      assert.equal(36, #uuid)
      assert.matches("^1%-%d+$", number)
      assert.is_nil(seen[uuid] or seen[number])
      seen[uuid], seen[number] = true, true
    end
  end)

  it("has fixed ids where it exists in every run", function()
    assert.equal("c4d9350e-77c5-4c5d-8ce0-000000000001",
      objects.fixed_uuid("c4d9350e", 0))
    assert.equal(objects.fixed_uuid("c4d9350e", 9),
      objects.fixed_uuid("c4d9350e", 9))
  end)
end)
