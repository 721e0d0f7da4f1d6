-- EQUINIX_CACHE_PLACES, as clients see it: many accounts in one process, in
-- front of a real emulator that counts the token requests. Each run is a
-- process of its own, since a process has one cache.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"

local TOKEN = "POST /oauth2/v1/token"
local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

-- Clients of so many accounts ask in turn, in rounds. What distinguishes the
-- accounts is the cache_key, so that the emulator knows all of them.
local SCRIPT = [[
  dofile "spec/support/init.lua"
  local json = require "equinix.base.json"
  local equinix = require "equinix"
  local accounts, rounds = tonumber(arg[1]), tonumber(arg[2])
  local events, clients = {}, {}
  for i = 1, accounts do
    clients[i] = assert(equinix.new {
      cache_key = ("account %d"):format(i),
      on_event = function(name, fields)
        if name == "cache_full" then
          events[#events + 1] = fields
        end
      end,
    })
  end
  for _ = 1, rounds do
    for i = 1, accounts do
      assert(clients[i]:token())
    end
  end
  print(json.encode { events = #events, first = events[1] or json.null })
]]

describe("the cache of a process with many accounts", function()
  local e

  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function run(places, accounts, rounds)
    local words = { "env" }
    local env = command.env(e, { EQUINIX_CACHE_PLACES = places })
    for name, value in pairs(env) do
      words[#words + 1] = value and process.quote(name .. "=" .. value)
        or "-u " .. name
    end
    words[#words + 1] = LUA .. " -e " .. process.quote("arg = { '" .. accounts
      .. "', '" .. rounds .. "' } " .. SCRIPT)
    local output, code = process.capture(table.concat(words, " ") .. " 2>&1")
    assert.equal(0, code, output)
    return json.decode(output)
  end

  it("sends one token request for each where there are places", function()
    local seen = run("300", "300", "3")
    assert.equal(300, e:count(TOKEN))
    assert.equal(0, seen.events)
  end)

  it("has room for 256 by itself", function()
    run("", "256", "3")
    assert.equal(256, e:count(TOKEN))
  end)

  it("says when it drops a token for want of a place", function()
    local seen = run("4", "5", "1")
    assert.equal(5, e:count(TOKEN))
    assert.equal(1, seen.events)
    assert.same({ action = "evicted", places = 4, evicted = 1 }, seen.first)
  end)
end)
