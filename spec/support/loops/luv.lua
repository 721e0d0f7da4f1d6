-- luv: libuv's loop, as spec/support/loop_contract.lua needs it.
local uv = require "luv"

local luv = require "equinix.luv"

local M = { transport = luv, sleep = luv.sleep }

M.start = luv.run

function M.finish()
  uv.run()
end

function M.turn()
  uv.run "once"
end

function M.ticker(seconds, f)
  local timer = uv.new_timer()
  local ms = math.floor(seconds * 1000)
  timer:start(ms, ms, f)
  return function()
    timer:stop()
    timer:close()
  end
end

-- A program can end a coroutine that is not its own on Lua 5.4.
M.doomed = coroutine.close and function(f)
  local thread
  luv.run(function()
    thread = coroutine.running()
    f()
  end)
  return function()
    coroutine.close(thread)
  end
end

-- The adapter, when it has been unloaded.
function M.load()
  return require "equinix.luv"
end

return M
