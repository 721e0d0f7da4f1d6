--- child: an nginx of ours as a child of this process, and ended with it.
--
-- Law of this file: a pipe ties the supervisor to this process: it ends when
-- the pipe does, so by `stop`, by the collector, or because this process has
-- ended in any way, SIGKILL included. No other program inherits the pipe. A
-- copy of this process, made by fork, has the pipe too, but stops nothing.

local core = require "equinix.core"
local finalizer = require "equinix.base.finalizer"
local foreground = require "equinix.supervisor.foreground"
local quote = require("equinix.base.shell").quote
local read_file = require("equinix.base.file").read
local supervisor = require "equinix.supervisor.nginx"

local M = {}

local START_LIMIT = 60 -- seconds
local PAUSE = 0.01 -- seconds between two looks at a child that starts

---@class equinix.supervisor.Child
local Child = {}
Child.__index = Child

-- What it writes to stderr is read only where it does not start.
local function command_line(argv, dir, said)
  local words = {}
  for i, word in ipairs(argv) do
    words[i] = quote(word)
  end
  return ("echo $$ >%s; exec %s >/dev/null 2>%s"):format(
    quote(dir .. "/supervisor"), table.concat(words, " "), quote(said))
end

-- "listens", "ended", or nil when neither comes in time. Only the pauses
-- count: a machine that stood still meanwhile has not used the limit up.
local function await(dir)
  for _ = 1, START_LIMIT / PAUSE do
    if (read_file(dir .. "/nginx.pid") or "") ~= "" then
      return "listens"
    elseif not read_file(dir .. "/nginx.conf") then
      return "ended"
    end
    core.sleep(PAUSE)
  end
end

-- A file that this process alone knows; gone before the child is used.
local function with_file(f)
  local path = os.tmpname()
  local child, message = f(path)
  message = message or not child and read_file(path)
  os.remove(path)
  if child then
    return child
  end
  message = (message or ""):gsub("%s+$", "")
  return nil, message ~= "" and message or "nginx did not start"
end

-- Ends it, and waits until nothing of it is left.
local function stop(state)
  local pipe = state.pipe
  state.pipe = nil
  if not pipe or core.pid() ~= state.owner then
    return
  end
  -- A copy of this process may hold the pipe open. The number can't be that
  -- of another process, since only `close` asks how the child ended.
  if state.pid then
    os.execute(("kill -TERM %d 2>/dev/null"):format(state.pid))
  end
  pipe:close()
end

-- The collector takes a finalizer before the pipe, which is older.
local function new(pipe, dir)
  local state = {
    pipe = pipe,
    owner = core.pid(),
    pid = tonumber((read_file(dir .. "/supervisor"))),
  }
  return setmetatable({
    state = state,
    finalizer = finalizer.new(function()
      stop(state)
    end),
  }, Child)
end

local function start(argv, directory, said)
  local dir = directory.path
  local pipe, reason = io.popen(command_line(argv, dir, said), "w")
  if not pipe then
    supervisor.drop(directory)
    return nil, "no shell could be started: " .. tostring(reason)
  end
  assert(core.close_on_exec(pipe))
  foreground.hand_over(directory)
  local outcome = await(dir)
  local child = new(pipe, dir)
  if outcome == "listens" then
    return child
  end
  child:stop()
  return nil, not outcome and ("nginx did not listen within %d seconds")
    :format(START_LIMIT) or nil
end

--- Starts nginx below this process and waits until it listens. The directory
--- is the child's from now on, also when it does not start.
---@param run equinix.supervisor.Run
---@return equinix.supervisor.Child|nil
---@return string|nil message
function M.start(run)
  run.until_eof = true
  local argv, message = foreground.command_line(run)
  if not argv then
    supervisor.drop(run.directory)
    return nil, message
  end
  return with_file(function(said)
    return start(argv, run.directory, said)
  end)
end

--- Ends it, and waits until nothing of it is left. A second call does nothing.
function Child:stop()
  stop(self.state)
end

return M
