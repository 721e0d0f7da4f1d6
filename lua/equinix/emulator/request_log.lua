--- request_log: what was asked of the emulator, without any secret.
--
-- Law of this file: an entry is built from what is allowed in it, never by
-- taking secrets out of the whole. A value is shown only where its field is
-- known to hold no secret; of a token or an id four characters are left. The
-- log is a ring, so it never grows beyond SIZE entries.

local form = require "equinix.emulator.form"

local M = {}

local SIZE = 1000

-- Fields whose values tell something and are no secret.
local SHOWN = {
  grant_type = true,
  password_encoding = true,
  scope = true,
  subject_token_type = true,
  type = true,
  requestedDateTime = true,
}
-- Fields of which the beginning tells which one it was.
local SHORTENED = { client_id = true, user_name = true }

--- The beginning of a token or an id.
---@param text string
---@return string
function M.short(text)
  return text:sub(1, math.min(4, math.floor(#text / 4))) .. "…"
end

local function shown(name, value)
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
  local kind = request.headers["content-type"] or ""
  local body
  if kind:find "x%-www%-form%-urlencoded" then
    body = form.decode(request.body)
  else
    body = world.decode(request.body)
  end
  if type(body) ~= "table" then
    return nil
  end
  local list, count = {}, 0
  for name, value in pairs(body) do
    count = count + 1
    if count <= 20 then
      list[tostring(name):sub(1, 32)] = shown(name, value)
    end
  end
  return count > 0 and list or nil
end

-- "Bearer abcd…". What has no scheme we know may be a token from its first
-- letter on.
local function authorization(value)
  local scheme, rest = (value or ""):match "^(%a+) +(.*)$"
  local known = scheme and scheme:lower()
  if known == "bearer" or known == "basic" then
    return scheme .. " " .. M.short(rest)
  end
  return value and "[redacted]"
end

-- A path is shown, but nothing in it that is as long as a token.
local function path_of(text)
  return (text:sub(1, 200):gsub("[%w_%-]+", function(word)
    return #word >= 24 and not word:find "%-" and M.short(word) or nil
  end))
end

local function query_names(query)
  local names = {}
  for name in pairs(query) do
    names[#names + 1] = path_of(tostring(name))
  end
  table.sort(names)
  return #names > 0 and names or nil
end

--- Counts a request at its arrival, so that one that is still waiting for
--- its answer is in the counts.
---@param world table
---@param request table
---@param row equinix.emulator.Row|nil
---@return string route "POST /oauth2/v1/token"
function M.arrived(world, request, row)
  local route = request.method .. " "
    .. (row and row.path or path_of(request.path))
  world.log:incr("route " .. route, 1, 0)
  local token = (request.headers.authorization or ""):match "^%a+ +(%S+)$"
  if token then
    world.log:incr("use " .. M.short(token), 1, 0)
  end
  if row and row.issues_tokens then
    world.log:incr("token_requests", 1, 0)
  end
  return route
end

--- Keeps an entry for a request and the answer decided on.
function M.answered(world, request, response, route)
  local n = world.log:incr("entries", 1, 0)
  world.log:set("entry " .. n % SIZE, world.encode {
    n = n,
    time = world.now(),
    method = request.method,
    path = path_of(request.path),
    route = route,
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
    -- Absent while its writer is between counting and keeping it.
    entries[#entries + 1] = world.log:get("entry " .. n % SIZE)
  end
  return ('{"requests":[%s],"routes":%s,"tokens":%s,"token_requests":%d}')
    :format(table.concat(entries, ","), world.encode(counts(world, "route ")),
      world.encode(counts(world, "use ")),
      world.log:get "token_requests" or 0)
end

return M
