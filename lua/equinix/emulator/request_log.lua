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
-- Fields whose first characters are enough to see which one it was.
local SHORTENED = { client_id = true, user_name = true }

--- The first characters of a token or an id.
---@param text string
---@return string
function M.short(text)
  return text:sub(1, math.min(4, math.floor(#text / 4))) .. "…"
end

local function redacted(name, value)
  if type(value) == "table" then
    return "[table]"
  elseif SHORTENED[name] then
    return M.short(tostring(value))
  elseif SHOWN[name] then
    return tostring(value):sub(1, 60)
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
      list[tostring(name):sub(1, 32)] = redacted(name, value)
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

-- A path, with everything in it shortened that is as long as a token.
local function redacted_path(text)
  return (text:sub(1, 200):gsub("[A-Za-z0-9_%-]+", function(word)
    return #word >= 24 and not word:find "%-" and M.short(word) or nil
  end))
end

local function query_names(query)
  local names = {}
  for name in pairs(query) do
    names[#names + 1] = redacted_path(tostring(name))
  end
  table.sort(names)
  return #names > 0 and names or nil
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
  world.log:set("entry " .. n % SIZE, world.encode {
    n = n,
    time = world.now(),
    method = request.method,
    path = redacted_path(request.path),
    route = route_name,
    query = query_names(request.query),
    status = response.status,
    fault = response.fault,
    content_type = (request.headers["content-type"] or ""):sub(1, 100),
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

--- The whole log as JSON: requests (oldest first), routes, tokens,
--- token_requests.
---@param world table
---@return string
function M.dump(world)
  local last = world.log:get "entries" or 0
  local entries = {}
  for n = math.max(1, last - SIZE + 1), last do
    -- It is absent while a worker has counted it and not yet stored it.
    entries[#entries + 1] = world.log:get("entry " .. n % SIZE)
  end
  return ('{"requests":[%s],"routes":%s,"tokens":%s,"token_requests":%d}')
    :format(table.concat(entries, ","), world.encode(counts(world, "route ")),
      world.encode(counts(world, "use ")),
      world.log:get "token_requests" or 0)
end

return M
