--- fast_get: the short way of a plain GET whose path was requested before.
--
-- Law of this file: nothing is decided here. The request was built and
-- checked the first time; with a fresh token it goes out as it is, and a plain
-- success comes back as it is. Anything else goes the long way, in call.lua.
-- (Without it half the work of a kept-alive GET would be ours, not libcurl's.)

local build = require "equinix.http.build"
local call = require "equinix.client.call"
local http_response = require "equinix.http.response"
local now = require("equinix.core").now

local M = {}

local MAX_PATHS = 128 -- that are remembered; then all are forgotten
local SUCCESS, new_response = http_response.SUCCESS, http_response.new

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

--- Whether a GET of a path goes the short way: one of a path alone, or with a
--- function that says where redirects may lead.
---@param path any
---@param opts any fields of the request
---@return boolean
function M.fits(path, opts)
  return type(path) == "string" and (opts == nil or type(opts) == "table"
    and type(opts.follow) == "function" and next(opts) == "follow"
    and next(opts, "follow") == nil)
end

-- The request for a path, built and kept; its Authorization is still empty.
local function remember(client, path)
  local memo = client.memo
  local request, err = build.request(client.config, { path = path })
  if not request then
    return nil, err
  end
  if memo.count >= MAX_PATHS then
    memo = { count = 0, entries = {} }
    client.memo = memo
  end
  local entry = { request = request }
  memo.entries[path], memo.count = entry, memo.count + 1
  return entry
end

-- A token lives for an hour: what it goes into is made once for all calls
-- with it.
local function prepared(client, path, header)
  local entry = client.memo.entries[path]
  if not entry then
    local err
    entry, err = remember(client, path)
    if not entry then
      return nil, err
    end
  end
  local prepare = client.transport.prepare
  build.authorize(entry.request, header)
  entry.header = header
  entry.prepared = prepare and prepare(entry.request) or entry.request
  return entry
end

--- GETs a path.
---@param client equinix.Client
---@param path string
---@param header string of a fresh token
---@param follow? fun(url: string): boolean as a request has it
---@return equinix.Response|nil
---@return equinix.Error|nil
function M.get(client, path, header, follow)
  local entry = client.memo.entries[path]
  if not entry or entry.header ~= header then
    -- Where other callers run meanwhile a table may not be shared.
    if not (client.transport.prepare or client.transport.blocking) then
      return call.run(client, { path = path, follow = follow })
    end
    local err
    entry, err = prepared(client, path, header)
    if not entry then
      return nil, err
    end
  end
  local started = now()
  local response, transport_err = client.transport.send(entry.prepared,
    client.config.timeout)
  if response and SUCCESS[response.status] and not response.open_ended then
    return new_response(response, entry.request.url)
  end
  return call.run(client, { path = path, follow = follow }, {
    header = header,
    started = started,
    response = response,
    transport_err = transport_err,
  })
end

return M
