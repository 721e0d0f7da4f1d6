--- router: the local Equinix as pure logic: request in, response out.
--
-- Law of this file: no I/O, no clock and no randomness of its own. All of that
-- is in the `world` that the caller passes:
--   dict, log   dictionaries with get, set, add, incr, delete, get_keys and
--               flush_all, as ngx.shared has them; shared by all workers
--   now()       Unix time         random(n)  n random bytes
--   encode, decode                 JSON (decode: nil when it is not JSON)
--   null        what decode makes of a null
--   md5, base64                    of a string; md5 as 16 bytes
--   accounts    client_id, client_secret, user_name, user_password
--   start       the values of knobs that reset returns to
--
-- Request: method, path, query (table), headers (names in lower case), body,
-- base_url, connection, http_version. Response: status, headers, body (text,
-- or a table that becomes JSON), content_type, delay, slow, cut.

local admin = require "equinix.emulator.admin"
local api = require "equinix.emulator.api"
local errors = require "equinix.emulator.errors"
local faults = require "equinix.emulator.faults"
local knob_values = require "equinix.emulator.knob_values"
local oauth = require "equinix.emulator.oauth"
local request_log = require "equinix.emulator.request_log"
local tokens = require "equinix.emulator.tokens"

local M = {}

---@class equinix.emulator.Route
---@field method string
---@field path string {id} stands for one segment
---@field call fun(world, knobs, request, id): table
---@field bearer? boolean a valid token is needed
---@field issues_tokens? boolean a token endpoint
---@field error_response? equinix.emulator.ErrorResponse the errors of its API;
---  default: those of Fabric

local routes = {}
for _, list in ipairs { oauth.routes, api.routes } do
  for _, route in ipairs(list) do
    route.pattern = "^" .. route.path:gsub("%-", "%%-")
      :gsub("{id}", "([^/]+)") .. "$"
    routes[#routes + 1] = route
  end
end

-- The route of a request and its id; else nil and the methods that the path
-- has. A route without {id} goes first: orders/shipments is not an order.
local function find(request)
  local found, id
  local allowed = {}
  local method = request.method == "HEAD" and "GET" or request.method
  for _, route in ipairs(routes) do
    local match = request.path:match(route.pattern)
    if match and route.method ~= method then
      allowed[#allowed + 1] = route.method
    elseif match and (not found or route.path == match) then
      found, id = route, match
    end
  end
  return found, found and id or allowed
end

local function not_found(allowed)
  if #allowed == 0 then
    return errors.of_status(404)
  end
  local response = errors.of_status(405)
  response.headers = { Allow = table.concat(allowed, ", ") }
  return response
end

local function call(world, knobs, request, route, id)
  if not route then
    return not_found(id)
  elseif route.bearer
    and not tokens.is_valid(world, request.headers.authorization) then
    local response = errors.of_status(401)
    response.headers = { ["WWW-Authenticate"] = "Bearer" }
    return response
  end
  return route.call(world, knobs, request, id)
end

-- What every response needs: a body as text, its type, and the id to name to
-- support where its API has one.
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

--- The response to a request.
---@param world table
---@param request table
---@return table response
function M.respond(world, request)
  if request.path:find "^/_emulator/" or request.path == "/_emulator" then
    return finish(world, admin.respond(world, request))
  end
  local knobs, counts = knob_values.all(world)
  local route, id = find(request)
  local token_endpoint = route ~= nil and route.issues_tokens == true
  local route_name = request_log.count(world, request, route)
  local fault = faults.choose(world, knobs, counts, request,
    token_endpoint)
  local response = fault
    and faults.instead(fault, knobs, request, route, world.now())
    or call(world, knobs, request, route, id)
  if fault then
    response = faults.spoil(knobs, response)
    response.fault = fault.name
  end
  response.route = route_name
  response.delay = knobs.latency
    + (token_endpoint and knobs.token_latency or 0)
  response.hang_up = knobs.close_every > 0
    and world.dict:incr("responses", 1, 0) % knobs.close_every == 0
  request_log.add(world, request, response, route_name)
  return finish(world, response)
end

return M
