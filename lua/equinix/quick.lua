--- quick: the short way of a plain GET whose path was asked for before.
--
-- Law of this file: nothing is decided here. The request was built and
-- checked the first time; with a fresh token it goes out as it is, and a plain
-- success comes back as it is. Anything else goes the long way, in call.lua.
-- (Without it half the work of a kept-alive GET would be ours, not libcurl's.)

local call = require "equinix.call"
local compose = require "equinix.compose"
local core = require "equinix.core"
local response = require "equinix.response"

local M = {}

local MOST = 128 -- paths that are remembered; then all over again

--- Whether these fields are a GET of a path and nothing else.
---@param fields equinix.Request
function M.is_plain(fields)
  for name, value in next, fields do
    if name ~= "path" and (name ~= "method" or value ~= "GET") then
      return false
    end
  end
  return type(fields.path) == "string"
end

--- The request for a path, built once; who sends it puts the Authorization
--- into `header[2]` before. Only for hosts where nobody else runs meanwhile.
---@param client equinix.Client
---@param path string
---@return {request: table, header: table}|nil
---@return equinix.Error|nil
function M.remembered(client, path)
  local memo = client.memo
  local entry = memo.entries[path]
  if entry then
    return entry
  end
  local built, problem = compose.request(client.config, { path = path })
  if not built then
    return nil, problem
  end
  if memo.count >= MOST then
    memo = M.memo()
    client.memo = memo
  end
  entry = { request = built, header = built.headers[#built.headers] }
  memo.entries[path], memo.count = entry, memo.count + 1
  return entry
end

--- The memory of a client.
function M.memo()
  return { count = 0, entries = {} }
end

--- GETs a path.
---@param client equinix.Client
---@param path string
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.get(client, path)
  local header = client.flight.hit()
  -- Where others run meanwhile a request may not be shared.
  if not header or not client.transport.blocks then
    return call.run(client, { path = path })
  end
  local entry, problem = M.remembered(client, path)
  if not entry then
    return nil, problem
  end
  entry.header[2] = header
  local started = core.now()
  local answer, trouble = client.transport.send(entry.request,
    client.config.timeout)
  if answer and answer.status >= 200 and answer.status < 300 then
    return response.new(answer, entry.request.url)
  end
  return call.run(client, { path = path }, {
    header = header,
    started = started,
    answer = answer,
    trouble = trouble,
  })
end

return M
