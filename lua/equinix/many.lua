--- many: many API calls at once, on one thread.
--
-- Law of this file: rounds. What is due goes out together, is judged one by
-- one, and what has to be repeated is due again in a later round. So a token
-- that ran out or was refused costs one renewal for all of them.

local call = require "equinix.call"
local core = require "equinix.core"

local M = {}

-- The calls that are due now; those that can't be sent are settled.
local function take_due(waiting, results)
  local now = core.now()
  local due, requests, later, least = {}, {}, {}, math.huge
  for _, entry in ipairs(waiting) do
    if entry.at > now then
      later[#later + 1] = entry
      least = math.min(least, entry.at)
    else
      local request, problem = entry.call:ready()
      if request then
        due[#due + 1], requests[#requests + 1] = entry, request
      else
        results[entry.index] = { err = problem }
      end
    end
  end
  return due, requests, later, least - now
end

local function settle(due, answers, later, results)
  for i, entry in ipairs(due) do
    local outcome = answers[i]
    local result, extra = entry.call:settle(outcome.response, outcome.err)
    if result == "again" then
      entry.at = core.now() + extra
      later[#later + 1] = entry
    elseif result then
      results[entry.index] = { response = result }
    else
      results[entry.index] = { err = extra }
    end
  end
end

--- Makes all calls, `concurrency` at a time.
---@param client table config, flight, transport, emit
---@param requests equinix.Request[] checked by equinix.fields
---@param concurrency integer
---@param timeout number seconds for all of them together
---@return {response?: equinix.Response, err?: equinix.Error}[] in order
function M.run(client, requests, concurrency, timeout)
  local deadline = core.now() + timeout
  local results, waiting = {}, {}
  for i, opts in ipairs(requests) do
    local one, problem = call.new(client, opts)
    if one then
      one.deadline = deadline
      waiting[#waiting + 1] = { index = i, call = one, at = 0 }
    else
      results[i] = { err = problem }
    end
  end
  while #waiting > 0 do
    local due, batch, later, pause = take_due(waiting, results)
    if #due > 0 then
      settle(due, client.transport.send_many(batch, concurrency,
        deadline - core.now()), later, results)
    elseif #later > 0 then
      client.transport.sleep(pause)
    end
    waiting = later
  end
  return results
end

return M
