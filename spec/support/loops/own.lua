-- own: the loop and the adapter that docs/event-loops.md shows, as
-- spec/support/loop_contract.lua needs them.
local readme = require "spec.support.readme"

local text = readme.block("docs/event-loops.md", "-- The adapter")
local parts = { text:match "^(.-)\n(%-%- The adapter.-)\n%-%- Used like any" }
local loop = assert((loadstring or load)(parts[1] .. "\nreturn loop"))()
local adapter = assert((loadstring or load)("local loop = ...\n" .. parts[2]
  .. "\nreturn transport, host"))
local transport, host = adapter(loop)

local M = {
  transport = transport,
  start = host.spawn,
  finish = loop.run,
  turn = loop.turn,
  sleep = transport.sleep,
  fork = "same",
  code = parts[2],
}

function M.ticker(seconds, f)
  local ticking = true
  local function tick()
    if ticking then
      f()
      loop.after(seconds, tick)
    end
  end
  loop.after(seconds, tick)
  return function()
    ticking = false
  end
end

-- Another adapter for the same loop.
function M.load()
  return (adapter(loop))
end

return M
