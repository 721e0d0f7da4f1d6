-- loop_quit: a program that ends while calls are in flight.
--
--   lua loop_quit.lua LOOP URL        prints "left"
local world = require "spec.support.loop_world"

local loop = require("spec.support.loops." .. arg[1])
local w = world.new(loop, arg[2])
local client, watcher, ready = w:client(), w:client(), false

loop.start(function()
  world.get(client, "/first")
  for _ = 1, 3 do
    loop.start(function()
      client:get "/held"
    end)
  end
  w:wait_for(watcher, 3)
  ready = true
end)
w:turn_until(function()
  return ready
end)
print "left"
-- Here the state is closed, with all that is in it.
