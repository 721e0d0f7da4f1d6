-- cqueues: its controllers, as spec/support/loop_contract.lua needs them.
local cqueues = require "cqueues"

local M = {
  transport = require "equinix.cqueues",
  sleep = cqueues.sleep,
  fork = "new", -- a child can have a loop, but not its parent's
}

local current -- the controller of this run

-- A coroutine that raises would end its controller's loop.
local function guarded(f)
  return function()
    local ok, message = xpcall(f, debug.traceback)
    if not ok then
      io.stderr:write(tostring(message), "\n")
    end
  end
end

function M.start(f)
  current = current or cqueues.new()
  local controller = cqueues.running() or current
  controller:wrap(guarded(f))
end

function M.finish()
  local controller = current
  assert(controller:loop())
  current = nil
end

function M.turn()
  assert(current:step(0.05))
end

-- In a forked child: what was inherited is left alone.
function M.forget()
  current = nil
end

function M.ticker(seconds, f)
  local ticking = true
  M.start(function()
    while ticking do
      cqueues.sleep(seconds)
      f()
    end
  end)
  return function()
    ticking = false
  end
end

-- In a controller inside of this one, which is dropped.
function M.doomed(f)
  local inner = cqueues.new()
  inner:wrap(guarded(f))
  M.start(function()
    while inner do
      assert(inner:step(0))
      cqueues.sleep(0.005)
    end
  end)
  return function()
    inner = nil
  end
end

-- The adapter, when it has been unloaded.
function M.load()
  return require "equinix.cqueues"
end

return M
