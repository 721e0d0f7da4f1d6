-- child_forked: copies of the process that owns an nginx do not stop it, and
-- do not keep it running.
--
-- Law of this file: host.c runs it as one forked worker that forks again.
-- luacheck: globals host
local child = require "equinix.supervisor.child"
local core = require "equinix.core"
local launch = require "equinix.emulator.launch"
local read_file = require("equinix.base.file").read

local DROPPED, COMMANDS, STOPPED, LATE = 1, 2, 3, 4 -- tallies

local function new()
  local made = assert(launch.set_up { plain = true, port = 0 })
  return assert(child.start(made.run)), made.run.directory.path .. "/nginx.pid"
end

local function await(condition)
  local give_up = core.now() + 60
  while not condition() do
    if core.now() > give_up then
      return false
    end
    host.nap()
  end
  return true
end

local dropped = new()
local kept, pid_file = new()

if host.fork() then
  os.execute = function() -- luacheck: ignore
    host.tally(COMMANDS, 1)
  end
  dropped:stop()
  dropped = nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  host.tally(DROPPED, 1)
  -- It has the pipe of the other one until that was stopped.
  host.tally(LATE, await(function()
    return host.tally(STOPPED) == 1
  end) and 0 or 1)
  return kept
end

assert(await(function()
  return host.tally(DROPPED) == 1
end))
assert(host.tally(COMMANDS) == 0, "the copy sent a signal")
assert(read_file(pid_file))
kept:stop() -- returns, although the copy has the pipe
assert(not read_file(pid_file), "it was not stopped")
assert(host.tally(LATE) == 0, "it was stopped with the copy")
host.tally(STOPPED, 1)
dropped:stop()
