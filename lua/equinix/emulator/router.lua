--- router: the local Equinix as pure logic: request in, response out.
--
-- Law of this file: no I/O, no clock and no chance of its own. All of that
-- is in the `world` it is handed:
--   dict, log   dictionaries with get, set, add, incr, delete, get_keys and
--               flush_all, as ngx.shared has them; shared by all workers
--   now()       Unix time         random(n)  n random bytes
--   encode, decode                 JSON (decode: nil when it is none)
--   md5, base64                    of a string, raw
--   accounts    client_id, client_secret, user_name, user_password
--   start       the knobs that reset returns to
--
-- Request: method, path, query (table), headers (names in lower case), body,
-- base_url, connection, http_version. Response: status, headers, body (text,
-- or a table to become JSON), content_type, delay, slow, cut.

local api = require "equinix.emulator.api"
local control = require "equinix.emulator.admin"
local errors = require "equinix.emulator.errors"
local faults = require "equinix.emulator.faults"
local log = require "equinix.emulator.request_log"
local oauth = require "equinix.emulator.oauth"
local tokens = require "equinix.emulator.tokens"

local M = {}

---@class equinix.emulator.Row
---@field method string
---@field path string {id} stands for one segment
---@field call fun(world, knobs, request, id): table
---@field bearer? boolean a valid token is needed
---@field issues_tokens? boolean a token endpoint
---@field refuse? fun(status: integer, extra: table|nil, knobs: table|nil):
---  table how its family says no; default: the array of the API

local rows = {}
for _, list in ipairs { oauth.rows, api.rows } do
  for _, row in ipairs(list) do
    row.pattern = "^" .. row.path:gsub("%-", "%%-"):gsub("{id}", "([^/]+)")
      .. "$"
    rows[#rows + 1] = row
  end
end

-- The row for a request; else nil and the methods its path has. A row
-- without {id} is preferred: orders/shipments is no order.
local function find(request)
  local found, id
  local allowed = {}
  local method = request.method == "HEAD" and "GET" or request.method
  for _, row in ipairs(rows) do
    local match = request.path:match(row.pattern)
    if match and row.method ~= method then
      allowed[#allowed + 1] = row.method
    elseif match and (not found or row.path == match) then
      found, id = row, match
    end
  end
  return found, found and id or allowed
end

local function no_row(allowed)
  if #allowed == 0 then
    return errors.of_status(404)
  end
  local response = errors.of_status(405)
  response.headers = { Allow = table.concat(allowed, ", ") }
  return response
end

local function respond(world, knobs, request, row, id)
  if not row then
    return no_row(id)
  elseif row.bearer
    and not tokens.is_valid(world, request.headers.authorization) then
    local response = errors.of_status(401)
    response.headers = { ["WWW-Authenticate"] = "Bearer" }
    return response
  end
  return row.call(world, knobs, request, id)
end

-- Body text, content type and the number to ask support about: what every
-- answer needs.
local function finish(world, response)
  response.headers = response.headers or {}
  if response.correlated then
    local id = tokens.text(world.random, 20)
    response.body[1].correlationId = id
    response.headers["X-Correlation-Id"] = id
  elseif response.ticketed then
    response.body.ticketId = ("%d%09d"):format(world.now() % 1000000,
      world.dict:incr("tickets", 1, 0))
  end
  if type(response.body) == "table" then
    response.body = world.encode(response.body)
  end
  if response.body ~= "" then
    response.headers["Content-Type"] = response.content_type
      or "application/json"
  end
  return response
end

--- Answers one request.
---@param world table
---@param request table
---@return table response
function M.answer(world, request)
  if request.path:find "^/_emulator/" then
    return finish(world, control.answer(world, request))
  end
  local knobs = control.knobs(world)
  local row, id = find(request)
  local token_endpoint = row ~= nil and row.issues_tokens == true
  local route = log.arrived(world, request, row)
  local fault = faults.choose(world, knobs, request, token_endpoint)
  local response = fault
    and faults.instead(fault, knobs, request, row, world.now())
    or respond(world, knobs, request, row, id)
  if fault then
    response = faults.spoil(knobs, response)
    response.fault = fault.name
  end
  response.delay = knobs.latency
    + (token_endpoint and knobs.token_latency or 0)
  response.hang_up = knobs.close_every > 0
    and world.dict:incr("answers", 1, 0) % knobs.close_every == 0
  log.answered(world, request, response, route)
  return finish(world, response)
end

return M
