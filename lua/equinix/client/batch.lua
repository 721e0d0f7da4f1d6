--- batch: many API calls at once, on one thread.
--
-- Law of this file: rounds. What is due goes out together, is judged one by
-- one, and what has to be repeated is due again in a later round. So a token
-- that ran out or was refused costs one renewal for all of them.

local call = require "equinix.client.call"
local compose = require "equinix.http.build"
local core = require "equinix.core"
local quick = require "equinix.client.fast_get"
local response = require "equinix.http.response"

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

-- What came of one call: a result, or another round.
local function settle(entry, answer, trouble, later, results)
  local result, extra = entry.call:settle(answer, trouble)
  if result == "again" then
    entry.at = core.now() + extra
    later[#later + 1] = entry
  elseif result then
    results[entry.index] = { response = result }
  else
    results[entry.index] = { err = extra }
  end
end

-- Round upon round, until nothing waits.
local function rounds(client, waiting, concurrency, deadline, results)
  while #waiting > 0 do
    local due, requests, later, pause = take_due(waiting, results)
    if #due > 0 then
      local answers = client.transport.send_many(requests, concurrency,
        deadline - core.now())
      for i, entry in ipairs(due) do
        settle(entry, answers[i].response, answers[i].err, later, results)
      end
    elseif #later > 0 then
      client.transport.sleep(pause)
    end
    waiting = later
  end
end

-- The requests of the first round. Those that are alike share what they may.
local function compose_all(client, list, header, results)
  local requests, index, count = {}, {}, 0
  local plain = compose.plain_headers(client.config, header)
  local plain_gets = {} -- by their paths
  for i, opts in ipairs(list) do
    local path = quick.is_plain(opts) and opts.path
    local request, problem = plain_gets[path], nil
    if not request then
      request, problem = compose.request(client.config, opts, plain)
      if request then
        request.headers[#request.headers][2] = header
        if path then
          plain_gets[path] = request
        end
      end
    end
    if request then
      count = count + 1
      requests[count], index[count] = request, i
    else
      results[i] = { err = problem }
    end
  end
  return requests, index
end

-- The first round, in which most calls end: a plain success needs none of
-- what a call keeps for its repetition. Returns what is left to do.
local function first_round(client, list, header, concurrency, deadline,
                           results)
  local requests, index = compose_all(client, list, header, results)
  if #requests == 0 then
    return {}
  end
  local left = {}
  local answers = client.transport.send_many(requests, concurrency,
    deadline - core.now())
  for k, i in ipairs(index) do
    local outcome = answers[k]
    local answer = outcome.response
    if answer and answer.status >= 200 and answer.status < 300 then
      outcome.response = response.new(answer, requests[k].url)
      results[i] = outcome
    else
      local one, problem = call.new(client, list[i])
      if one then
        one.deadline, one.header = deadline, header
        settle({ index = i, call = one }, answer, outcome.err, left, results)
      else
        results[i] = { err = problem }
      end
    end
  end
  return left
end

-- Without a token at hand each call asks for it, and waits as it may.
local function all_to_do(client, list, deadline, results)
  local waiting = {}
  for i, opts in ipairs(list) do
    local one, problem = call.new(client, opts)
    if one then
      one.deadline = deadline
      waiting[#waiting + 1] = { index = i, call = one, at = 0 }
    else
      results[i] = { err = problem }
    end
  end
  return waiting
end

--- Makes all calls, `concurrency` at a time.
---@param client table config, flight, transport, emit
---@param list equinix.Request[] checked by equinix.http.validate
---@param concurrency integer
---@param timeout number seconds for all of them together
---@return {response?: equinix.Response, err?: equinix.Error}[] in order
function M.run(client, list, concurrency, timeout)
  local deadline = core.now() + timeout
  local results = {}
  local header = client.tokens.hit()
  local waiting = header
    and first_round(client, list, header, concurrency, deadline, results)
    or all_to_do(client, list, deadline, results)
  rounds(client, waiting, concurrency, deadline, results)
  return results
end

return M
