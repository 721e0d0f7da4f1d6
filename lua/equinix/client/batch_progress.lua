--- batch_progress: many API calls at once, with a function that is called with
--- how many have ended.
--
-- Law of this file: it is called once for each call that ends, with the count.
-- What that function raises reaches the caller; by then nothing is under way
-- any more. What may have had an effect was waited for, all else is cancelled.

local core = require "equinix.core"
local side_by_side = require "equinix.client.side_by_side"

local M = {}

-- Calls `f`; what it raises is raised when the calls have been stopped.
local function tell(calls, f, done, total)
  local ok, problem = pcall(f, done, total)
  if not ok then
    calls:stop()
    error(problem, 0)
  end
end

-- As many as may be under way.
local function begin_some(calls, list, begun, opts, deadline)
  while begun < #list and calls.n < opts.concurrency do
    begun = begun + 1
    local entry = calls:add(list[begun])
    entry.index = begun
    if entry.call then
      entry.call.deadline = deadline
      entry.call.request.connections = opts.connections
    end
  end
  return begun
end

local function run_side_by_side(client, list, opts)
  local deadline = core.now() + opts.timeout
  local calls, results = side_by_side.new(client), {}
  local begun, done = 0, 0
  while done < #list do
    begun = begin_some(calls, list, begun, opts, deadline)
    for _, entry in ipairs(calls:turn()) do
      results[entry.index] = { response = entry.response, err = entry.err }
      done = done + 1
      tell(calls, opts.on_progress, done, #list)
    end
  end
  calls:close()
  return results
end

-- With a transport that has only send_many: some after the others.
local function run_in_parts(client, list, opts, run)
  local deadline, results = core.now() + opts.timeout, {}
  for first = 1, #list, opts.concurrency do
    local part = {}
    for i = first, math.min(first + opts.concurrency - 1, #list) do
      part[#part + 1] = list[i]
    end
    for i, result in ipairs(run(client, part, {
      concurrency = opts.concurrency,
      connections = opts.connections,
      timeout = deadline - core.now(),
    })) do
      results[first + i - 1] = result
      opts.on_progress(first + i - 1, #list)
    end
  end
  return results
end

--- Makes all calls; see batch.lua.
---@param client table config, tokens, transport, emit
---@param list equinix.Request[]
---@param opts table of batch.run, with `on_progress`
---@param run function batch.run
---@return {response?: equinix.Response, err?: equinix.Error}[] in order
function M.run(client, list, opts, run)
  if side_by_side.of(client.transport) then
    return run_side_by_side(client, list, opts)
  end
  return run_in_parts(client, list, opts, run)
end

return M
