-- A leader that is lost to the others, with real processes that share nothing
-- but a store, and emulators counting what reached them. The cases mostly
-- wait, so they run side by side.
local emulator = require "spec.support.emulator"
local host = require "spec.support.host"
local process = require "spec.support.process"

local TOKEN = "POST /oauth2/v1/token"
local TIMEOUT = "20" -- seconds, of those that wait

-- The store, what happens to the leader, and the seconds of a lease: with the
-- long one those that wait need a successor half-way to their deadline.
local CASES = {
  { "file", "kill", "10" },
  { "shared", "kill", "10" },
  { "plain", "kill", "10" },
  { "shared", "kill", "3" },
  { "shared", "cut", "10" },
  { "file", "stop", "3" },
  { "shared", "stop", "3" },
}

local function start(dir, case)
  local e = emulator.start { plain = true }
  e:config { token_latency = 1 }
  local kind, what, lease = case[1], case[2], case[3]
  local store = ("%s %s/%s"):format(kind, dir, table.concat(case, "-"))
  return { e = e, name = table.concat(case, " "), child = process.start(
    host.command("--forks 9", "dead_leader", e.base_url, e.client_id,
      e.client_secret, store, what, TIMEOUT, lease)) }
end

describe("a leader that was killed, stopped or cut off", function()
  it("makes none of 8 others fail, which send one request or two", function()
    local dir, running = process.tempdir(), {}
    finally(function()
      for _, one in ipairs(running) do
        one.child:stop()
        one.e:stop()
      end
      process.remove(dir)
    end)
    for i, case in ipairs(CASES) do
      running[i] = start(dir, case)
    end
    for _, one in ipairs(running) do
      assert.equal(0, one.child:wait(110), one.name .. one.child:stderr())
      local count = one.e:count(TOKEN)
      assert(count == 2 or count == 3, one.name .. ": " .. count)
    end
  end)
end)

describe("a leader whose request takes long", function()
  it("keeps its lock, which is taken for a short time", function()
    local e, dir = emulator.start { plain = true }, process.tempdir()
    finally(function()
      e:stop()
      process.remove(dir)
    end)
    e:config { token_latency = 7 }
    host.run("--forks 4", "long_request", e.base_url, e.client_id,
      e.client_secret, "shared " .. dir .. "/store")
    assert.equal(1, e:count(TOKEN))
  end)
end)
