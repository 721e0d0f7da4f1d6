--- request_log: the requests that the emulator got, without any secret.
--
-- Law of this file: an entry is built from what is allowed in it, not by
-- removing secrets from a whole request. A value is shown only where its field
-- is known to hold no secret; of a token or an id only the first four
-- characters are shown. The log is a ring of SIZE entries.

local request_body = require "equinix.emulator.request_body"

local M = {}

local SIZE = 1000

-- Fields whose values are useful and no secret.
local SHOWN = {
  grant_type = true,
  password_encoding = true,
  scope = true,
  subject_token_type = true,
  type = true,
  requestedDateTime = true,
}
-- The same of a query: which part of a list, which places.
local SHOWN_IN_QUERY = {
  limit = true, offset = true, page = true, size = true, details = true,
  dryRun = true, ibx = true, ibxs = true, permissionCode = true,
}
-- Fields whose first characters are enough to see which one it was.
local SHORTENED = { client_id = true, user_name = true }

--- The first characters of a token or an id.
---@param text string
---@return string
function M.short(text)
  return text:sub(1, math.min(4, math.floor(#text / 4))) .. "…"
end

-- A text with everything in it shortened that is as long as a token. Before it
-- is cut off: what is left of a token could be too short to be seen as one.
local function redacted_text(text, most)
  return (text:gsub("[A-Za-z0-9_%%]+", function(word)
    return #word >= 24 and M.short(word) or nil
  end):sub(1, most))
end

local function redacted_path(text)
  return redacted_text(text, 200)
end

local function redacted(null, name, value)
  if type(value) == "table" then
    return "[table]"
  elseif SHORTENED[name] then
    return M.short(tostring(value))
  elseif SHOWN[name] then
    return redacted_text(value == null and "null" or tostring(value), 60)
  end
  return "[redacted]"
end

local function fields(world, request)
  local body = request_body.fields(world, request)
  if not body then
    return nil
  end
  local list, count = {}, 0
  for name, value in pairs(body) do
    count = count + 1
    if count <= 20 then
      list[redacted_text(tostring(name), 32)] = redacted(world.null, name,
        value)
    end
  end
  return count > 0 and list or nil
end

-- "Bearer abcd…". Without a known scheme the value may be a token from its
-- first letter on.
local function authorization(value)
  local scheme, rest = (value or ""):match "^([A-Za-z]+) +(.*)$"
  local known = scheme and scheme:lower()
  if known == "bearer" or known == "basic" then
    return scheme .. " " .. M.short(rest)
  end
  return value and "[redacted]"
end

local function query_names(query)
  local names = {}
  for name in pairs(query) do
    names[#names + 1] = redacted_path(tostring(name))
  end
  table.sort(names)
  return #names > 0 and names or nil
end

local function query_values(query)
  local values = {}
  for name, value in pairs(query) do
    if SHOWN_IN_QUERY[name] and #value <= 60 then
      values[name] = redacted_path(value)
    end
  end
  return next(values) and values or nil
end

--- Counts a request when it arrives, so that the counts include requests in
--- flight.
---@param world table
---@param request table
---@param route equinix.emulator.Route|nil
---@return string route_name "POST /oauth2/v1/token"
function M.count(world, request, route)
  local route_name = request.method .. " "
    .. (route and route.path or redacted_path(request.path))
  world.log:incr("route " .. route_name, 1, 0)
  local token = (request.headers.authorization or "")
    :match "^[A-Za-z]+ +(%S+)$"
  if token then
    world.log:incr("use " .. M.short(token), 1, 0)
  end
  if route and route.issues_tokens then
    world.log:incr("token_requests", 1, 0)
  end
  return route_name
end

--- Adds an entry for a request and its response.
function M.add(world, request, response, route_name)
  local n = world.log:incr("entries", 1, 0)
  local class = tostring(response.status):sub(1, 1)
  world.log:incr("status " .. class .. "xx", 1, 0)
  if response.fault then
    world.log:incr("status faults", 1, 0)
  end
  world.log:set("entry " .. n % SIZE, world.encode {
    n = n,
    time = world.now(),
    method = request.method,
    path = redacted_path(request.path),
    route = route_name,
    query = query_names(request.query),
    query_values = query_values(request.query),
    status = response.status,
    fault = response.fault,
    delay = response.delay > 0 and response.delay or nil,
    content_type = redacted_text(request.headers["content-type"] or "", 100),
    authorization = authorization(request.headers.authorization),
    fields = fields(world, request),
    bytes = #request.body,
    connection = request.connection,
    http_version = request.http_version,
  })
end

-- The members of the log whose names begin with a prefix, as {name = count}.
local function counts(world, prefix)
  local found = {}
  for _, key in ipairs(world.log:get_keys(0)) do
    if key:sub(1, #prefix) == prefix then
      found[key:sub(#prefix + 1)] = world.log:get(key)
    end
  end
  return found
end

--- The requests after a number, as JSON, the oldest first. What is between
--- `after` and the first of them is no longer there, or beyond the limit.
---@param world table
---@param after integer
---@param limit? integer of the newest ones
---@return string
---@return integer last the number of the newest request
function M.since(world, after, limit)
  local last = world.log:get "entries" or 0
  local entries = {}
  for n = math.max(after, last - math.min(limit or SIZE, SIZE)) + 1, last do
    -- It is absent while a worker has counted it and not yet stored it.
    entries[#entries + 1] = world.log:get("entry " .. n % SIZE)
  end
  return "[" .. table.concat(entries, ",") .. "]", last
end

--- How many responses had a status of each class ("2xx"), and how many were
--- faults.
---@param world table
---@return table<string, integer>
function M.totals(world)
  local totals = {}
  for _, name in ipairs { "2xx", "3xx", "4xx", "5xx", "faults" } do
    totals[name] = world.log:get("status " .. name) or 0
  end
  return totals
end

--- The log as JSON: requests after a number, last (the number of the newest),
--- routes, tokens, token_requests.
---@param world table
---@param after integer 0: all that are there
---@return string
function M.dump(world, after)
  local entries, last = M.since(world, after)
  return ('{"requests":%s,"last":%d,"routes":%s,"tokens":%s,'
    .. '"token_requests":%d}'):format(entries, last,
      world.encode(counts(world, "route ")),
      world.encode(counts(world, "use ")),
      world.log:get "token_requests" or 0)
end

return M
