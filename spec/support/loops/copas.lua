-- copas: its loop, as spec/support/loop_contract.lua needs it.
local copas = require "copas"

local adapter = require "equinix.copas"

local M = {
  transport = adapter,
  start = adapter.run,
  sleep = copas.pause,
  fork = "same", -- a child can go on with its parent's loop
}

function M.finish()
  copas.loop()
end

function M.turn()
  copas.step(0.05)
end

function M.ticker(seconds, f)
  local ticking = true
  copas.addthread(function()
    while ticking do
      copas.pause(seconds)
      f()
    end
  end)
  return function()
    ticking = false
  end
end

function M.doomed(f)
  local thread = copas.addthread(adapter.wrap(f))
  return function()
    copas.removethread(thread)
  end
end

-- The adapter, when it has been unloaded.
function M.load()
  return require "equinix.copas"
end

return M
