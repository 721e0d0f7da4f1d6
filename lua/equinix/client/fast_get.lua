--- fast_get: the short way of a plain GET whose path was asked for before.
--
-- Law of this file: nothing is decided here. The request was built and
-- checked the first time; with a fresh token it goes out as it is, and a plain
-- success comes back as it is. Anything else goes the long way, in call.lua.
-- (Without it half the work of a kept-alive GET would be ours, not libcurl's.)

local call = require "equinix.client.call"
local compose = require "equinix.http.build"
local new_response = require("equinix.http.response").new
local now = require("equinix.core").now

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

--- The memory of a client.
function M.memo()
  return { count = 0, entries = {} }
end

-- The request for a path, built and kept; its `header` is still empty.
local function remember(client, path)
  local memo = client.memo
  local built, problem = compose.request(client.config, { path = path })
  if not built then
    return nil, problem
  end
  if memo.count >= MOST then
    memo = M.memo()
    client.memo = memo
  end
  local entry = { request = built, header = built.headers[#built.headers] }
  memo.entries[path], memo.count = entry, memo.count + 1
  return entry
end

-- Where others run meanwhile a request may not be shared. A token lives for an
-- hour: what it goes into is made once for all calls with it.
local function renew(client, path, authorization)
  local entry = client.memo.entries[path]
  if not entry then
    local problem
    entry, problem = remember(client, path)
    if not entry then
      return nil, problem
    end
  end
  local prepare = client.transport.prepare
  entry.header[2], entry.authorization = authorization, authorization
  entry.prepared = prepare and prepare(entry.request) or entry.request
  return entry
end

--- GETs a path.
---@param client equinix.Client
---@param path string
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.get(client, path)
  local header, entry = client.tokens.hit(), client.memo.entries[path]
  if not entry or entry.authorization ~= header then
    local problem
    if not header or not client.transport.blocking then
      return call.run(client, { path = path })
    end
    entry, problem = renew(client, path, header)
    if not entry then
      return nil, problem
    end
  end
  local started = now()
  local answer, trouble = client.transport.send(entry.prepared,
    client.config.timeout)
  local status = answer and answer.status or 0
  if status >= 200 and status < 300 then
    return new_response(answer, entry.request.url)
  end
  return call.run(client, { path = path }, {
    header = header,
    started = started,
    answer = answer,
    trouble = trouble,
  })
end

return M
