--- batch: many API calls at once, on one thread.
--
-- Law of this file: rounds. What is due goes out together, is judged one by
-- one, and what has to be retried is due again in a later round. So a token
-- that ran out or was refused costs one renewal for all of them.

local batch_progress = require("equinix.base.lazy")
  "equinix.client.batch_progress"
local build = require "equinix.http.build"
local call = require "equinix.client.call"
local core = require "equinix.core"
local fast_get = require "equinix.client.fast_get"
local http_response = require "equinix.http.response"

local M = {}

local CONCURRENCY = 16 -- calls at once, by default

-- The calls that are due now; those that can't be sent are settled.
local function take_due(waiting, results)
  local now = core.now()
  local due, requests, later, least = {}, {}, {}, math.huge
  for _, entry in ipairs(waiting) do
    if entry.at > now then
      later[#later + 1] = entry
      least = math.min(least, entry.at)
    else
      local request, err = entry.call:ready()
      if request then
        due[#due + 1], requests[#requests + 1] = entry, request
      else
        results[entry.index] = { err = err }
      end
    end
  end
  return due, requests, later, least - now
end

-- What came of one call: a result, or another round.
local function settle(entry, response, transport_err, later, results)
  local result, extra = entry.call:settle(response, transport_err)
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
local function rounds(client, waiting, opts, deadline, results)
  while #waiting > 0 do
    local due, requests, later, pause = take_due(waiting, results)
    if #due > 0 then
      local outcomes = client.transport.send_many(requests, opts.concurrency,
        deadline - core.now())
      for i, entry in ipairs(due) do
        settle(entry, outcomes[i].response, outcomes[i].err, later, results)
      end
    elseif #later > 0 then
      client.transport.sleep(pause)
    end
    waiting = later
  end
end

-- The requests of the first round. Those that are alike share what they may.
local function build_all(client, list, header, results)
  local requests, index, count = {}, {}, 0
  local plain = build.plain_headers(client.config, header)
  local plain_gets = {} -- by their paths
  for i, opts in ipairs(list) do
    local path = fast_get.is_plain(opts) and opts.path
    local request, err = plain_gets[path], nil
    if not request then
      request, err = build.request(client.config, opts, plain)
      if request then
        build.authorize(request, header)
        if path then
          plain_gets[path] = request
        end
      end
    end
    if request then
      count = count + 1
      requests[count], index[count] = request, i
    else
      results[i] = { err = err }
    end
  end
  return requests, index
end

-- The first round, in which most calls end: a plain success needs nothing of
-- what a call keeps for its retry. Returns what is left to do.
local function first_round(client, list, header, opts, deadline, results)
  local requests, index = build_all(client, list, header, results)
  if #requests == 0 then
    return {}
  end
  local left = {}
  for _, request in ipairs(requests) do
    request.connections = opts.connections
  end
  local outcomes = client.transport.send_many(requests, opts.concurrency,
    deadline - core.now())
  for k, i in ipairs(index) do
    local outcome = outcomes[k]
    local response = outcome.response
    if response and http_response.SUCCESS[response.status] then
      outcome.response = http_response.new(response, requests[k].url)
      results[i] = outcome
    else
      local one, err = call.new(client, list[i])
      if one then
        one.deadline, one.header = deadline, header
        one.request.connections = opts.connections
        settle({ index = i, call = one }, response, outcome.err, left,
          results)
      else
        results[i] = { err = err }
      end
    end
  end
  return left
end

-- Without a cached token each call asks for it, and waits as it may.
local function all_to_do(client, list, opts, deadline, results)
  local waiting = {}
  for i, fields in ipairs(list) do
    local one, err = call.new(client, fields)
    if one then
      one.deadline = deadline
      one.request.connections = opts.connections
      waiting[#waiting + 1] = { index = i, call = one, at = 0 }
    else
      results[i] = { err = err }
    end
  end
  return waiting
end

--- Makes all calls.
---@param client table config, tokens, transport, emit
---@param list equinix.Request[] checked by equinix.http.validate
---@param opts {concurrency?: integer, connections?: integer, timeout?: number,
---  on_progress?: fun(done: integer, total: integer)} how many at a time, over
---  how many connections, where HTTP/2 shares them, the seconds for all
---  together, and what is called with how many have ended
---@return {response?: equinix.Response, err?: equinix.Error}[] in order
function M.run(client, list, opts)
  opts = {
    concurrency = opts.concurrency or CONCURRENCY,
    connections = opts.connections,
    timeout = opts.timeout or client.config.timeout,
    on_progress = opts.on_progress,
  }
  if opts.on_progress then
    return batch_progress.run(client, list, opts, M.run)
  end
  local deadline = core.now() + opts.timeout
  local results = {}
  local header = client.tokens.hit()
  local waiting = header
    and first_round(client, list, header, opts, deadline, results)
    or all_to_do(client, list, opts, deadline, results)
  rounds(client, waiting, opts, deadline, results)
  return results
end

return M
